import { dirname, resolve } from "@std/path";
import { codePaths, type NeededPaths } from "../store/file_permissions.ts";
import type { ServerPlan } from "./command_line.ts";

/** The files and folders that a server reads and writes until it stops. */
export function neededPaths(plan: Extract<ServerPlan, { type: "serve" }>): NeededPaths {
  const { web, exchange, traceFile } = plan;
  const written = [plan.data, ...(traceFile === undefined ? [] : [traceFile])];
  // A changed users file replaces the former one, which takes a second file beside it.
  const users = plan.registration || plan.usersNamed ? [dirname(resolve(plan.users))] : [];
  const tls = typeof web.tls === "object" ? [web.tls.cert, web.tls.key] : [];
  const place = exchange?.place;
  const secrets = [
    web.watchPasswordFile,
    ...place?.type === "nats" ? [place.loginFile, place.authorityFile] : [place?.secretFile],
  ].filter((path) => path !== undefined);
  return {
    read: [...written, ...users, plan.users, ...tls, ...secrets, ...codePaths(), "/dev/null"],
    write: [...written, ...users],
  };
}
