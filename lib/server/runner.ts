import type { Address } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { ScryptSecret } from "../chat/accounts.ts";
import type { Command } from "../chat/command.ts";
import type { Effect } from "../chat/effect.ts";
import type { Hub } from "../chat/hub.ts";
import type { SessionId } from "../chat/users.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { SessionHost } from "./session_host.ts";
import type { Asker, Platform, ProofAnswer, ProofEffect } from "./platform.ts";

/** Writes are gathered for no longer than this, which nobody at a keyboard notices. */
const GATHER_MS = 2;

/**
 * Brings sessions and the hub together; knows no sockets.
 *
 * 1. What a session asks of the hub and what the hub tells sessions is passed on within the same turn, in order.
 * 2. An error of our own in one session ends that session and is logged; the others never notice.
 * 3. What was to be kept is committed before anything that came after it is told: the writes of one turn are one commit.
 * 4. `Seat.end` is the one place where a session ends. It takes the session out of the hub and closes its lines.
 */
export class SessionRunner {
  readonly #hosts = new Map<SessionId, SessionHost>();
  readonly #soon = new Set<SessionHost>();
  /** What is done once the store has committed. */
  #held: Effect[] = [];
  #commitDue = false;
  #lastId = 0;

  constructor(readonly hub: Hub, readonly platform: Platform, readonly limits: Limits) {
    this.now = platform.now();
  }

  /** The time of the turn that goes on: one time for all that comes of one cause. */
  now: number;

  /** A turn begins; its time. */
  beginTurn(): number {
    return this.now = this.platform.now();
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** Every session's seat, as they came. */
  get hosts(): Iterable<SessionHost> {
    return this.#hosts.values();
  }

  /** A peer has come to a door. */
  open(door: ServerProtocol, peer: Address, connect: (owner: TransportOwner) => Transport): SessionHost {
    const id = ++this.#lastId;
    const host = new SessionHost(this, id, door, peer, connect);
    this.#hosts.set(id, host);
    if (!door.bypassesHub) this.hub.addSession(id, peer.hostname, door.oneShot);
    host.begin();
    log.debug(() => `session ${id} opened at ${door.name} from ${peer.hostname}:${peer.port}`);
    return host;
  }

  /** Time has passed. */
  tick(): void {
    const now = this.beginTurn();
    try {
      this.apply(this.hub.tick(now));
    } catch (error) {
      log.error(`our own error as time passed: ${stackOf(error)}`);
      this.#undo(error);
    }
    for (const host of this.#hosts.values()) host.tick(now);
  }

  /** Tells every session that the server stops. */
  stop(): void {
    try {
      this.apply(this.hub.close(this.beginTurn()));
    } catch (error) {
      log.error(`our own error at the stop: ${stackOf(error)}`);
      this.#undo(error);
      for (const host of [...this.#hosts.values()]) host.event({ type: "closing" });
    }
    for (const host of [...this.#hosts.values()]) if (host.protocol.bypassesHub) host.event({ type: "closing" });
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
      log.error(`our own error, "${command.type}" in session ${id}: ${stackOf(error)}`);
      this.#hosts.get(id)?.end("our own error");
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
    this.#commitWhenQuiet(this.platform.now(), this.#held.length);
  }

  /** A commit takes as long for one write as for many: it waits while more comes, for a moment. */
  #commitWhenQuiet(since: number, held: number): void {
    this.platform.soon(() => {
      const more = this.#held.length;
      if (more > held && this.platform.now() < since + GATHER_MS) this.#commitWhenQuiet(since, more);
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
      if (effect.type === "tell") { for (const id of effect.to) this.#hosts.get(id)?.event(effect.event); }
      else if (effect.type === "note") log.info(effect.text);
      else if (effect.type === "prove") this.#prove(effect);
      else if (effect.type === "enroll") this.#enroll(effect);
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
    this.hub.forgetStoreState();
    for (const host of [...this.#hosts.values()]) {
      if (this.hub.isNative(host.id)) host.end("the store could not be written");
    }
    for (const effect of effects) {
      if (effect.type !== "tell") this.#do([effect]);
      else if (effect.event.type === "outcome") this.#do([{ ...effect, event: { ...effect.event, delivered: false } }]);
      else if (effect.event.type !== "message") this.#do([effect]);
      else for (const id of effect.to) this.#commandAlone(id, { type: "missed", id: effect.event.id, sent: false });
    }
  }

  /** A seat has work left for its next turn. */
  scheduleSoon(host: SessionHost): void {
    this.#soon.add(host);
    if (this.#soon.size > 1) return;
    this.platform.soon(() => {
      const hosts = [...this.#soon];
      this.#soon.clear();
      const now = this.beginTurn();
      for (const each of hosts) each.tick(now);
    });
  }

  /** A session is over; only `Seat.end` says so. */
  leave(host: SessionHost, why: string): void {
    this.#soon.delete(host);
    if (!host.protocol.bypassesHub) this.#commandAlone(host.id, { type: "leave", why });
    this.#hosts.delete(host.id);
  }

  /** A session goes on in our own protocol, if what that needs can be had. */
  become(id: SessionId): boolean {
    this.command(id, { type: "become" });
    return this.hub.isNative(id);
  }

  #asker(id: SessionId): Asker {
    return { from: this.#hosts.get(id)?.peer.hostname ?? "", waits: () => this.#hosts.has(id) };
  }

  async #prove(proof: ProofEffect): Promise<void> {
    let answer: ProofAnswer = { right: false };
    try {
      answer = await this.platform.prove(proof, this.#asker(proof.session));
    } catch (error) {
      log.error(`a proof could not be checked: ${error}`);
    }
    this.beginTurn();
    this.#commandAlone(proof.session, { type: "checked", ...answer });
  }

  async #enroll({ session, name, password }: Extract<Effect, { type: "enroll" }>): Promise<void> {
    let outcome: ScryptSecret | string = "this server cannot write accounts down";
    try {
      outcome = await this.platform.enroll?.(name, password, this.#asker(session)) ?? outcome;
    } catch (error) {
      outcome = "the account could not be written down; whoever runs the server finds the reason in its log";
      log.error(`the account of ${name} could not be written down: ${reason(error)}`);
    }
    this.beginTurn();
    this.apply(this.hub.enrolled(session, name, outcome));
  }

  async #check(id: SessionId, password: string, secret: ScryptSecret): Promise<void> {
    let right = false;
    try {
      right = await this.platform.verify(password, secret, this.#asker(id));
    } catch (error) {
      log.error(`a password could not be checked: ${error}`);
    }
    this.beginTurn();
    this.#commandAlone(id, { type: "checked", right });
  }
}
