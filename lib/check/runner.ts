import { type Address, unwrapped } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { connect } from "../net/dial.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { isFreePort } from "../net/free_port.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { Connection } from "../net/tcp.ts";
import type { Credentials } from "./credentials.ts";
import { type LoadMeter, PlayLoad } from "./load_meter.ts";
import { MessageWire } from "./message_wire.ts";
import type { Network } from "./network.ts";
import { Passage } from "./passage.ts";
import type { Play } from "./play.ts";
import type { PlayOutput } from "./play_output.ts";
import { isClose } from "./packet_text.ts";
import { StartedPrograms } from "./started_programs.ts";
import type { Computing, LinkName } from "./step.ts";
import type { Target, TargetWatch } from "./target.ts";

/** A server that runs on has this long to close its side of a connection that is over. */
const CONNECTION = { outboxBytes: 64 * 1024 * 1024, separateWrites: true, lingerMs: 1000 };
const DIAL_AGAIN_MS = 40;
const LOOK_AGAIN_MS = 50;
const CONNECT_MS = 5000;

interface Wire {
  /** The network does nothing to what is sent on it: a script about a transport makes the losses itself, or the wire passes them on. */
  readonly isSpared?: boolean;
  send(bytes: Uint8Array): void;
  close(how: "finish" | "reset"): void;
  /** Gives back what it holds. */
  release(): Promise<void> | void;
}

/**
 * Runs one script: opens its sockets, starts its programs, and passes on what comes.
 *
 * 1. Whatever it has opened and started is gone when `run` returns.
 * 2. `run` throws a `UserError` when the program under test cannot be started.
 */
export class PlayRunner {
  readonly #wires = new Map<LinkName, Wire>();
  readonly #programs: StartedPrograms;
  /** What listens, or has listened, for a link, and how many connections it has accepted. */
  readonly #listeners = new Map<LinkName, { readonly socket: ListeningSocket; readonly count: () => number }>();
  readonly #held: (() => Promise<void> | void)[] = [];
  readonly #passage: Passage;
  readonly #load: PlayLoad;
  #wake: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<TargetWatch> | undefined;
  #isPlaying = false;
  #isOver = false;
  /** What the program has left behind, one line each. */
  readonly findings: string[] = [];
  readonly #finished = Promise.withResolvers<void>();

