import { delay } from "@std/async/delay";
import { encodeBase64 } from "../../lib/core/bytes.ts";
import { encodeText } from "../../lib/core/text.ts";
import { encodePacket } from "../../lib/protocols/datagram/packet.ts";
import { offerText } from "../../lib/protocols/transfer/offer.ts";
import { freshId } from "../../lib/web/storage.ts";
import { Browser, type Chat } from "./browser.ts";

/** The ports of the server under attack, by listener. */
export type Ports = Readonly<Record<"im" | "book" | "lobby" | "rooms" | "mailbox" | "mychat" | "web" | "tls", number>>;

/** One attack: goes on until the signal. */
export type Attack = (ports: Ports, stop: AbortSignal) => Promise<void>;

const HELD = 150;
const hostname = "127.0.0.1";

/** Keeps so many connections to a port, each begun with some bytes, and opens another for each that ends. */
function holding(port: (ports: Ports) => number, begin: string | Uint8Array): Attack {
  return async (ports, stop) => {
    await crowd(HELD, stop, async () => {
      using conn = await Deno.connect({ hostname, port: port(ports) });
      if (begin.length > 0) await conn.write(typeof begin === "string" ? encodeText(begin) : begin);
      await drained(conn, stop);
    });
  };
}

/** Sends a text again and again on a few connections to a port. */
function flooding(port: (ports: Ports) => number, text: (n: number) => string | Uint8Array): Attack {
  return async (ports, stop) => {
    let n = 0;
    await crowd(8, stop, async () => {
      using conn = await Deno.connect({ hostname, port: port(ports) });
      const reading = drained(conn, stop);
      for (let i = 0; i < 2000 && !stop.aborted; i++) {
        const next = text(n++);
        await conn.write(typeof next === "string" ? encodeText(next) : next);
        await delay(2);
      }
      conn.closeWrite().catch(() => {});
      await Promise.race([reading, delay(1000)]);
    });
  };
}

/** Sends datagrams to a port, 500 a second. */
function datagrams(port: (ports: Ports) => number, datagram: (n: number) => Uint8Array): Attack {
  return async (ports, stop) => {
    const sockets = Array.from({ length: 16 }, () => Deno.listenDatagram({ transport: "udp", hostname, port: 0 }));
    try {
      for (let n = 0; !stop.aborted; n++) {
        const to = { transport: "udp", hostname, port: port(ports) } as const;
        await sockets[n % sockets.length]!.send(datagram(n), to).catch(() => {});
        if (n % 10 === 9) await delay(20);
      }
    } finally {
      for (const socket of sockets) socket.close();
    }
  };
}

/** Sends datagrams to a port, 500 a second, each from an address where no program is any more when the answer comes. */
function orphanDatagrams(port: (ports: Ports) => number, bytes: Uint8Array): Attack {
  return async (ports, stop) => {
    for (let n = 0; !stop.aborted; n++) {
      // All of 127.0.0.0/8 is this machine on Linux.
      const from = Deno.build.os === "linux" ? `127.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255 || 1}` : hostname;
      const socket = Deno.listenDatagram({ transport: "udp", hostname: from, port: 0 });
      await socket.send(bytes, { transport: "udp", hostname, port: port(ports) }).catch(() => {});
      socket.close();
      if (n % 10 === 9) await delay(20);
    }
  };
}

/** A TLS handshake of 512 bytes, of which a few come. */
const HANDSHAKE = Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3);

/** Names that pass for others, are reserved, control a terminal, or lead out of a folder. */
const NAMES = [
  "eve",
  "ALICE",
  "<eve>",
  "p\u0430ypal",
  "lobby",
  "a\u202etxt.exe",
  "\x1b[2J",
  "../../secret",
  "CON",
  "x".repeat(300),
];
const nameOf = (n: number) => NAMES[n % NAMES.length]!;

/** By what the report calls them. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "silent connections": together(
    ["im", "book", "lobby", "rooms", "web", "tls"].map((name) => holding((ports) => ports[name as keyof Ports], "")),
  ),
  "half-sent requests": holding(({ web }) => web, "GET / HTTP/1.1\r\nhost: x\r\nx: "),
  "half a TLS handshake": holding(({ tls }) => tls, HANDSHAKE),
  "guessed passwords": flooding(({ im }) => im, (n) => `/login ${n % 2 === 0 ? "eve" : `user${n}`} guess${n}\n`),
  "unknown commands": flooding(({ im }) => im, (n) => `/what ${n} ${"x".repeat(500)}\n`),
  "lines without an end": flooding(({ im }) => im, () => "x".repeat(4000)),
  "a flood in the lobby": flooding(({ lobby }) => lobby, (n) => `spam ${n}\n`),
  "no HTTP requests": flooding(({ web }) => web, () => crypto.getRandomValues(new Uint8Array(300))),
  "random bytes to rooms and address book": together([
    flooding(({ rooms }) => rooms, () => crypto.getRandomValues(new Uint8Array(300))),
    flooding(({ book }) => book, () => crypto.getRandomValues(new Uint8Array(30))),
  ]),
  "random datagrams": together([
    datagrams(({ mailbox }) => mailbox, (n) => crypto.getRandomValues(new Uint8Array(10 + n % 300))),
    datagrams(
      ({ mailbox }) => mailbox,
      (n) => Uint8Array.of(0x50, n % 16, ...crypto.getRandomValues(new Uint8Array(60))),
    ),
  ]),
  "names at mychat": datagrams(
    ({ mychat }) => mychat,
    (n) => encodeText(`{"key": "CONNECT", "isConnected": false, "username": "n${n % 3000}", "isStach": false}`),
  ),
  "datagrams of senders that are gone": together([
    orphanDatagrams(({ mailbox }) => mailbox, encodePacket({ kind: "hello", id: 0n })),
    orphanDatagrams(
      ({ mychat }) => mychat,
      encodeText('{"key": "CONNECT", "isConnected": false, "username": "gone", "isStach": false}'),
    ),
  ]),
  "refused registrations": flooding(({ im }) => im, (n) => `/register ${nameOf(n)} 12345\n`),
  "guessed passwords of the server's page": guessAtPage,
  "lobby guests that do not read": together([
    flooding(({ lobby }) => lobby, (n) => `${n} ${"x".repeat(900)}\n`),
    (ports, stop) =>
      crowd(8, stop, async () => {
        using _deaf = await Deno.connect({ hostname, port: ports.lobby });
        await delay(5000, { signal: stop });
      }),
  ]),
  "idle and endless WebSockets": webSockets,
  "offers and rooms of hostile names": offers,
  "clients that never confirm": wild,
};

/** Asks for the server's page with one password after the other. */
async function guessAtPage({ web }: Ports, stop: AbortSignal): Promise<void> {
  let n = 0;
  await crowd(8, stop, async () => {
    const headers = { authorization: `Basic ${btoa(`operator:guess${n++}`)}` };
    const response = await fetch(`http://${hostname}:${web}/server`, { headers, signal: stop });
    await response.body?.cancel();
  });
}

