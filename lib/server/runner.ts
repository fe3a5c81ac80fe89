import type { ScryptSecret } from "../chat/accounts.ts";
import type { Command } from "../chat/command.ts";
import type { Effect } from "../chat/effect.ts";
import type { Hub } from "../chat/hub.ts";
import type { SessionId } from "../chat/event.ts";
import { type Address, formatAddress } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import type { Requester } from "../store/passwords.ts";
import type { ProofResult } from "../store/proofs.ts";
import type { Platform } from "./platform.ts";
import { type HostRunner, SessionHost } from "./session_host.ts";

/** The longest time for which effects are held back so that further writes join their commit. */
const GATHER_MS = 2;

/**
 * Brings sessions and the hub together.
 *
 * 1. What a session asks of the hub, and what the hub tells sessions, is passed on within the same turn, in order.
 * 2. A bug of ours in one session ends that session and is logged; other sessions are not affected.
 * 3. What was to be stored is committed before anything that followed from it is told: the writes of one turn are one commit.
 * 4. No call of a transport, of the platform or of a session comes back into the runner before it returns. So outputs are
 *    carried out by `drain` alone, one session after the other.
 */
export class SessionRunner implements HostRunner {
  readonly #hosts = new Map<SessionId, SessionHost>();
  /** Hosts whose sessions have outputs, in the order in which they got their inputs. */
  #scheduled: SessionHost[] = [];
  #soon = new Set<SessionHost>();
  /** Effects that are carried out once the store has committed. */
  #held: Effect[] = [];
  #commitDue = false;
  #lastId = 0;
  now: number;

  constructor(readonly hub: Hub, readonly platform: Platform, readonly limits: Limits) {
    this.now = platform.now();
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** In the order in which they were opened. */
  get hosts(): Iterable<SessionHost> {
    return this.#hosts.values();
  }

  /** A peer has connected. */
  open(protocol: ServerProtocol, peer: Address, connect: (owner: TransportOwner) => Transport): SessionHost {
    const id = ++this.#lastId;
    const host = new SessionHost(this, id, protocol, peer, connect);
    this.#hosts.set(id, host);
    if (!protocol.bypassesHub) this.hub.addSession(id, peer.hostname, protocol.oneShot);
    log.debug(() => `session ${id} opened at ${protocol.name} from ${formatAddress(peer)}`);
    this.schedule(host);
    this.drain();
    return host;
  }

  tick(): void {
    const now = this.beginTurn();
    try {
      this.apply(this.hub.tick(now));
    } catch (error) {
      log.error(`internal error in a tick of the hub: ${stackOf(error)}`);
      this.#rollBack(error);
    }
    this.drain();
    for (const host of this.#hosts.values()) host.tick(now);
  }

  /** Tells every session that the server stops. */
  stop(): void {
    const tellAll = (hosts: Iterable<SessionHost>) => {
      for (const host of [...hosts]) host.event({ type: "closing" });
    };
    try {
      this.apply(this.hub.close(this.beginTurn()));
    } catch (error) {
      log.error(`internal error while stopping: ${stackOf(error)}`);
      this.#rollBack(error);
      tellAll(this.#hosts.values());
    }
    tellAll([...this.#hosts.values()].filter(({ protocol }) => protocol.bypassesHub));
    this.drain();
    this.#commit();
  }

  /** Commits and closes the store. */
  close(): void {
    this.#commit();
    this.hub.store?.close();
  }

  // For its hosts.

  get registers(): boolean {
    return this.hub.registers;
  }

  beginTurn(): number {
    return this.now = this.platform.now();
  }

  schedule(host: SessionHost): void {
    this.#scheduled.push(host);
  }

  drain(): void {
    for (let i = 0; i < this.#scheduled.length; i++) {
      const host = this.#scheduled[i]!;
      if (host.carryOut()) this.#scheduled.push(host);
    }
    this.#scheduled = [];
  }

  command(id: SessionId, command: Command): void {
    let effects: Effect[];
    try {
      effects = this.hub.handle(id, command, this.now);
    } catch (error) {
      this.#rollBack(error);
      throw error;
    }
    this.apply(effects);
  }

  tickSoon(host: SessionHost): void {
    this.#soon.add(host);
    if (this.#soon.size > 1) return;
    this.platform.soon(() => {
      const hosts = this.#soon;
      this.#soon = new Set();
      const now = this.beginTurn();
      for (const each of hosts) each.tick(now);
    });
  }

  canUpgrade(): boolean {
    return this.hub.canKeep(this.now);
  }

  upgrade(id: SessionId): boolean {
    this.command(id, { type: "become" });
    return this.hub.isNative(id);
  }

  ended(host: SessionHost, why: string): void {
    this.#soon.delete(host);
    if (!host.protocol.bypassesHub) this.#tryCommand(host.id, { type: "leave", why });
    this.#hosts.delete(host.id);
  }

  // Effects and commits.

  /** Carries out effects: after the next commit if anything was written, otherwise at once. */
  apply(effects: readonly Effect[]): void {
    if (this.#held.length === 0 && !this.hub.store?.dirty) {
      for (const effect of effects) this.#carryOut(effect);
      return;
    }
    for (const effect of effects) this.#held.push(effect);
    if (this.#commitDue) return;
    this.#commitDue = true;
    this.#commitWhenQuiet(this.platform.now(), this.#held.length);
  }

  /** A commit takes as long for one write as for many, so it waits a moment while more come. */
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
      this.#storeFailed(error);
      return this.drain();
    }
    const effects = this.#held;
    this.#held = [];
    for (const effect of effects) {
      this.#carryOut(effect);
      this.drain();
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "tell":
        for (const id of effect.to) this.#hosts.get(id)?.event(effect.event);
        return;
      case "note":
        return log.info(effect.text);
      case "prove":
        return void this.#verify(effect.session, "a proof", (by) => this.platform.prove(effect, by));
      case "enroll":
        return void this.#enroll(effect);
      case "check":
        return void this.#verify(effect.session, "a password", async (by) => ({
          right: await this.platform.verify(effect.password, effect.secret, by),
        }));
    }
  }

  /** As `command`, for callers that cannot catch: an error ends the session. */
  #tryCommand(id: SessionId, command: Command): void {
    try {
      this.command(id, command);
    } catch (error) {
      log.error(`internal error, "${command.type}" in session ${id}: ${stackOf(error)}`);
      this.#hosts.get(id)?.end("internal error");
    }
  }

  /** The hub has thrown: what was not committed is undone. */
  #rollBack(error: unknown): void {
    if (this.hub.store?.dirty) this.#storeFailed(error);
    else this.hub.store?.rollback();
  }

