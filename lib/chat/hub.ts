import type { Limits } from "../core/limits.ts";
import type { Accounts, ScryptSecret, Secret } from "./accounts.ts";
import type { Command } from "./command.ts";
import { type Effect, tell } from "./effect.ts";
import type { Target } from "./entry.ts";
import type { SessionId } from "./event.ts";
import type { ExchangeInput } from "./exchange_events.ts";
import { type HubOptions, HubParts } from "./hub_parts.ts";
import type { Operator } from "./operator.ts";
import type { Answer } from "./store.ts";
import type { Tally } from "./tally.ts";
import { Session } from "./users.ts";
import { type ChatView, chatView } from "./view.ts";

/**
 * The chat core: who is online, and the one log of what was said, with its cursors. A pure machine: commands, the store's
 * answers and the time in; effects out.
 *
 * 1. Messages to one receiver are told in the order in which they were taken.
 * 2. A message of a handout session has one outcome, told once, when every receiver has received or missed it; a receiver that
 *    leaves misses what it has not confirmed.
 * 3. Between handout sessions nothing is kept, but for the lobby, and that only once a native client has come.
 * 4. What is kept is told to no one before it is committed. Of what a client says under its numbers, everything is taken once.
 * 5. `leave` takes all that a session has: its name, its place, what it owes. Said again, it does nothing.
 */
export class Hub {
  readonly tally: Tally;
  readonly operator: Operator;
  /** Whether there is a store, which native sessions need. */
  readonly stores: boolean;
  /** Whether accounts can be made. */
  readonly registers: boolean;
  /** Whether guests may log in. */
  readonly takesGuests: boolean;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #parts: HubParts;

  constructor(accounts: Accounts, readonly limits: Limits, options?: HubOptions) {
    this.#parts = new HubParts(accounts, limits, options, (id) => this.#sessions.get(id));
    this.tally = this.#parts.tally;
    this.operator = this.#parts.operator;
    this.stores = options !== undefined;
    this.registers = options?.registers ?? false;
    this.takesGuests = options?.guests ?? false;
  }

  /** Where files can be left over HTTP, such as "http:2080"; undefined where they cannot. */
  get filesAt(): string | undefined {
    return this.#parts.filesAt;
  }

  set filesAt(at: string | undefined) {
    this.#parts.filesAt = at;
  }

  takeOutputs(): readonly Effect[] {
    return this.#parts.outputs.take();
  }

  /** What proves a name: the secret of an account, or the key that holds it; undefined where there is neither. */
  secretOf(name: string): Secret | Uint8Array | undefined {
    return this.#parts.registry.secretOf(name);
  }

  /** Why a user cannot say a text there; undefined when they can. */
  sayFault(from: string, to: Target, text: string): string | undefined {
    return this.#parts.permissions.sayFault(from, to, text);
  }

  /** Whose ticket it is; undefined for one that is not valid. */
  ticketUser(ticket: string, now: number): string | undefined {
    return this.#parts.tickets.userOf(ticket, now);
  }

  /** Whether a user is in a room. */
  isIn(name: string, room: string): boolean {
    return this.#parts.permissions.isIn(name, room);
  }

  /**
   * Uses these accounts from now on. The sessions of accounts that were removed, or have another password, end, and so do those
   * of guests whose names belong to new accounts.
   */
  replaceAccounts(accounts: Accounts): void {
    const { registry } = this.#parts;
    const added = accounts.names.filter((name) => !registry.accounts.has(name));
    for (const { name, why } of registry.replaceAccounts(accounts)) {
      this.operator.endSessions(name, `ended because ${why}`);
    }
    this.operator.endGuestsLike(added, "ended because an account has this name now, or one that looks like it");
    this.#parts.shared?.names.accountsChanged();
  }

  /** Whether a session speaks our own protocol. */
  isNative(id: SessionId): boolean {
    return this.#sessions.get(id)?.kind === "native";
  }

  /** Messages of others that a native session has confirmed. */
  confirmedBy(id: SessionId): number {
    return this.#sessions.get(id)?.confirmed ?? 0;
  }

  /** A new session, seen at this address; nothing is logged of the leaving of one that only asks. */
  addSession(id: SessionId, address: string, oneShot = false): void {
    this.#sessions.set(id, new Session(id, address, oneShot));
  }