  constructor(
    readonly play: Play,
    readonly target: Target,
    readonly network: Network,
    readonly isServer: boolean,
    readonly meter: LoadMeter,
    readonly credentials?: Credentials,
  ) {
    this.#passage = new Passage(network);
    this.#load = new PlayLoad(meter);
    this.#programs = new StartedPrograms(play.values, target, isServer, meter.starts, {
      wrote: (who, bytes) => this.#event((now) => play.received(`${who} screen`, bytes, now)),
      exited: (who, exit) => this.#event((now) => play.exited(who, exit, now)),
      started: (who, program) => {
        this.#watch?.started(program.pid);
        this.#wires.set(`${who} keys`, {
          send: (bytes) => program.write(bytes),
          close: () => program.closeInput(),
          release() {},
        });
      },
    });
  }

  async run(): Promise<void> {
    this.#watch = this.target.watch?.((why) => {
      this.findings.push(why);
      this.#programs.killAll();
    });
    try {
      if (this.isServer && this.target.command) await this.#programs.start("server", []);
      this.#programs.takeQueuedMs();
      if (!this.#isOver) {
        this.play.start(performance.now());
        this.#perform();
      }
      await this.#finished.promise;
    } finally {
      this.#isOver = true;
      clearTimeout(this.#wake);
      this.#passage.stop();
      for (const release of this.#held) await release();
      await this.#programs.end();
      await Promise.all([...this.#wires.values()].map((wire) => wire.release()));
      this.#watch?.over();
      this.#findLeftovers();
    }
  }

  /** Looks for a file in the program's folder, again and again while the play goes on. */
  async #look(name: RegExp): Promise<void> {
    while (!this.#isOver) {
      const found = this.target.files?.like(name) ?? [];
      this.#event((now) => this.play.found(name, found, now));
      await new Promise<void>((resolve) => this.#passage.later(LOOK_AGAIN_MS, resolve));
    }
  }

  /** Looks what the program has left behind. */
  #findLeftovers(): void {
    const { port, command } = this.target;
    if (!this.isServer || command === undefined || isFreePort(port)) return;
    this.findings.push(
      `port ${port} is still in use after the program's end: a process that it started has left its group`,
    );
  }

  #event(what: (now: number) => void): void {
    if (this.#isOver) return;
    what(performance.now());
    this.#perform();
  }

  #perform(): void {
    for (let outputs = this.play.takeOutputs(); outputs.length > 0; outputs = this.play.takeOutputs()) {
      for (const output of outputs) this.#do(output);
    }
    if (this.play.end) {
      this.#isOver = true;
      return this.#finished.resolve();
    }
    clearTimeout(this.#wake);
    const at = this.play.wakeAt;
    if (at === Infinity) return;
    this.#wake = setTimeout(() => this.#event((now) => this.play.tick(now)), Math.max(0, at - performance.now()) + 1);
  }

  #do(output: PlayOutput): void {
    switch (output.type) {
      case "dial":
        return void this.#dial(output.link, output.host, output.port, output.isExpected);
      case "listen":
        return this.#listen(output.link, output.host, output.port);
      case "unlisten":
        return this.#listeners.get(output.link)?.socket.close();
      case "bind":
        if (output.as === "messages") return this.#openMessages(output.link);
        return this.#bind(output.link, output.port, output.as === "packets");
      case "measure":
        return void this.#measure();
      case "compute":
        return void this.#compute(output);
      case "start":
        return void this.#start(output);
      case "send":
        return this.#send(output.link, output.bytes, output.isDatagram);
      case "close":
        return this.#close(output.link, output.how);
      case "put":
        return this.target.files?.put(output.name, output.bytes);
      case "look":
        return void this.#look(output.name);
      case "kill":
        return this.#programs.kill(output.who, output.signal);
    }
  }

  /** Connects. A program that was just started may not listen yet: what it refuses is tried again while the step waits. */
  async #dial(
    link: LinkName,
    host = this.target.host,
    port = this.target.port,
    isExpected: boolean,
  ): Promise<void> {
    while (!this.#isOver) {
      try {
        return this.#connected(link, await connect(host, port, CONNECT_MS));
      } catch (error) {
        const mayFollow = isExpected && error instanceof Deno.errors.ConnectionRefused;
        if (!mayFollow) return this.#event((now) => this.play.failed(link, reason(error), now));
        this.play.refused(link, `port ${port} refuses the connection`);
        await new Promise<void>((resolve) => this.#passage.later(DIAL_AGAIN_MS, resolve));
      }
    }
  }

  /** The first connection is the link of that name, the second `LINK2`, and so on. */
  #listen(link: LinkName, host = this.isServer ? "0.0.0.0" : this.target.host, port = 0): void {
    let count = this.#listeners.get(link)?.count() ?? 0;
    const socket = new ListeningSocket({ hostname: host, port }, {
      accepted: (conn) => {
        count++;
        this.#connected(count === 1 ? link : `${link}${count}`, conn);
      },
    });
    this.#listeners.set(link, { socket, count: () => count });
    this.#held.push(() => socket.close());
    queueMicrotask(() => this.#event((now) => this.play.listening(link, socket.address.port, now)));
  }

  #connected(link: LinkName, conn: Deno.TcpConn | Deno.TlsConn): void {
    if (this.#isOver) return conn.close();
    // What is read first may have come before the connection was seen.
    const { loop } = this.meter;
    const [openedAt, openedSince] = [performance.now(), loop.readUntil];
    const earliest = () => loop.readUntil > openedAt ? loop.readUntil : openedSince;
    const connection: Connection = new Connection(conn, {
      receive: (bytes) => this.#event((now) => this.play.received(link, bytes, now, earliest())),
      hungry: () => true,
      closed: () => this.#event((now) => this.play.ended(link, now)),
      failed: () => connection.abort(),
    }, CONNECTION);
    this.#wires.set(link, {
      send: (bytes) => connection.write(bytes),
      close: (how) => how === "finish" ? connection.closeWrite() : connection.abort(),
      release: () => {
        // A server that runs on closes its side once the user has left: the next rule may log in with that name.
        if (this.target.command === undefined) connection.close();
        else connection.abort();
        return connection.finished;
      },
    });
    this.#programs.shows(link);
    this.#event((now) => this.play.opened(link, unwrapped(conn.localAddr.hostname), now));
  }

  async #measure(): Promise<void> {
    const heldUp = await this.#load.measure(this.#programs.pids);
    const checkMs = heldUp.checkMs + this.#programs.takeQueuedMs();
    const all = { ...heldUp, checkMs, isWaiting: heldUp.isWaiting || this.#programs.isQueued };
    this.#event((now) => this.play.measured(all, now));
  }

  async #compute(computing: Computing): Promise<void> {
    if (!this.credentials) throw new TypeError("the suite needs credentials");
    const computed = await this.credentials.compute(computing, this.play.values);
    this.#event((now) => this.play.computed(computed, now));
  }

  /** A reliable link to the server under test, or those that the client under test opens. */
  #openMessages(link: LinkName): void {
    const { host: hostname, port } = this.target;
    const nameOf = (count: number) => count <= 1 ? link : `${link}${count}`;
    const wire = new MessageWire(this.isServer ? { hostname, port } : undefined, {
      opened: (count) => {
        this.#wires.set(nameOf(count), {
          isSpared: true,
          send: (bytes) => wire.send(count, bytes),
          close: (how) => wire.close(count, how),
          release: () => wire.release(),
        });
        this.#programs.shows(link);
        this.#event((now) => this.play.opened(nameOf(count), hostname, now, true));
      },
      received: (count, message) => this.#event((now) => this.play.received(nameOf(count), message, now)),
      ended: (count, why) => this.#event((now) => this.play.ended(nameOf(count), now, why)),
      pass: (datagram, way, arrive) => {
        const isLossy = this.network.kind === "lossy";
        // CLOSE is sent once: a lost one would be noticed by 32 s of silence.
        if (isLossy ? isClose(datagram) : way === "in") return arrive(datagram);
        this.#passage.pass(link, this.network.datagram(datagram.slice()), arrive);
      },
    });
    this.#held.push(() => wire.release());
    wire.begin();
    queueMicrotask(() => this.#event((now) => this.play.listening(link, wire.port, now)));
  }

  #bind(link: LinkName, port: number | undefined, isPackets: boolean): void {
    let to: Address = { hostname: this.target.host, port: port ?? this.target.port };
    const socket = new DatagramSocket({ hostname: "0.0.0.0", port: 0 }, {
      received: (from, datagram) => {
        // A server may answer from a port of its own; a script without a port answers who spoke.
        if (port === undefined && !this.isServer) to = from;
        this.#programs.shows(link);
        this.#event((now) => this.play.received(link, datagram, now));
      },
      flush() {},
      tick() {},
      wakeAt: () => Infinity,
    });
    socket.begin();
    this.#wires.set(link, {
      isSpared: isPackets && this.network.kind === "lossy",
      send: (bytes) => socket.send(to, bytes),
      close: () => void socket.close(),
      release: () => socket.close(),
    });
    queueMicrotask(() => this.#event((now) => this.play.listening(link, socket.address.port, now)));
  }

  async #start({ who, args, port, inTerminal }: PlayOutput & { readonly type: "start" }): Promise<void> {
    try {
      await this.#programs.start(who, args, port, inTerminal);
    } catch (error) {
      this.#isOver = true;
      return this.#finished.reject(error);
    }
    this.#event((now) => this.play.started(who, now));
  }

  #send(link: LinkName, bytes: Uint8Array, isDatagram: boolean): void {
    const wire = this.#wires.get(link);
    if (!wire) return;
    const parts = link.endsWith(" keys") || wire.isSpared
      ? [{ afterMs: 0, bytes }]
      : isDatagram
      ? this.network.datagram(bytes)
      : this.network.stream(bytes);
    if (isDatagram && !wire.isSpared) return this.#passage.pass(link, parts, (bytes) => wire.send(bytes));
    for (const { afterMs, bytes } of parts) this.#passage.inOrder(link, afterMs, () => wire.send(bytes));
  }

  /** Closes once all that was sent has left. */
  #close(link: LinkName, how: "finish" | "reset"): void {
    this.#passage.inOrder(link, 0, () => this.#wires.get(link)?.close(how));
  }
}
