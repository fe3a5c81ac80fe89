import { join } from "@std/path";
import type { ListenerName, WebOptions } from "./command_line.ts";

/** The commands that a user may type next, once the server listens. */
export function banner(
  plan: { users: string; data: string; web: Pick<WebOptions, "tls"> },
  listeners: readonly { name: ListenerName; port: number }[],
  names: readonly string[],
): string {
  const client = Deno.build.standalone ? "partyline-client" : "deno task client";
  const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
  const portOf = (name: ListenerName) => listeners.find((listener) => listener.name === name)?.port;
  const line = (name: ListenerName, label: string, mode: string, rest = "") =>
    portOf(name) === undefined ? "" : `${label.padEnd(31)}${client} ${mode} 127.0.0.1 ${portOf(name)}${rest}\n`;
  const page = portOf("web");
  // A given certificate is one that clients trust already, or that the operator can pass to them.
  const certificate = typeof plan.web.tls === "object" ? " --tls" : ` --tls-cert ${join(plan.data, "tls-cert.pem")}`;
  const scheme = plan.web.tls === undefined ? "http" : "https";
  const others = [
    line("address-book", "Between peers:", "peer", " --name alice"),
    line("lobby", "As a guest, also with nc:", "lobby"),
    line("mailbox", "As in the mailbox handout:", "mailbox"),
    line("tls", "Over TLS:", "chat", certificate),
    page === undefined ? "" : `In a browser:                  ${scheme}://127.0.0.1:${page}/\n`,
    page === undefined ? "" : `To monitor this server:        ${scheme}://127.0.0.1:${page}/server\n`,
  ];
  return `
${names.length} accounts in ${plan.users}: ${some}
To join, in another terminal:  ${client} chat 127.0.0.1 ${portOf("im")}
As in the IM handout:          ${client} 127.0.0.1 ${portOf("im")}
${others.join("")}To see the protocol: --trace. To stop: Ctrl-C, or E and Enter.

`;
}
