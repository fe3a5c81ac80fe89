import type { Limits } from "../base/limits.ts";
import type { Accounts, ScryptSecret } from "./accounts.ts";
import type { Command } from "./command.ts";
import { Delivery } from "./delivery.ts";
import { type Event, Message, type Scope } from "./event.ts";
import { Patience } from "./patience.ts";

/** What names a session for as long as the server runs. */
export type SessionId = number;

/** What the hub wants done. */
export type Effect =
  | { readonly type: "tell"; readonly to: readonly SessionId[]; readonly event: Event }
  /** Try a password against a secret and come back with `checked`. */
  | { readonly type: "check"; readonly session: SessionId; readonly password: string; readonly secret: ScryptSecret }
  /** For the log. */
  | { readonly type: "note"; readonly text: string };

/** The hub's view of one session. */
interface Presence {
  readonly id: SessionId;
  readonly address: string;
  name: string | undefined;
  ready: boolean;
  login: { readonly name: string; counts: boolean } | undefined;
  /** Messages under way to it that it has neither taken nor missed. */
  readonly owes: Map<number, Delivery>;
}

interface HeldLogin {
  readonly due: number;
  readonly session: SessionId;
  readonly name: string;
  readonly password: string;
}

/**
 * The chat: who is online, and what became of each message. Pure and synchronous: a command and a time in, effects out.
 *
 * 1. Messages to one receiver are told in the order in which the hub took them.
 * 2. Each message has one outcome, told once, when every receiver has taken or missed it; a receiver that leaves misses
 *    what it has not taken.
 * 3. `leave` takes all that a session has: its name, its place, what it owes. Said again, it does nothing.
 */
export class Hub {
  readonly #presences = new Map<SessionId, Presence>();
  /** By name, in the order they came online. */
  readonly #online = new Map<string, Presence>();
  readonly #patience: Patience;
  #held: HeldLogin[] = [];
  #lastMessage = 0;
  #accounts: Accounts;

  constructor(accounts: Accounts, limits: Limits) {
    this.#accounts = accounts;
    this.#patience = new Patience(limits);
  }

  /** Uses these accounts for logins from now on; who is online stays. */
  replaceAccounts(accounts: Accounts): void {
    this.#accounts = accounts;
  }

  /** A new session, seen at this address. */
  enter(id: SessionId, address: string): void {
    this.#presences.set(id, { id, address, name: undefined, ready: false, login: undefined, owes: new Map() });
  }

