import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { SessionId } from "../chat/users.ts";
import { type Address, isLoopback } from "../core/address.ts";
import { Liveness, type ProbeOutcome } from "../core/liveness.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { Ending, Transport, TransportOwner } from "../core/transport.ts";
import type { DialOutcome, Direction, Link, ServerProtocol, Session, Way } from "../protocols/session.ts";
import type { DialResult } from "./platform.ts";
import type { SessionRunner } from "./runner.ts";

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
    connect: (owner: TransportOwner) => Transport,
  ) {
    const now = runner.beginTurn();
    if (runner.platform.trace) this.trace = (link, direction, text) => this.#trace(link, direction, text);
    this.liveness = new Liveness(
      protocol.detectsDeadPeers || isLoopback(peer.hostname) ? Infinity : runner.limits.idleMs,
      now,
    );
    this.session = protocol.openSession(this, runner.limits, now);
    this.#lines[0] = connect(this.transportOwner(0));
  }

  trace?: (link: Link, direction: Direction, line: string) => void;

  /** The receiver of what arrives on one link. */
  transportOwner(link: Link): TransportOwner {
    return {
      receive: (bytes) => this.push(link, bytes),
      hungry: () => this.hungry(link),
      closed: (ending) => this.closed(link, ending),
      failed: (why) => this.end(why),
    };
  }

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

  #dialled(link: Link, result: DialResult): void {
    const transport = typeof result === "string" ? undefined : result;
    if (this.#over) return transport?.abort();
    this.#lines[link] = transport;
    const outcome: DialOutcome = typeof result === "string" ? result : "connected";
    this.#do((now) => this.session.dialled(link, outcome, now));
  }

  /** What the door itself asks for this session. */
  ask(command: Command): void {
    this.#do(() => this.command(command));
  }

  #probed(outcome: ProbeOutcome): void {
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

  tick(now: number): void {
    if (this.#over) return;
    if (this.session.wakeAt <= now) this.#do((now) => this.session.tick(now));
    if (this.liveness.due(now)) this.runner.platform.probe(this.peer, (outcome) => this.#probed(outcome));
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
    const { hostname } = this.peer;
    this.runner.platform.dial(hostname, port, this.transportOwner(link), (result) => this.#dialled(link, result));
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