  /** Whether a session has not left. */
  has(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  /** How much the hub holds. */
  get size(): { sessions: number; online: number; underWay: number; heldLogins: number; waitingBytes: number } {
    let underWay = this.#parts.delivery.awaiting;
    for (const session of this.#sessions.values()) underWay += session.owing;
    return {
      sessions: this.#sessions.size,
      online: this.#parts.online.size,
      underWay,
      heldLogins: this.#parts.authentication.waiting,
      waitingBytes: this.#parts.roster.waitingBytes,
    };
  }

  /** Who is online, and at most `rooms` rooms. */
  view(rooms: number): ChatView {
    return chatView(this.#parts.online, this.#parts.roster, rooms);
  }

  handle(id: SessionId, command: Command, now: number): void {
    const session = this.#sessions.get(id);
    if (session) this.#handle(session, command, now);
  }

  /** Has what was gathered written, or only what is urgent; called once a turn. `wall` is the wall clock, in ms since 1970. */
  flush(now: number, wall: number, all = false): void {
    this.#parts.shared?.flush(now);
    this.#parts.writer.flush(now, wall, all);
  }

  /** Whether something is to be written that can be written now. */
  get wantsFlush(): boolean {
    return this.#parts.writer.isDue;
  }

  /** So many batches, those that were to be appended first, are committed. */
  committed(batches = 1): void {
    const { published, told } = this.#parts.writer.committed(batches);
    this.#parts.delivery.publish(published);
    told();
  }

  /** A batch could not be written: nothing is kept of it, nor of those that were to be appended after it up to now. */
  notCommitted(why: string, now: number): void {
    this.#parts.outputs.push({ type: "note", level: "warning", text: `messages cannot be kept: ${why}` });
    this.#parts.writer.notCommitted(`the server cannot keep messages at the moment: ${why}`, now);
  }

  /** The store's answer to a query, or why there is none. */
  answered(id: number, answer: Answer | { readonly failed: string }): void {
    this.#parts.questions.answered(id, answer);
  }

  /** An account was written down, or why it could not be; who asked for it may have left. */
  enrolled(id: SessionId, name: string, outcome: ScryptSecret | string): void {
    this.#push(this.#parts.authentication.enrolled(id, name, outcome));
  }

  /** A new password was written down, or why it could not be; who asked for it may have left. */
  passwordStored(id: SessionId, ref: number, name: string, outcome: ScryptSecret | string): void {
    this.#push(this.#parts.authentication.passwordStored(id, ref, name, outcome));
  }

  /** Something from the exchange with other servers. */
  exchange(input: ExchangeInput, now: number): void {
    this.#parts.shared?.input(input, now);
  }

  /** Whether this server waits for the others, and how many of its records do; undefined where there are no others. */
  get sharing(): { readonly isAlone: boolean; readonly waiting: number } | undefined {
    return this.#parts.shared?.sharing;
  }

  tick(now: number, wall: number): void {
    this.#parts.shared?.tick(now);
    this.#push([...this.#parts.authentication.tick(now), ...this.#parts.presence.tick(now)]);
    this.#parts.delivery.tick(now, wall);
    if (!this.stores) return;
    this.#parts.writer.flush(now, wall, true);
    this.#parts.maintenance?.tick(now, wall);
  }

  /** Settles all that is under way as missed, and tells every session that the server stops. */
  close(now: number, wall: number): void {
    for (const session of this.#sessions.values()) this.#parts.delivery.handouts.release(session, true, now);
    this.#parts.delivery.tick(now, wall);
    this.#parts.outputs.push({ type: "tell", to: [...this.#sessions.keys()], event: { type: "closing" } });
    this.#parts.writer.flush(now, wall, true);
  }

  /** Whether everything is written and answered. */
  get isIdle(): boolean {
    return this.#parts.writer.isIdle && this.#parts.questions.open === 0;
  }

  /** Whether an answer of the store is still to come. */
  get awaitsStore(): boolean {
    return this.#parts.writer.isWriting || this.#parts.questions.open > 0;
  }

  #push(effects: readonly Effect[]): void {
    for (const effect of effects) this.#parts.outputs.push(effect);
  }

  #handle(session: Session, command: Command, now: number): void {
    switch (command.type) {
      case "send":
        return this.#parts.live.send(session, command.ref, command.to, command.text, now);
      case "sendAll":
        return this.#parts.live.sendAll(session, command.ref, command.text, now);
      case "taken":
        if (session.unproven) return this.#parts.delivery.confirmed(session, command.id, now);
        return this.#parts.delivery.handouts.settle(session, command.id, true, true, now);
      case "missed":
        return this.#parts.delivery.handouts.settle(session, command.id, false, command.sent, now);
      case "who":
        return this.#parts.outputs.push(
          tell(session.id, { type: "present", names: this.#parts.online.list, asker: session.name }),
        );
      case "ready":
        return this.#parts.attendance.ready(session, now);
      case "become":
        return this.stores ? this.#parts.attendance.become(session, now) : undefined;
      case "leave":
        return this.#leave(session, command, now);
      case "login":
      case "checkPassword":
      case "authenticated":
      case "claim":
      case "checked":
      case "register":
      case "holdName":
      case "hello":
      case "prove":
      case "passwd":
        return this.#push(this.#parts.authentication.handle(session, command, now));
      case "enterAsGuest":
      case "enterRoom":
      case "announce":
      case "beginFile":
      case "shareFile":
      case "offerFile":
      case "reserveFile":
      case "fileArrived":
      case "releaseFile":
      case "fileTaken":
        return this.#parts.guests.handle(session, command, now);
      case "signal":
        if (session.kind === "guest") {
          return this.#parts.live.signal(session, session.guestName, command);
        }
    }
    const user = this.#parts.online.get(session.name);
    if (user?.known && session.kind === "native") this.#parts.natives!.handle(session, user, user.known, command, now);
  }

  #leave(session: Session, command: Extract<Command, { type: "leave" }>, now: number): void {
    this.#sessions.delete(session.id);
    this.#push(this.#parts.authentication.forget(session, now));
    this.#parts.guests.left(session);
    this.#parts.attendance.leave(session, command, now);
  }
}
