import { join } from "@std/path";
import { renderUnicodeCompact } from "uqr";
import { type Address, isLoopback, isWildcard, reachableHost } from "../core/address.ts";
import {
  type JoinFacts,
  LISTENER_ROWS,
  type ListenerName,
  LISTENERS,
  pageAddress,
} from "../protocols/listener_table.ts";
import type { WebOptions } from "./command_line.ts";

/** The facts in the banner of a server that has started. */
export interface BannerFacts {
  readonly users: string;
  readonly data: string;
  readonly registration: boolean;
  readonly web: Pick<WebOptions, "tls" | "watchPasswordFile">;
  readonly listeners: readonly (Address & { readonly name: ListenerName })[];
  /** The names of the accounts; undefined where no users file was read. */
  readonly names: readonly string[] | undefined;
  /** This machine's addresses for others, the best one first. */
  readonly hosts: readonly string[];
  /** The width of the terminal. */
  readonly columns: number;
}

/** The commands that a user may type next, once the server listens: each with an address that answers. */
export function banner(facts: BannerFacts): string {
  const client = Deno.build.standalone ? "partyline-client" : "deno task client";
  const { web, data, listeners, hosts, columns } = facts;
  // A given certificate is one that clients trust already, or that the operator can pass to them.
  const certificate = typeof web.tls === "object" ? undefined : join(data, "tls-cert.pem");
  const scheme = web.tls === undefined ? "http" : "https";
  const at = ({ hostname, port }: Address): JoinFacts => ({
    ...{ client, scheme, certificate, port },
    host: reachableHost(hostname, hosts),
  });
  // client chat finds the TLS listener by the IM listener.
  const shown = listeners.some(({ name }) => name === "im")
    ? listeners.filter(({ name }) => name !== "tls")
    : listeners;
  const lines: [label: string, how: string][] = shown.flatMap((listener) =>
    LISTENERS[listener.name].ways.map(({ label, command }): [string, string] => [label, command(at(listener))])
  );
  const page = listeners.find(({ name }) => name === "web");
  const monitor = page && monitorHost(page.hostname, web.watchPasswordFile !== undefined);
  if (monitor) lines.push(["For the operator", `${pageAddress(scheme, monitor, page.port)}server`]);
  const left = Math.max(...lines.map(([label]) => label.length)) + 3;
  const line = ([label, how]: [label: string, how: string]) => {
    const isLong = columns > 0 && left + how.length > columns;
    return isLong ? `${label}:\n  ${how}\n` : `${`${label}:`.padEnd(left)}${how}\n`;
  };
  return `
${accountsText(facts)}${lines.map(line).join("")}\
${pageCode(facts)}To see the protocol: --trace. To stop: Ctrl-C, or E and Enter.

`;
}

/** Columns that the code of an address has at most, with a margin. */
const CODE_COLUMNS = 60;

/** The page's address as a QR code, for phones; nothing where no other machine reaches the page, or the terminal is narrow. */
function pageCode({ listeners, web, hosts, columns }: BannerFacts): string {
  const page = listeners.find(({ name }) => name === "web");
  if (!page || columns < CODE_COLUMNS) return "";
  const host = reachableHost(page.hostname, hosts);
  if (isLoopback(host) || isWildcard(host)) return "";
  const address = pageAddress(web.tls === undefined ? "http" : "https", host, page.port);
  return `\nThe page, for a phone: ${address}\n${renderUnicodeCompact(address, { border: 2 })}\n\n`;
}

/** The accounts or, if there are none, the listeners that need some, and how to create them. */
export function accountsText(
  { users, registration, listeners, names }: Omit<BannerFacts, "data" | "web" | "hosts" | "columns">,
): string {
  if (names === undefined) return "";
  if (names.length > 0) {
    const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
    return `${names.length} ${names.length === 1 ? "account" : "accounts"} in ${users}: ${some}\n`;
  }
  const open = new Set(listeners.map(({ name }) => name));
  const needy = LISTENER_ROWS.filter(({ name, accounts }) => accounts === "required" && open.has(name));
  if (needy.length === 0) return "";
  const again = Deno.build.os === "windows" ? "start the server again" : "send SIGHUP or start again";
  const register = registration
    ? "or register on the page, or with /register NAME in client chat"
    : "or start with --registration, so that users create their own";
  return `These listeners need accounts, and there are none yet: ${needy.map(({ name }) => name).join(", ")}.
To make some: write one user per line, "name password", into ${users},
and ${again}; ${register}.
`;
}

/** Where the page for the operator answers: at this machine, or anywhere if it has a password. */
function monitorHost(hostname: string, hasPassword: boolean): string | undefined {
  if (isWildcard(hostname)) return hostname === "::" ? "::1" : "127.0.0.1";
  return isLoopback(hostname) || hasPassword ? hostname : undefined;
}
