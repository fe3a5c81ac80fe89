import type { Limits } from "../base/limits.ts";
import { log } from "../base/log.ts";
import type { ScryptSecret } from "../hub/accounts.ts";
import type { Command } from "../hub/command.ts";
import type { Event } from "../hub/event.ts";
import type { Effect } from "../hub/effect.ts";
import type { Hub } from "../hub/hub.ts";
import type { SessionId } from "../hub/people.ts";
import type { DialOutcome, Direction, Ending, Link, Session, Way } from "../wire/session.ts";
import { reason } from "../base/reason.ts";
import { isLoopback } from "./address.ts";
import { Liveness, type ProbeOutcome } from "./liveness.ts";

/** Writes are gathered for no longer than this, which nobody at a keyboard notices. */
const GATHER_MS = 2;

/** One connection as the switchboard sees it; `Stream` is the real one. */
export interface Line {
  write(bytes: Uint8Array): void;
  /** Sends what was written, then ends it; says why where the transport has words for it. */
  close(why: string): void;
  /** Ends it at once. */
  abort(): void;
  /** Reads on, if there is hunger again. */
  resume(): void;
  /** From now on what one turn writes may go out in one. */
  gather?(): void;
}

/** On whose behalf something takes long. */
export interface Asker {
  /** The address that the asker is at. */
  readonly from: string;
  /** Whether the answer is still of use. */
  waits(): boolean;
}

/** Whether a proof is right, and what shows the asker that we know the password too. */
export interface ProofAnswer {
  readonly right: boolean;
  readonly proof?: Uint8Array | undefined;
}

/** A proof that is to be looked at. */
export type ProofEffect = Extract<Effect, { type: "prove" }>;

/** What the switchboard asks of the world outside. */
export interface World {
  /** Opens a connection for a seat; its `dialled` says what became of it. */
  dial(seat: Seat, link: Link, port: number): void;
  /** Asks whether the machine behind a seat is there; its `probed` says. */
  probe(seat: Seat): void;
  /** Tries a password against a secret, unless the asker has left before its turn comes. */
  verify(password: string, secret: ScryptSecret, asker: Asker): Promise<boolean>;
  /** Looks whether a proof answers its challenge; what the asker may be answered with, so that it knows us too. */
  prove(proof: ProofEffect, asker: Asker): Promise<ProofAnswer>;
  /** Calls `turn` soon, after what else is due has had its turn. */
  soon(turn: () => void): void;
  now(): number;
  /** Shows a wire line, when somebody watches. */
  trace?: ((who: string, link: string, direction: Direction, line: string) => void) | undefined;
}

/** A door: how one protocol's sessions are made, and what its links are called. */
export interface Door {
  readonly name: string;
  readonly links: readonly string[];
  /** Whether its transport tells by itself when a peer's machine is gone. */
  readonly minds?: boolean;
  open(way: Way, limits: Limits, now: number): Session;
  /** How a session goes on that becomes another, by the name of the protocol. */
  readonly successors?: Readonly<Record<string, (way: Way, limits: Limits, now: number, name: string) => Session>>;
}

/** Where a peer is. */
export interface PeerAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Brings sessions and the hub together; knows no sockets.
 *
 * 1. What a session asks of the hub and what the hub tells sessions is passed on within the same turn, in order.
 * 2. An error of our own in one session ends that session and is logged; the others never notice.
 * 3. What was to be kept is committed before anything that came after it is told: the writes of one turn are one commit.
 * 4. `Seat.end` is the one place where a session ends. It takes the session out of the hub and closes its lines.
 */
export class Switchboard {
  readonly #seats = new Map<SessionId, Seat>();
  readonly #soon = new Set<Seat>();
  /** What is done once the store has committed. */
  #held: Effect[] = [];
  #commitDue = false;
  #lastId = 0;

  constructor(readonly hub: Hub, readonly world: World, readonly limits: Limits) {
    this.now = world.now();
  }

  /** The time of the turn that goes on: one time for all that comes of one cause. */
  now: number;

  /** A turn begins; its time. */
  beginTurn(): number {
    return this.now = this.world.now();
  }

  get size(): number {
    return this.#seats.size;
  }

  /** A peer has come to a door. */
  open(door: Door, peer: PeerAddress, line: (seat: Seat) => Line): Seat {
    const id = ++this.#lastId;
    const seat = new Seat(this, id, door, peer, line);
    this.#seats.set(id, seat);
    this.hub.enter(id, peer.hostname);
    log.debug(() => `session ${id} opened at ${door.name} from ${peer.hostname}:${peer.port}`);
    return seat;
  }

