import type { ScryptSecret } from "../chat/accounts.ts";
import type { Command } from "../chat/command.ts";
import type { Effect } from "../chat/effect.ts";
import type { Hub } from "../chat/hub.ts";
import type { SessionId } from "../chat/event.ts";
import { type Address, formatAddress } from "../core/address.ts";
import { type Limits, TICKED_PER_TURN } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import type { Requester } from "../store/passwords.ts";
import type { ProofResult } from "../store/proofs.ts";
import type { StoreEvent, StorePort } from "../store/worker_store.ts";
import type { AttachmentLinks } from "./attachment_links.ts";
import { ActivityBook } from "./activity.ts";
import type { ExchangeRunner } from "./exchange_runner.ts";
import type { Platform } from "./platform.ts";
import { type HostRunner, SessionHost } from "./session_host.ts";
import type { WireViews } from "./wire_views.ts";

/**
 * Brings sessions, the hub and the store together.
 *
 * 1. Commands of sessions to the hub, and events of the hub for sessions, are passed on within the same turn, in order.
 * 2. A bug of ours in one session ends that session and is logged; other sessions are not affected.
 * 3. The records of one turn, and of other turns before the event loop comes round again, are one batch for the store; the chat
 *    goes on while batches are written.
 * 4. No call of a transport, of the platform, of the store or of a session comes back into the runner before it returns. So
 *    outputs are carried out by `drain` alone, one session after the other.
 */
export class SessionRunner implements HostRunner {
  /** The users who were here today. */
  readonly users = new ActivityBook();
  readonly #hosts = new Map<SessionId, SessionHost>();
  /** Hosts whose sessions have outputs, in the order in which they got their inputs. */
  #scheduled: SessionHost[] = [];
  #soon = new Set<SessionHost>();
  /** Hosts that are still to be ticked. */
  #toTick: Iterator<SessionHost> | undefined;
  #flushDue = false;
  #lastId = 0;
  #whenIdle: (() => void) | undefined;
  /** Set at the end, when no tick writes what is not urgent any more. */
  #writesAll = false;
  now: number;
  /** Where the server shares its chat with others. */
  exchange: ExchangeRunner | undefined;
  /** Set once the listeners are open. */
  tlsOffer: string | undefined;
  /** The links between messages and files at the server; undefined if it takes no files. */
  links: AttachmentLinks | undefined;

