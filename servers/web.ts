import { log } from "../lib/base/log.ts";
import type { Limits } from "../lib/base/limits.ts";
import type { WebOptions } from "../lib/face/server_line.ts";
import { clock } from "../lib/net/clock.ts";
import { ownAddresses, ownNames } from "../lib/net/own_names.ts";
import { Places } from "../lib/net/places.ts";
import type { Switchboard } from "../lib/net/switchboard.ts";
import type { Overlook } from "../lib/net/web/overlook.ts";
import { ServerSite } from "../lib/net/web/server_site.ts";
import { WebServer } from "../lib/net/web/web_server.ts";
import { fingerprint, type KeyedCertificate, ownCertificate, readCertificate } from "../lib/store/certificate.ts";
import { readPageFiles } from "../lib/store/page_files.ts";
import { PASS_DAYS, Passes } from "../lib/store/passes.ts";
import { readSecret } from "../lib/store/secret_file.ts";

/** What the page's door is opened with. */
export interface WebPlan {
  readonly host: string;
  /** As it is for `host`, where nothing else is said. */
  readonly web?: WebOptions | undefined;
  readonly data: string;
  readonly limits: Limits;
}

/** Opens the door for browsers; throws when it cannot be opened, or what it needs cannot be read. */
export function openWeb(plan: WebPlan, port: number, board: Switchboard, overlook: Overlook): WebServer {
  const { host, names: given, watchPasswordFile, tls } = plan.web ??
    { host: plan.host, names: [], watchPasswordFile: undefined, tls: undefined };
  const names = [...ownNames(), ...given];
  const certificate = certificateFor(tls, plan.data, names);
  if (tls === "own") log.info(`web: the SHA-256 fingerprint of its certificate is ${fingerprint(certificate!.cert)}`);
  const site = new ServerSite({
    board,
    places: new Places(plan.limits),
    limits: plan.limits,
    files: readPageFiles(),
    passes: new Passes(plan.data, (name) => board.hub.secretOf(name), clock),
    passDays: PASS_DAYS,
    overlook,
    watchPassword: readSecret(watchPasswordFile),
    secure: certificate !== undefined,
  });
  return new WebServer({ hostname: host, port }, site, names, certificate);
}

/** What makes connections TLS, where they are to be. */
export function certificateFor(
  tls: WebOptions["tls"],
  data: string,
  names: readonly string[],
): KeyedCertificate | undefined {
  if (tls === undefined) return undefined;
  return tls === "own" ? ownCertificate(data, [...names, ...ownAddresses()], clock()) : readCertificate(tls);
}
