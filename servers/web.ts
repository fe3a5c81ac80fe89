import type { Limits } from "../lib/base/limits.ts";
import type { WebOptions } from "../lib/face/server_line.ts";
import type { Certificate } from "../lib/net/certificate.ts";
import { clock } from "../lib/net/clock.ts";
import { ownNames } from "../lib/net/own_names.ts";
import { Places } from "../lib/net/places.ts";
import type { Switchboard } from "../lib/net/switchboard.ts";
import type { Overlook } from "../lib/net/web/overlook.ts";
import { ServerSite } from "../lib/net/web/server_site.ts";
import { WebServer } from "../lib/net/web/web_server.ts";
import { readPageFiles } from "../lib/store/page_files.ts";
import { PASS_DAYS, Passes } from "../lib/store/passes.ts";
import { readSecret } from "../lib/store/secret_file.ts";

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