  /** How much the hub holds, for those who watch it. */
  get size(): { sessions: number; online: number; underWay: number; heldLogins: number } {
    let underWay = 0;
    for (const presence of this.#presences.values()) underWay += presence.owes.size;
    return { sessions: this.#presences.size, online: this.#online.size, underWay, heldLogins: this.#held.length };
  }

  handle(id: SessionId, command: Command, now: number): Effect[] {
    const presence = this.#presences.get(id);
    if (!presence) return [];
    switch (command.type) {
      case "login":
        return this.#login(presence, command.name, command.password, now);
      case "checked":
        return this.#judged(presence, command.right);
      case "ready":
        presence.ready = true;
        return [];
      case "who":
        return [tell(id, { type: "present", names: this.#namesFor(presence) })];
      case "send":
        return this.#send(presence, command.ref, command.to, command.text);
      case "sendAll":
        return this.#sendAll(presence, command.ref, command.text);
      case "taken":
        return this.#settle(presence, command.id, true);
      case "missed":
        return this.#settle(presence, command.id, false);
      case "leave":
        return this.#leave(presence, command.why);
    }
  }

  /** Looks at the logins that have waited long enough. */
  tick(now: number): Effect[] {
    if (this.#held.length === 0) return [];
    const due = this.#held.filter((login) => login.due <= now);
    if (due.length === 0) return [];
    this.#held = this.#held.filter((login) => login.due > now);
    return due.flatMap((login) => this.#judge(this.#presences.get(login.session)!, login.name, login.password));
  }

  /** Settles all that is under way as missed and tells every session that the server stops. */
  close(): Effect[] {
    const effects = [...this.#presences.values()].flatMap((presence) => this.#missAll(presence));
    effects.push({ type: "tell", to: [...this.#presences.keys()], event: { type: "closing" } });
    return effects;
  }

  #login(presence: Presence, name: string, password: string, now: number): Effect[] {
    if (presence.name !== undefined || presence.login) return [];
    presence.login = { name, counts: true };
    const wait = this.#patience.attempted(name, presence.address, now);
    if (wait === 0) return this.#judge(presence, name, password);
    this.#held.push({ due: now + wait, session: presence.id, name, password });
    return [{ type: "note", text: `login of ${name} from ${presence.address} waits ${wait / 1000} s after failures` }];
  }

  #judge(presence: Presence, name: string, password: string): Effect[] {
    const judgement = this.#accounts.judge(name, password);
    if ("right" in judgement) return this.#judged(presence, judgement.right);
    presence.login!.counts = judgement.counts;
    return [{ type: "check", session: presence.id, password, secret: judgement.try }];
  }

  #judged(presence: Presence, right: boolean): Effect[] {
    const login = presence.login;
    if (!login) return [];
    presence.login = undefined;
    const { id, address } = presence;
    if (!right || !login.counts) {
      return [
        tell(id, { type: "turnedAway", why: "credentials" }),
        { type: "note", text: `login of ${login.name} from ${address} refused: name or password` },
      ];
    }
    this.#patience.succeeded(login.name, address);
    if (this.#online.has(login.name)) {
      return [
        tell(id, { type: "turnedAway", why: "already online" }),
        { type: "note", text: `login of ${login.name} from ${address} refused: already online` },
      ];
    }
    presence.name = login.name;
    this.#online.set(login.name, presence);
    return [
      tell(id, { type: "welcome", name: login.name }),
      { type: "note", text: `${login.name} is online from ${address} (${this.#online.size} online)` },
    ];
  }

  #namesFor(asker: Presence): string[] {
    const names = asker.name === undefined ? [] : [asker.name];
    for (const name of this.#online.keys()) if (name !== asker.name) names.push(name);
    return names;
  }

  #send(sender: Presence, ref: number, to: string, text: string): Effect[] {
    const receiver = this.#online.get(to);
    if (!receiver?.ready || sender.name === undefined) {
      return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    }
    const delivery = new Delivery(sender.id, ref);
    return [this.#dispatch([receiver], delivery, sender.name, "one", text)];
  }

  #sendAll(sender: Presence, ref: number, text: string): Effect[] {
    if (sender.name === undefined) return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    const delivery = new Delivery(sender.id, ref);
    const receivers: Presence[] = [];
    for (const presence of this.#online.values()) {
      if (presence === sender) continue;
      if (presence.ready) receivers.push(presence);
      else {
        delivery.expect();
        delivery.miss();
      }
    }
    if (receivers.length === 0) return [outcome(delivery)];
    return [this.#dispatch(receivers, delivery, sender.name, "all", text)];
  }

  #dispatch(receivers: Presence[], delivery: Delivery, from: string, scope: Scope, text: string): Effect {
    const id = ++this.#lastMessage;
    for (const receiver of receivers) {
      delivery.expect();
      receiver.owes.set(id, delivery);
    }
    return { type: "tell", to: receivers.map(({ id }) => id), event: new Message(id, from, scope, text) };
  }

  #settle(presence: Presence, id: number, taken: boolean): Effect[] {
    const delivery = presence.owes.get(id);
    if (!delivery) return [];
    presence.owes.delete(id);
    if (taken) delivery.take();
    else delivery.miss();
    return delivery.settled ? [outcome(delivery)] : [];
  }

  #missAll(presence: Presence): Effect[] {
    return [...presence.owes.keys()].flatMap((id) => this.#settle(presence, id, false));
  }

  #leave(presence: Presence, why: string): Effect[] {
    this.#presences.delete(presence.id);
    this.#held = this.#held.filter((login) => login.session !== presence.id);
    if (presence.name !== undefined) this.#online.delete(presence.name);
    const effects = this.#missAll(presence);
    const who = presence.name ?? presence.address;
    effects.push({ type: "note", text: `${who} left: ${why} (${this.#online.size} online)` });
    return effects;
  }
}

function tell(id: SessionId, event: Event): Effect {
  return { type: "tell", to: [id], event };
}

function outcome(delivery: Delivery): Effect {
  return tell(delivery.sender, { type: "outcome", ref: delivery.ref, delivered: delivery.delivered });
}