/** WebSockets of a real account: some stay silent, some send a message in fragments that never ends, some break the rules. */
async function webSockets({ web }: Ports, stop: AbortSignal): Promise<void> {
  const browser = new Browser(web);
  const piece = (opcode: number) =>
    Uint8Array.of(opcode, 0x80 + 126, 60_000 >> 8, 60_000 & 255, ...new Uint8Array(4 + 60_000));
  const on = (count: number, attack: (chat: Chat) => Promise<unknown>) =>
    crowd(count, stop, async () => {
      if (browser.key === undefined) return await delay(100);
      const chat = await browser.chat();
      const end = () => {
        try {
          chat.conn.close();
        } catch { /* it is closed */ }
      };
      if (stop.aborted) end();
      stop.addEventListener("abort", end);
      await attack(chat).catch(() => {});
      await chat.over;
      stop.removeEventListener("abort", end);
    });
  await Promise.all([
    crowd(1, stop, async () => {
      if (browser.key === undefined) await browser.post("/login", { name: "frank", password: "12345" });
      await delay(500);
    }),
    on(40, () => Promise.resolve()),
    on(4, async (chat) => {
      await chat.conn.write(piece(1));
      while (!stop.aborted) await chat.conn.write(piece(0));
    }),
    on(2, (chat) => chat.conn.write(crypto.getRandomValues(new Uint8Array(300)))),
  ]);
}

/** A session of a real account that offers files with hostile names to everybody, and makes rooms, without a pause. */
async function offers(ports: Ports, stop: AbortSignal): Promise<void> {
  const digest = encodeBase64(new Uint8Array(32));
  const names = ["alice", "bob", "carol", "dave"];
  await crowd(1, stop, async () => {
    using listener = Deno.listen({ hostname, port: 0 });
    using conn = await Deno.connect({ hostname, port: ports.im });
    listener.accept().then((back) => drained(back, stop)).catch(() => {});
    const reading = drained(conn, stop);
    const say = (message: unknown) => conn.write(encodeText(`${JSON.stringify(message)}\n`));
    await conn.write(encodeText(`/login grace 12345\n/port ${listener.addr.port}\n/partyline 2\n`));
    await say({ type: "resume", client: freshId(), answered: 0 });
    for (let n = 1; n < 2000 && !stop.aborted; n++) {
      const text = offerText({ id: freshId(), name: nameOf(n), bytes: n, files: n % 2 ? undefined : n, digest });
      await say({ type: "say", number: n, to: names[n % names.length], text });
      await say({ type: "join", ref: n, room: `${nameOf(n)}${n}` });
      await delay(5);
    }
    conn.closeWrite().catch(() => {});
    await Promise.race([reading, delay(1000)]);
  });
}

/** IM clients of a real account that link an Lb, confirm nothing, and go in every way. */
async function wild(ports: Ports, stop: AbortSignal): Promise<void> {
  await crowd(4, stop, async () => {
    using listener = Deno.listen({ hostname, port: 0 });
    using conn = await Deno.connect({ hostname, port: ports.im });
    const accepted = listener.accept().catch(() => undefined);
    await conn.write(
      encodeText(`/login eve 12345\n/port ${listener.addr.port}\n/list\n/toall hello\n/list x\n/to eve `),
    );
    await Promise.race([drained(conn, stop), delay(300 + Math.random() * 700)]);
    listener.close();
    (await accepted)?.close();
  }).catch(() => {});
}

function together(attacks: readonly Attack[]): Attack {
  return async (ports, stop) => void await Promise.all(attacks.map((attack) => attack(ports, stop)));
}

/** Runs so many at once, and each again when it ends, whatever becomes of it. */
async function crowd(count: number, stop: AbortSignal, one: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => {
    while (!stop.aborted) {
      await one().catch(() => {});
      await delay(20);
    }
  }));
}

/** Reads until the end or the signal. */
async function drained(conn: Deno.TcpConn, stop: AbortSignal): Promise<void> {
  const buffer = new Uint8Array(4096);
  const end = () => {
    try {
      conn.close();
    } catch { /* it is closed */ }
  };
  // The signal may have come while the connection was made.
  if (stop.aborted) return end();
  stop.addEventListener("abort", end);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    /* it is closed */
  } finally {
    stop.removeEventListener("abort", end);
  }
}
