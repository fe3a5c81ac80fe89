import { Random } from "./random.ts";

/**
 * Forwards datagrams between the last sender to its first port and the fixed address behind its second, delayed, some
 * dropped; at the end of its input it prints the counts.
 */
const [seed, delayMs, loss, near, far, port] = Deno.args.map(Number) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const friend: Deno.NetAddr = { transport: "udp", hostname: Deno.args[6]!, port };
const random = new Random(seed);
const [inner, outer] = [open(near), open(far)];
let asker: Deno.Addr | undefined;
let [carried, lost] = [0, 0];

carry(inner, outer, (from) => (asker = from, friend));
carry(outer, inner, () => asker);
say("listening");
for await (const _ of Deno.stdin.readable);
say(`carried ${carried}, lost ${lost}`);
Deno.exit(0);

function open(port: number): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
}

async function carry(
  from: Deno.DatagramConn,
  to: Deno.DatagramConn,
  where: (from: Deno.Addr) => Deno.Addr | undefined,
) {
  for (;;) {
    // Throws while the other port is closed.
    const [datagram, sender] = await from.receive().catch(() => []);
    const address = sender && where(sender);
    if (!datagram || !address) continue;
    if (random.chance(loss)) lost++;
    else {
      carried++;
      setTimeout(() => to.send(datagram, address).catch(() => {}), delayMs);
    }
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
