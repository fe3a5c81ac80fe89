import { type Address, unwrapped } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { connect } from "../net/dial.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { Connection } from "../net/tcp.ts";
import type { LoopWatch } from "./loop_watch.ts";
import { MessageWire } from "./message_wire.ts";
import type { Network } from "./network.ts";
import type { Passage } from "./passage.ts";
import { isClose } from "./packet_text.ts";
import type { Play } from "./play.ts";
import type { PlayOutput } from "./play_output.ts";
import type { Program } from "./program.ts";
import type { LinkName } from "./step.ts";
import type { Target } from "./target.ts";

/** A server that runs on has this long to close its side of a connection that is over. */
const CONNECTION = { outboxBytes: 64 * 1024 * 1024, separateWrites: true, lingerMs: 1000 };
const LINE_END = new Uint8Array([10]);
const DIAL_AGAIN_MS = 40;
const CONNECT_MS = 5000;

type Closing = Omit<PlayOutput & { readonly type: "close" }, "type" | "link">;

interface Wire {
  /** The network does nothing to what is sent on it: a script about a transport makes the losses itself, or the wire passes them on. */
  readonly isSpared?: boolean;
  send(bytes: Uint8Array): void;
  /** A promise where a port is given back: it is free then. */
  close(closing: Closing): Promise<void> | void;
  /** Gives back what it holds. */
  release(): Promise<void> | void;
}

/** The user of the sockets of a play. */
export interface SocketsOwner {
  /** Something has happened; what happens after the end of the play is dropped. */
  event(tell: (play: Play, now: number) => void): void;
  /** The program at the other end of a link has shown that it runs. */
  shows(link: LinkName): void;
  isOver(): boolean;
}

/** What the sockets of a play stand between. */
export interface SocketsPlace {
  readonly target: Target;
  readonly isServer: boolean;
  readonly network: Network;
  readonly passage: Passage;
  readonly loop: LoopWatch;
}

/** The connections and sockets of one play, and the keyboards of its programs. */
export class PlaySockets {
  readonly #wires = new Map<LinkName, Wire>();
  /** What listens, or has listened, for a link, and how many connections it has accepted. */
  readonly #listeners = new Map<LinkName, { readonly socket: ListeningSocket; readonly count: () => number }>();
  readonly #dialed: Connection[] = [];
  readonly #held: (() => Promise<void> | void)[] = [];

  constructor(readonly place: SocketsPlace, readonly owner: SocketsOwner) {}