  /** Without a store nothing is kept, and native sessions are refused. */
  constructor(
    readonly hub: Hub,
    readonly platform: Platform,
    readonly limits: Limits,
    readonly store?: StorePort | undefined,
    readonly wires: WireViews | undefined = undefined,
  ) {
    this.now = platform.now();
    if (store) store.onEvent = (event) => this.#stored(event);
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
    this.#try("a tick of the hub", () => this.hub.tick(now, this.platform.wallTime()));
    this.#try("a tick of the exchange", () => this.exchange?.tick(now));
    this.drain();
    if (this.#toTick) return;
    this.#toTick = this.#hosts.values();
    this.#tickHosts(now);
  }

  /** Ticks a few hosts that are due; the others follow after the sockets that are ready. */
  #tickHosts(now: number): void {
    for (let left = TICKED_PER_TURN; left > 0;) {
      const { done, value } = this.#toTick!.next();
      if (done) return this.#toTick = undefined;
      if (value.tick(now)) left--;
    }
    this.platform.soon(() => this.#tickHosts(this.beginTurn()));
  }

  /** The operator does something in the chat. */
  operate<R>(act: (now: number) => R): R {
    const result = act(this.beginTurn());
    this.drain();
    return result;
  }

  /** Tells every session that the server stops. */
  stop(): void {
    const now = this.beginTurn();
    this.#try("stopping", () => this.hub.close(now, this.platform.wallTime()));
    for (const host of [...this.#hosts.values()]) if (host.protocol.bypassesHub) host.event({ type: "closing" });
    this.drain();
  }

  /** Resolves when the store is closed: everything is written, or cannot be. */
  async close(): Promise<void> {
    if (!this.store) return;
    this.#writesAll = true;
    this.#flush(this.beginTurn());
    this.drain();
    if (this.hub.awaitsStore) await new Promise<void>((resolve) => this.#whenIdle = resolve);
    await this.store.close();
  }

  // For its hosts.

  get registers(): boolean {
    return this.hub.registers;
  }

  get guests(): boolean {
    return this.hub.takesGuests;
  }

  beginTurn(): number {
    return this.now = this.platform.now();
  }

  schedule(host: SessionHost): void {
    this.#scheduled.push(host);
  }

  drain(): void {
    this.#carryOutHub();
    for (let i = 0; i < this.#scheduled.length; i++) {
      const host = this.#scheduled[i]!;
      if (host.carryOut()) this.#scheduled.push(host);
      this.#carryOutHub();
    }
    this.#scheduled = [];
    if (this.store && !this.#flushDue) this.#flushSoon();
  }

  command(id: SessionId, command: Command): void {
    const host = this.platform.requests && this.#hosts.get(id);
    // The end of a session that has left already is no second leave.
    if (host && this.hub.has(id)) this.platform.requests!.command(host, command);
    this.hub.handle(id, command, this.now);
    this.#carryOutHub();
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
    return this.hub.stores;
  }

  upgrade(id: SessionId): boolean {
    this.command(id, { type: "become" });
    return this.hub.isNative(id);
  }

  ended(host: SessionHost, why: string, breaksRule: boolean): void {
    this.#soon.delete(host);
    if (!host.protocol.bypassesHub) {
      host.activity.confirmed += this.hub.confirmedBy(host.id);
      this.#try(`the end of session ${host.id}`, () => this.command(host.id, { type: "leave", why, breaksRule }));
    }
    if (host.isUser) this.users.ended(host.session.name!, host.activity, this.now);
    this.wires?.ended(host);
    this.#hosts.delete(host.id);
  }

  // Effects of the hub.

  #carryOutHub(): void {
    // The exchange may give the hub commands in return; their effects are performed as well.
    for (let effects = this.hub.takeOutputs(); effects.length > 0; effects = this.hub.takeOutputs()) {
      for (const effect of effects) this.#carryOut(effect);
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "tell": {
        const { to, event } = effect;
        this.platform.requests?.told(to, event);
        const told = event.type === "message" && this.links ? this.links.messageFor(event) : event;
        for (const id of to) {
          const host = this.#hosts.get(id);
          host?.event(this.links && host.protocol.opensAddresses ? this.links.entriesFor(told) : told);
        }
        return;
      }
      case "note":
        if (effect.shown !== undefined && this.platform.show) return this.platform.show(effect.shown);
        return log[effect.level ?? "info"](effect.text);
      case "withdrawn":
        return this.links?.withdrawn(effect.entry);
      case "append":
        return this.store!.append(effect.batch);
      case "exchange":
        return this.exchange?.hub(effect.output, this.now);
      case "query":
        return this.store!.query(effect.id, effect.query);
      case "end":
        return this.#hosts.get(effect.session)?.end(effect.why);
      case "prove":
        return void this.#verify(effect.session, "a proof", (by) => this.platform.prove(effect, by));
      case "enroll":
        return void this.#enroll(effect);
      case "setPassword":
        return void this.#setPassword(effect);
      case "check":
        return void this.#verify(effect.session, "a password", async (by) => ({
          right: await this.platform.verify(effect.password, effect.secret, by),
        }));
    }
  }

  /** Sockets that are ready have their turn first: what they bring is one batch. */
  #flushSoon(): void {
    if (!this.hub.wantsFlush) return;
    this.#flushDue = true;
    this.platform.soon(() => {
      this.#flushDue = false;
      this.#flush(this.beginTurn());
      this.#carryOutHub();
    });
  }

  #stored(event: StoreEvent): void {
    const now = this.beginTurn();
    this.#try("an answer of the store", () => {
      if (event.type === "committed") this.hub.committed(event.batches);
      else if (event.type === "notCommitted") this.hub.notCommitted(event.why, now);
      else this.hub.answered(event.id, event.answer);
    });
    // The next batch is sent before the results of this one are told, so that both happen at the same time.
    const told = this.hub.takeOutputs();
    this.#flush(now);
    this.#carryOutHub();
    for (const effect of told) this.#carryOut(effect);
    this.drain();
    if (!this.hub.awaitsStore) this.#whenIdle?.();
  }

  #flush(now: number): void {
    this.hub.flush(now, this.platform.wallTime(), this.#writesAll);
  }

  /** Logs a bug of ours that no session has caused. */
  #try(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      log.error(`internal error in ${what}: ${stackOf(error)}`);
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
    this.#try(`session ${id}`, () => this.command(id, { type: "checked", ...result }));
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
    this.hub.enrolled(session, name, outcome);
    this.drain();
  }

  async #setPassword({ session, ref, name, password }: Extract<Effect, { type: "setPassword" }>): Promise<void> {
    let outcome: ScryptSecret | string = "this server cannot store passwords";
    try {
      outcome = await this.platform.setPassword?.(name, password, this.#requester(session)) ?? outcome;
    } catch (error) {
      outcome = "the password could not be stored and stays as it was; the server's log says why";
      log.error(`the new password of ${name} could not be stored: ${reason(error)}`);
    }
    this.beginTurn();
    this.hub.passwordStored(session, ref, name, outcome);
    this.drain();
  }
}
