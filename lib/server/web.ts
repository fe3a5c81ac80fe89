import type { Limits } from "../core/limits.ts";
import type { WebOptions } from "./command_line.ts";
import type { Certificate } from "../net/certificate.ts";
import { clock } from "../net/clock.ts";
import { ownNames } from "../net/own_addresses.ts";
import { Places } from "../core/connection_limits.ts";
import type { Switchboard } from "./runner.ts";
import type { Overlook } from "./monitor.ts";
import { ServerSite } from "./web_site.ts";
import { WebServer } from "../http/server.ts";
import { readPageFiles } from "../store/web_files.ts";
import { PASS_DAYS, Passes } from "../store/login_cookies.ts";
import { readSecret } from "../store/secret_file.ts";

/** Reads what the page's door needs; what opens it then. */
export function readWeb(
  { web, data, limits }: { readonly web: WebOptions; readonly data: string; readonly limits: Limits },
  board: Switchboard,
  overlook: Overlook,
  certificate: Certificate | undefined,
): (port: number) => WebServer {
  const site = new ServerSite({
    board,
    places: new Places(limits),
    limits,
    files: readPageFiles(),
    passes: new Passes(data, (name) => board.hub.secretOf(name), clock),
    passDays: PASS_DAYS,
    overlook,
    watchPassword: readSecret(web.watchPasswordFile),
    secure: certificate !== undefined,
  });
  return (port) => new WebServer({ hostname: web.host, port }, site, [...ownNames(), ...web.names], certificate);
}