  /** What listens is gone when this returns, datagram links too. */
  async stopListening(): Promise<void> {
    for (const release of this.#held) await release();
  }

  /**
   * The connections that were made to a program are gone when this returns, on its side too: the side that ends one first has
   * its port reserved for a minute, and a program may always take the same. A line that the program's system gets after that end
   * is answered by a reset, which frees the port.
   */
  async hangUp(): Promise<void> {
    await Promise.all(this.#dialed.map(async (connection) => {
      connection.write(LINE_END);
      await abortOnceWritten(connection);
      await connection.finished;
    }));
  }

  /** The connections and sockets are gone when this returns. */
  async release(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.release()));
  }

  /** A program has started, and takes keys. */
  keyboard(who: string, program: Program): void {
    this.#wires.set(`${who} keys`, {
      send: (bytes) => program.write(bytes),
      close: () => program.closeInput(),
      release() {},
    });
  }

  /** Connects. A program that was just started may not listen yet: what it refuses is tried again while the step waits. */
  async dial({ link, isExpected, ...to }: PlayOutput & { readonly type: "dial" }): Promise<void> {
    const { host = this.place.target.host, port = this.place.target.port } = to;
    while (!this.owner.isOver()) {
      try {
        const connection = this.#connected(link, await connect(host, port, CONNECT_MS));
        if (connection) this.#dialed.push(connection);
        return;
      } catch (error) {
        const mayFollow = isExpected && error instanceof Deno.errors.ConnectionRefused;
        if (!mayFollow) return this.owner.event((play, now) => play.failed(link, reason(error), now));
        this.owner.event((play) => play.refused(link, `port ${port} refuses the connection`));
        await new Promise<void>((resolve) => this.place.passage.later(DIAL_AGAIN_MS, resolve));
      }
    }
  }

  /** The first connection is the link of that name, the second `LINK2`, and so on. */
  listen(link: LinkName, given: string | undefined, port = 0): void {
    const { isServer, target } = this.place;
    const hostname = given ?? (isServer ? "0.0.0.0" : target.host);
    let count = this.#listeners.get(link)?.count() ?? 0;
    const socket = new ListeningSocket({ hostname, port }, {
      accepted: (conn) => {
        count++;
        this.#connected(nameOf(link, count), conn);
      },
    });
    this.#listeners.set(link, { socket, count: () => count });
    this.#held.push(() => socket.close());
    queueMicrotask(() => this.owner.event((play, now) => play.listening(link, socket.address.port, now)));
  }

  unlisten(link: LinkName): void {
    this.#listeners.get(link)?.socket.close();
  }

  bind({ link, port, as }: PlayOutput & { readonly type: "bind" }): void {
    if (as === "messages") return this.#openMessages(link);
    const { target, isServer, network } = this.place;
    let to: Address = { hostname: target.host, port: port ?? target.port };
    const socket = new DatagramSocket({ hostname: "0.0.0.0", port: 0 }, {
      received: (from, datagram) => {
        // A server may answer from a port of its own; a script without a port answers who spoke.
        if (port === undefined && !isServer) to = from;
        this.owner.shows(link);
        this.owner.event((play, now) => play.received(link, datagram, now));
      },
      flush() {},
      tick() {},
      wakeAt: () => Infinity,
    });
    socket.begin();
    this.#wires.set(link, {
      isSpared: as === "packets" && network.kind === "lossy",
      send: (bytes) => socket.send(to, bytes),
      close: () => socket.close(),
      release: () => socket.close(),
    });
    queueMicrotask(() => this.owner.event((play, now) => play.listening(link, socket.address.port, now)));
  }

  send(link: LinkName, bytes: Uint8Array, isDatagram: boolean): void {
    const wire = this.#wires.get(link);
    if (!wire) return;
    const { network, passage } = this.place;
    const send = (part: Uint8Array) => wire.send(part);
    if (link.endsWith(" keys") || wire.isSpared) passage.inOrder(link, 0, () => send(bytes));
    else if (isDatagram) passage.pass(link, network.datagram(bytes), send);
    else passage.write(link, network.stream(bytes), send);
  }

  /** Closes once all that was sent has left. */
  close(link: LinkName, closing: Closing): void {
    this.place.passage.inOrder(link, 0, () => {
      this.#wires.get(link)?.close(closing)?.then(() => this.owner.event((play, now) => play.released(link, now)));
    });
  }

  #connected(link: LinkName, conn: Deno.TcpConn | Deno.TlsConn): Connection | undefined {
    if (this.owner.isOver()) return void conn.close();
    // What is read first may have come before the connection was seen.
    const { loop, network, target } = this.place;
    const [openedAt, openedSince] = [performance.now(), loop.readUntil];
    const earliest = () => loop.readUntil > openedAt ? loop.readUntil : openedSince;
    const connection: Connection = new Connection(conn, {
      receive: (bytes) => this.owner.event((play, now) => play.received(link, bytes, now, earliest())),
      hungry: () => true,
      closed: () => this.owner.event((play, now) => play.ended(link, now)),
      failed: () => connection.abort(),
    }, CONNECTION);
    this.#wires.set(link, {
      send: (bytes) => connection.write(bytes),
      close: ({ how, isLast }) => {
        if (how === "reset") connection.abort();
        else if (isLast && network.closesBothWays) void abortOnceWritten(connection);
        else connection.closeWrite();
      },
      release: () => {
        // A server that runs on closes its side once the user has left: the next rule may log in with that name.
        if (target.command === undefined) connection.close();
        else connection.abort();
        return connection.finished;
      },
    });
    this.owner.shows(link);
    this.owner.event((play, now) => play.opened(link, unwrapped(conn.localAddr.hostname), now));
    return connection;
  }

  /** A reliable link to the server under test, or those that the client under test opens. */
  #openMessages(link: LinkName): void {
    const { target: { host: hostname, port }, isServer, network, passage } = this.place;
    const wire = new MessageWire(isServer ? { hostname, port } : undefined, {
      opened: (count) => {
        const name = nameOf(link, count);
        this.#wires.set(name, {
          isSpared: true,
          send: (bytes) => wire.send(count, bytes),
          close: ({ how }) => wire.close(count, how),
          release: () => wire.release(),
        });
        this.owner.shows(link);
        this.owner.event((play, now) => play.opened(name, hostname, now, true));
      },
      received: (count, message) => this.owner.event((play, now) => play.received(nameOf(link, count), message, now)),
      ended: (count, why) => this.owner.event((play, now) => play.ended(nameOf(link, count), now, why)),
      pass: (datagram, way, arrive) => {
        const isLossy = network.kind === "lossy";
        // CLOSE is sent once: a lost one would be noticed by 32 s of silence.
        if (isLossy ? isClose(datagram) : way === "in") return arrive(datagram);
        passage.pass(link, network.datagram(datagram.slice()), arrive);
      },
    });
    this.#held.push(() => wire.release());
    wire.begin();
    queueMicrotask(() => this.owner.event((play, now) => play.listening(link, wire.port, now)));
  }
}

function nameOf(link: LinkName, count: number): LinkName {
  return count <= 1 ? link : `${link}${count}`;
}

async function abortOnceWritten(connection: Connection): Promise<void> {
  while (connection.waitingBytes > 0) await connection.written();
  connection.abort();
}