  /**
   * Everything written since the last commit is lost. None of it was confirmed: native sessions are ended, reconnect and
   * repeat what was not answered; senders in handout protocols are told that their messages failed.
   */
  #storeFailed(error: unknown): void {
    log.error(`the store could not be written; what was not committed is undone: ${reason(error)}`);
    const effects = this.#held;
    this.#held = [];
    this.hub.store?.rollback();
    this.hub.forgetStoreState();
    for (const host of [...this.#hosts.values()]) {
      if (this.hub.isNative(host.id)) host.end("the store could not be written");
    }
    for (const effect of effects) {
      if (effect.type !== "tell") this.#carryOut(effect);
      else if (effect.event.type === "outcome") {
        this.#carryOut({ ...effect, event: { ...effect.event, delivered: false } });
      } else if (effect.event.type !== "message") this.#carryOut(effect);
      else for (const id of effect.to) this.#tryCommand(id, { type: "missed", id: effect.event.id, sent: false });
    }
  }

  // Answers that take time.

  #requester(id: SessionId): Requester {
    return { address: this.#hosts.get(id)?.peer.hostname ?? "", isWaiting: () => this.#hosts.has(id) };
  }

  /** Tells the hub whether a proof or a password is right; false when it cannot be checked. */
  async #verify(id: SessionId, what: string, verify: (by: Requester) => Promise<ProofResult>): Promise<void> {
    let result: ProofResult = { right: false };
    try {
      result = await verify(this.#requester(id));
    } catch (error) {
      log.error(`${what} could not be checked: ${error}`);
    }
    this.beginTurn();
    this.#tryCommand(id, { type: "checked", ...result });
    this.drain();
  }

  async #enroll({ session, name, password }: Extract<Effect, { type: "enroll" }>): Promise<void> {
    let outcome: ScryptSecret | string = "this server cannot store accounts";
    try {
      outcome = await this.platform.enroll?.(name, password, this.#requester(session)) ?? outcome;
    } catch (error) {
      outcome = "the account could not be stored; the server's log says why";
      log.error(`the account of ${name} could not be stored: ${reason(error)}`);
    }
    this.beginTurn();
    this.apply(this.hub.enrolled(session, name, outcome));
    this.drain();
  }
}
