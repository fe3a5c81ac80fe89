import type { Limits } from "../core/limits.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import type { Certificate } from "../core/transport.ts";
import { WebServer } from "../http/server.ts";
import { StaticFiles } from "../http/static_files.ts";
import { clock } from "../net/clock.ts";
import { ownNames } from "../net/own_addresses.ts";
import { COOKIE_DAYS, LoginCookies } from "../store/login_cookies.ts";
import { readSecret } from "../store/private_file.ts";
import { readWebFiles } from "../store/web_files.ts";
import type { WebOptions } from "./command_line.ts";
import type { Monitor } from "./monitor.ts";
import type { SessionRunner } from "./runner.ts";
import { ServerSite } from "./web_site.ts";

/** Reads what the web listener needs, and returns a function that opens it. */
export function readWeb(
  { web, data, limits }: { readonly web: WebOptions; readonly data: string; readonly limits: Limits },
  runner: SessionRunner,
  monitor: Monitor,
  certificate: Certificate | undefined,
): (port: number) => WebServer {
  const site = new ServerSite({
    runner,
    places: new ConnectionLimiter(limits),
    limits,
    files: new StaticFiles(readWebFiles()),
    loginCookies: new LoginCookies(data, (name) => runner.hub.secretOf(name), clock),
    cookieDays: COOKIE_DAYS,
    monitor,
    watchPassword: readSecret(web.watchPasswordFile),
    secure: certificate !== undefined,
  });
  return (port) => new WebServer({ hostname: web.host, port }, site, [...ownNames(), ...web.names], certificate);
}
