import { join } from "@std/path";
import { joinIrc } from "../irc_load.ts";
import { installed, start } from "../process.ts";
import type { PeerKind } from "./peer.ts";

// Debian's path, which is not in an ordinary user's PATH.
const programs = ["ngircd", "/usr/sbin/ngircd"];

async function program(): Promise<string | undefined> {
  for (const name of programs) if (await installed(name)) return name;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const configuration = (port: number) => `
[Global]
Name = bench.localhost
Info = bench
Listen = 127.0.0.1
Ports = ${port}
MotdPhrase = "hello"
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 20
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
`;

/** ngIRCd, an IRC server for small networks; without receipts it does half the work a message. */
export const ngircd: PeerKind = {
  name: "ngircd",
  missing: async () => await program() ? undefined : "ngircd is not installed",
  join: joinIrc,
  async start(folder) {
    const port = freePort();
    const file = join(folder, "ngircd.conf");
    await Deno.writeTextFile(file, configuration(port));
    const running = await start((await program())!, ["--nodaemon", "--config", file], folder, /Server .* ready/);
    return { running, port };
  },
};
