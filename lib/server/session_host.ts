import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { SessionId } from "../chat/users.ts";
import { type Address, isLoopback } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { Liveness, type ProbeOutcome } from "../core/liveness.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";
import type { DialOutcome, Direction, Ending, Link, Session, Way } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";

/** One connection as the switchboard sees it; `Stream` is the real one. */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** What was written and waits for the peer to read. */
  readonly waitingBytes?: number;
  /** Sends what was written, then ends it; says why where the transport has words for it. */
  close(why: string): void;
  /** Ends it at once. */
  abort(): void;
  /** Reads on, if there is hunger again. */
  resume(): void;
  /** From now on what one turn writes may go out in one. */
  gather?(): void;
}

/** A door: how one protocol's sessions are made, and what its links are called. */
export interface ServerProtocol {
  readonly name: string;
  readonly links: readonly string[];
  /** Whether its transport tells by itself when a peer's machine is gone. */
  readonly detectsDeadPeers?: boolean;
  /** Whether its sessions are nothing to the hub: they ask nothing of it, and are told only that the server stops. */
  readonly bypassesHub?: boolean;
  /** Whether its sessions ask one thing and are gone: the log says nothing of their leaving. */
  readonly oneShot?: boolean;
  openSession(way: Way, limits: Limits, now: number): Session;
  /** How a session goes on that becomes another, by the name of the protocol. */
  readonly successors?: Readonly<Record<string, (way: Way, limits: Limits, now: number, name: string) => Session>>;
}

/** One session's place at the switchboard: its machine, its lines, and the way between them. */
export class SessionHost implements Way {
  session: Session;
  readonly liveness: Liveness;
  readonly #lines: (Transport | undefined)[] = [];
  #over = false;

  constructor(
    readonly runner: SessionRunner,
    readonly id: SessionId,
    readonly protocol: ServerProtocol,
    readonly peer: Address,
    line: (host: SessionHost) => Transport,
  ) {
    const now = runner.beginTurn();
    if (runner.platform.trace) this.trace = (link, direction, text) => this.#trace(link, direction, text);
    this.liveness = new Liveness(
      protocol.detectsDeadPeers || isLoopback(peer.hostname) ? Infinity : runner.limits.idleMs,
      now,
    );
    this.session = protocol.openSession(this, runner.limits, now);
    this.#lines[0] = line(this);
  }

  trace?: (link: Link, direction: Direction, line: string) => void;

  /** Everything is in its place: the session may begin, if it does so by itself. */
  begin(): void {
    this.#settle(this.runner.now);
  }

  // From the net.

  push(link: Link, bytes: Uint8Array): void {
    if (this.#over) return;
    const now = this.runner.beginTurn();
    this.liveness.heard(now);
    try {
      this.session.push(link, bytes, now);
    } catch (error) {
      this.#failed(error);
    }
    this.#settle(now);
  }

  closed(link: Link, ending: Ending): void {
    this.#do((now) => this.session.closed(link, ending, now));
  }

  /** What became of a dial; with a line when it is connected. */
  dialled(link: Link, outcome: DialOutcome, line?: Transport): void {
    if (this.#over) return line?.abort();
    this.#lines[link] = line;
    this.#do((now) => this.session.dialled(link, outcome, now));
  }

  /** What the door itself asks for this session. */
  ask(command: Command): void {
    this.#do(() => this.command(command));
  }

  probed(outcome: ProbeOutcome): void {
    this.liveness.probed(outcome, this.runner.beginTurn());
    if (this.liveness.gone) this.end("its machine is not there any more");
  }

  /** What was written on any of its lines and waits for the peer to read. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const line of this.#lines) bytes += line?.waitingBytes ?? 0;
    return bytes;
  }

  hungry(link: Link): boolean {
    return this.#over || this.session.hungry(link);
  }

  overflowed(): void {
    this.end(`more than ${this.runner.limits.outboxBytes} bytes waited for it to read`);
  }

  tick(now: number): void {
    if (this.#over) return;
    if (this.session.wakeAt <= now) this.#do((now) => this.session.tick(now));
    if (this.liveness.due(now)) this.runner.platform.probe(this);
  }

  // From the hub.

  event(event: Event): void {
    if (this.#over) return;
    const { now } = this.runner;
    try {
      this.session.event(event, now);
    } catch (error) {
      this.#failed(error);
    }
    this.#settle(now);
  }

  // From the session: its way.

  write(link: Link, bytes: Uint8Array): void {
    this.#lines[link]?.write(bytes);
  }

  waiting(link: Link): number {
    return this.#lines[link]?.waitingBytes ?? 0;
  }

  command(command: Command): void {
    this.runner.command(this.id, command);
  }

  note(text: string): void {
    log.info(`${this.#who}: ${text}`);
  }

  remark(text: () => string): void {
    log.debug(() => `${this.#who}: ${text()}`);
  }

  dial(link: Link, port: number): void {
    this.runner.platform.dial(this, link, port);
  }

  knows(protocol: string): boolean {
    if (protocol === "registration") return this.runner.hub.registers;
    return this.protocol.successors?.[protocol] !== undefined && this.runner.hub.canKeep(this.runner.now);
  }

  become(protocol: string, rest: Uint8Array): boolean {
    const open = this.protocol.successors?.[protocol];
    const { name } = this.session;
    if (this.#over || !open || name === undefined || !this.runner.become(this.id)) return false;
    // Only the connection that the peer has opened goes on.
    for (const line of this.#lines.splice(1)) line?.close("it is not needed any more");
    this.#lines[0]?.gather?.();
    const { now } = this.runner;
    this.session = open(this, this.runner.limits, now, name);
    if (rest.length > 0) this.session.push(0, rest, now);
    return true;
  }

  end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.runner.leave(this, why);
    for (const line of this.#lines) line?.close(why);
  }

  get #who(): string {
    return this.session.name ?? `${this.peer.hostname}:${this.peer.port}`;
  }

  /** One step of the session machine, in a turn of its own. */
  #do(step: (now: number) => void): void {
    if (this.#over) return;
    const now = this.runner.beginTurn();
    try {
      step(now);
    } catch (error) {
      this.#failed(error);
    }
    this.#settle(now);
  }

  /** An error of our own: this session ends, and no other notices. */
  #failed(error: unknown): void {
    log.error(`our own error in session ${this.id} at ${this.protocol.name}: ${stackOf(error)}`);
    this.end("our own error");
  }

  /** After a step: more work at once, or more to read. */
  #settle(now: number): void {
    if (this.#over) return;
    if (this.session.wakeAt <= now) this.runner.scheduleSoon(this);
    this.#lines[0]?.resume();
  }

  #trace(link: Link, direction: Direction, line: string): void {
    this.runner.platform.trace!(this.#who, this.protocol.links[link] ?? String(link), direction, line);
  }
}

const LINGER_MS = 1000;

/** How the streams of seats are used: handout programs take one read for one message, so each line is a write. */
export function sessionConnectionOptions(limits: Limits): ConnectionOptions {
  return { outboxBytes: limits.outboxBytes, apart: true, lingerMs: LINGER_MS };
}

/** A stream that is one link of a seat. */
export class SessionConnection extends Connection {
  constructor(conn: Deno.TcpConn | Deno.TlsConn, host: SessionHost, link: Link, options: ConnectionOptions) {
    super(conn, {
      push: (bytes) => host.push(link, bytes),
      hungry: () => host.hungry(link),
      closed: (ending) => host.closed(link, ending),
      overflowed: () => host.overflowed(),
    }, options);
  }
}