  /** Time has passed. */
  tick(): void {
    const now = this.beginTurn();
    try {
      this.apply(this.hub.tick(now));
    } catch (error) {
      log.error(`our own error as time passed: ${describe(error)}`);
      this.#undo(error);
    }
    for (const seat of this.#seats.values()) seat.tick(now);
  }

  /** Tells every session that the server stops. */
  stop(): void {
    try {
      this.apply(this.hub.close(this.beginTurn()));
    } catch (error) {
      log.error(`our own error at the stop: ${describe(error)}`);
      this.#undo(error);
      for (const seat of [...this.#seats.values()]) seat.event({ type: "closing" });
    }
    this.#commit();
  }

  /** Commits and closes what messages are kept in. */
  close(): void {
    this.#commit();
    this.hub.store?.close();
  }

  /** Has the hub handle a command, and its effects done. */
  command(id: SessionId, command: Command): void {
    let effects: Effect[];
    try {
      effects = this.hub.handle(id, command, this.now);
    } catch (error) {
      this.#undo(error);
      throw error;
    }
    this.apply(effects);
  }

  /** As `command`, where nobody could catch what it throws: then the session is over. */
  #commandAlone(id: SessionId, command: Command): void {
    try {
      this.command(id, command);
    } catch (error) {
      log.error(`our own error, "${command.type}" in session ${id}: ${describe(error)}`);
      this.#seats.get(id)?.end("our own error");
    }
  }

  /** The hub has thrown: what was not committed is undone. A store that has failed does nothing more before that. */
  #undo(error: unknown): void {
    if (this.hub.store?.dirty) this.#storeFailed(error);
    else this.hub.store?.rollback();
  }

  /** Does what the hub wants done; when something was written, after it is committed. */
  apply(effects: readonly Effect[]): void {
    if (this.#held.length === 0 && !this.hub.store?.dirty) return this.#do(effects);
    for (const effect of effects) this.#held.push(effect);
    if (this.#commitDue) return;
    this.#commitDue = true;
    this.#commitWhenQuiet(this.world.now(), this.#held.length);
  }

  /** A commit takes as long for one write as for many: it waits while more comes, for a moment. */
  #commitWhenQuiet(since: number, held: number): void {
    this.world.soon(() => {
      const more = this.#held.length;
      if (more > held && this.world.now() < since + GATHER_MS) this.#commitWhenQuiet(since, more);
      else this.#commit();
    });
  }

  #commit(): void {
    this.#commitDue = false;
    this.beginTurn();
    try {
      this.hub.store?.commit();
    } catch (error) {
      return this.#storeFailed(error);
    }
    const effects = this.#held;
    this.#held = [];
    this.#do(effects);
  }

  #do(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "tell") { for (const id of effect.to) this.#seats.get(id)?.event(effect.event); }
      else if (effect.type === "note") log.info(effect.text);
      else if (effect.type === "prove") this.#prove(effect);
      else this.#check(effect.session, effect.password, effect.secret);
    }
  }

  /**
   * What was to be kept since the last commit is not. Nothing of it was confirmed to anybody: sessions of our own protocol
   * are ended, come back and say again what they had no answer to; senders at handout doors hear that it failed.
   */
  #storeFailed(error: unknown): void {
    log.error(`the store could not be written, and is as it was: ${reason(error)}`);
    const effects = this.#held;
    this.#held = [];
    this.hub.store?.rollback();
    this.hub.recall();
    for (const seat of [...this.#seats.values()]) {
      if (this.hub.isNative(seat.id)) seat.end("the store could not be written");
    }
    for (const effect of effects) {
      if (effect.type !== "tell") this.#do([effect]);
      else if (effect.event.type === "outcome") this.#do([{ ...effect, event: { ...effect.event, delivered: false } }]);
      else if (effect.event.type !== "message") this.#do([effect]);
      else for (const id of effect.to) this.#commandAlone(id, { type: "missed", id: effect.event.id, sent: false });
    }
  }

  /** A seat has work left for its next turn. */
  again(seat: Seat): void {
    this.#soon.add(seat);
    if (this.#soon.size > 1) return;
    this.world.soon(() => {
      const seats = [...this.#soon];
      this.#soon.clear();
      const now = this.beginTurn();
      for (const each of seats) each.tick(now);
    });
  }

  /** A session is over; only `Seat.end` says so. */
  leave(seat: Seat, why: string): void {
    this.#soon.delete(seat);
    this.#commandAlone(seat.id, { type: "leave", why });
    this.#seats.delete(seat.id);
  }

  /** A session goes on in our own protocol, if what that needs can be had. */
  become(id: SessionId): boolean {
    this.command(id, { type: "become" });
    return this.hub.isNative(id);
  }

  #asker(id: SessionId): Asker {
    return { from: this.#seats.get(id)?.peer.hostname ?? "", waits: () => this.#seats.has(id) };
  }

  async #prove(proof: ProofEffect): Promise<void> {
    let answer: ProofAnswer = { right: false };
    try {
      answer = await this.world.prove(proof, this.#asker(proof.session));
    } catch (error) {
      log.error(`a proof could not be checked: ${error}`);
    }
    this.beginTurn();
    this.#commandAlone(proof.session, { type: "checked", ...answer });
  }

  async #check(id: SessionId, password: string, secret: ScryptSecret): Promise<void> {
    let right = false;
    try {
      right = await this.world.verify(password, secret, this.#asker(id));
    } catch (error) {
      log.error(`a password could not be checked: ${error}`);
    }
    this.beginTurn();
    this.#commandAlone(id, { type: "checked", right });
  }
}

/** One session's place at the switchboard: its machine, its lines, and the way between them. */
export class Seat implements Way {
  session: Session;
  readonly liveness: Liveness;
  readonly #lines: (Line | undefined)[] = [];
  #over = false;

  constructor(
    readonly board: Switchboard,
    readonly id: SessionId,
    readonly door: Door,
    readonly peer: PeerAddress,
    line: (seat: Seat) => Line,
  ) {
    const now = board.beginTurn();
    if (board.world.trace) this.trace = (link, direction, text) => this.#trace(link, direction, text);
    this.liveness = new Liveness(door.minds || isLoopback(peer.hostname) ? Infinity : board.limits.idleMs, now);
    this.session = door.open(this, board.limits, now);
    this.#lines[0] = line(this);
  }

  trace?: (link: Link, direction: Direction, line: string) => void;

  // From the net.

  push(link: Link, bytes: Uint8Array): void {
    if (this.#over) return;
    const now = this.board.beginTurn();
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
  dialled(link: Link, outcome: DialOutcome, line?: Line): void {
    if (this.#over) return line?.abort();
    this.#lines[link] = line;
    this.#do((now) => this.session.dialled(link, outcome, now));
  }

  probed(outcome: ProbeOutcome): void {
    this.liveness.probed(outcome, this.board.beginTurn());
    if (this.liveness.gone) this.end("its machine is not there any more");
  }

  hungry(link: Link): boolean {
    return this.#over || this.session.hungry(link);
  }

  overflowed(): void {
    this.end(`more than ${this.board.limits.outboxBytes} bytes waited for it to read`);
  }

  tick(now: number): void {
    if (this.#over) return;
    if (this.session.wakeAt <= now) this.#do((now) => this.session.tick(now));
    if (this.liveness.due(now)) this.board.world.probe(this);
  }

  // From the hub.

  event(event: Event): void {
    if (this.#over) return;
    const { now } = this.board;
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

  command(command: Command): void {
    this.board.command(this.id, command);
  }

  note(text: string): void {
    log.info(`${this.#who}: ${text}`);
  }

  remark(text: () => string): void {
    log.debug(() => `${this.#who}: ${text()}`);
  }

  dial(link: Link, port: number): void {
    this.board.world.dial(this, link, port);
  }

  knows(protocol: string): boolean {
    return this.door.successors?.[protocol] !== undefined && this.board.hub.canKeep(this.board.now);
  }

  become(protocol: string, rest: Uint8Array): boolean {
    const open = this.door.successors?.[protocol];
    const { name } = this.session;
    if (this.#over || !open || name === undefined || !this.board.become(this.id)) return false;
    // Only the connection that the peer has opened goes on.
    for (const line of this.#lines.splice(1)) line?.close("it is not needed any more");
    this.#lines[0]?.gather?.();
    const { now } = this.board;
    this.session = open(this, this.board.limits, now, name);
    if (rest.length > 0) this.session.push(0, rest, now);
    return true;
  }

  end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.board.leave(this, why);
    for (const line of this.#lines) line?.close(why);
  }

  get #who(): string {
    return this.session.name ?? `${this.peer.hostname}:${this.peer.port}`;
  }

  /** One step of the session machine, in a turn of its own. */
  #do(step: (now: number) => void): void {
    if (this.#over) return;
    const now = this.board.beginTurn();
    try {
      step(now);
    } catch (error) {
      this.#failed(error);
    }
    this.#settle(now);
  }

  /** An error of our own: this session ends, and no other notices. */
  #failed(error: unknown): void {
    log.error(`our own error in session ${this.id} at ${this.door.name}: ${describe(error)}`);
    this.end("our own error");
  }

  /** After a step: more work at once, or more to read. */
  #settle(now: number): void {
    if (this.#over) return;
    if (this.session.wakeAt <= now) this.board.again(this);
    this.#lines[0]?.resume();
  }

  #trace(link: Link, direction: Direction, line: string): void {
    this.board.world.trace!(this.#who, this.door.links[link] ?? String(link), direction, line);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
