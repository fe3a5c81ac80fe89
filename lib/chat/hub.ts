import type { Limits } from "../core/limits.ts";
import type { Accounts, ScryptSecret, Secret } from "./accounts.ts";
import type { Command } from "./command.ts";
import { Audience } from "./audience.ts";
import { Delivery } from "./outcome.ts";
import { Directory } from "./queries.ts";
import { encodeText } from "../core/text.ts";
import { type Effect, tell } from "./effect.ts";
import { type Dice, Entrance } from "./login.ts";
import { People, Presence, type SessionId } from "./users.ts";
import { Post } from "./kept_delivery.ts";
import { PresenceNews } from "./presence.ts";
import { Registrar } from "./registration.ts";
import { LOBBY, type Store } from "./store.ts";
import { Tally } from "./tally.ts";
import { Voice } from "./live_delivery.ts";
import { type View, view } from "./view.ts";

/** What a hub is given besides its accounts and limits. */
export interface Keeping {
  /** Opens what messages are kept in, when it is first needed; it may throw. */
  open(): Store;
  /** It could not be opened when it was needed. */
  failed(error: unknown): void;
  readonly dice: Dice;
  /** Whether people may make accounts for themselves. */
  readonly registers?: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const PRUNE_MS = 60_000;
const PRUNE_ENTRIES = 1000;

/**
 * The chat: who is online, and what became of each message. Synchronous, without a clock of its own: a command and a time
 * in, effects out; what is to be kept goes into its store, and effects may be done only when that is committed.
 *
 * 1. Messages to one receiver are told in the order in which the hub took them.
 * 2. Each message has one outcome, told once, when every receiver has taken or missed it; a receiver that leaves misses
 *    what it has not taken.
 * 3. Between handout sessions nothing is kept, but for the lobby, and that only once somebody has come who speaks our own
 *    protocol. What concerns such a session is kept; see `Post`.
 * 4. `leave` takes all that a session has: its name, its place, what it owes. Said again, it does nothing.
 */
export class Hub {
  /** What it has done, for those who watch it. */
  readonly tally: Tally = new Tally();
  readonly #presences = new Map<SessionId, Presence>();
  readonly #people = new People();
  readonly #voice: Voice;
  readonly #news = new PresenceNews(this.#people);
  readonly #entrance: Entrance;
  readonly #registrar: Registrar | undefined;
  readonly #keeping: Keeping | undefined;
  #post: Post | undefined;
  #directory: Directory | undefined;
  #accounts: Accounts;
  #pruneAt = 0;

  constructor(accounts: Accounts, readonly limits: Limits, keeping?: Keeping) {
    this.#accounts = accounts;
    this.#keeping = keeping;
    this.#voice = new Voice(this.#people, this.tally);
    this.#entrance = new Entrance(
      {
        accounts: () => this.#accounts,
        store: () => this.store,
        admit: (presence, name, proof, now) => this.#admit(presence, name, proof, now),
        session: (id) => this.#presences.get(id),
      },
      limits,
      keeping?.dice,
    );
    if (!keeping?.registers) return;
    this.#registrar = new Registrar({
      accounts: () => this.#accounts,
      add: (name, secret) => void (this.#accounts = this.#accounts.with(name, secret)),
      store: () => this.store,
    }, limits);
  }

  /** Whether accounts can be made. */
  get registers(): boolean {
    return this.#registrar !== undefined;
  }

  /** An account was written down, or why it could not be; whoever asked for it may have left. */
  enrolled(id: SessionId, name: string, outcome: ScryptSecret | string): Effect[] {
    return this.#registrar!.enrolled(id, name, outcome);
  }

  /** How an account proves itself; undefined where there is none of the name. */
  secretOf(name: string): Secret | undefined {
    return this.#accounts.secret(name);
  }

  /** Uses these accounts for logins from now on; who is online stays. */
  replaceAccounts(accounts: Accounts): void {
    this.#accounts = accounts;
  }

  /** What messages are kept in; undefined while none are. */
  get store(): Store | undefined {
    return this.#post?.store;
  }

  /** Opens what messages are kept in, unless it is open; throws when it cannot be opened. */
  keep(now: number): void {
    if (this.#post) return;
    if (!this.#keeping) throw new Error("this server keeps no messages");
    const store = this.#keeping.open();
    const audience = new Audience(store, this.#people);
    const post = this.#post = new Post(store, this.#people, audience, this.limits, this.tally);
    this.#directory = new Directory(store, this.#people, audience, () => this.#accounts, this.limits);
    for (const name of this.#people.names) this.#seen(name, now);
    for (const presence of this.#people.handouts) if (presence.ready) post.ready(presence, now);
  }

  /** Whether there is, by now, something that messages are kept in. */
  canKeep(now: number): boolean {
    try {
      this.keep(now);
      return true;
    } catch (error) {
      this.#keeping?.failed(error);
      return false;
    }
  }

  /** Forgets what it remembers of the store, which has gone back to an earlier state. */
  recall(): void {
    this.#post?.recall();
  }

  /** Whether a session speaks our own protocol. */
  isNative(id: SessionId): boolean {
    return this.#presences.get(id)?.kind === "native";
  }

  /** A new session, seen at this address; nothing is noted of a `brief` one's leaving. */
  enter(id: SessionId, address: string, brief = false): void {
    this.#presences.set(id, new Presence(id, address, brief));
  }

  /** How much the hub holds, for those who watch it. */
  get size(): { sessions: number; online: number; underWay: number; heldLogins: number } {
    let underWay = 0;
    for (const presence of this.#presences.values()) underWay += presence.owing;
    for (const person of this.#people.all) underWay += person.awaited.size;
    return { sessions: this.#presences.size, online: this.#people.size, underWay, heldLogins: this.#entrance.held };
  }

  /** Who is there, and of the rooms so many at most. */
  view(rooms: number): View {
    return view(this.#people, this.#post?.audience, rooms);
  }

  handle(id: SessionId, command: Command, now: number): Effect[] {
    const presence = this.#presences.get(id);
    if (!presence) return [];
    switch (command.type) {
      case "login":
        return this.#entrance.login(presence, command.name, command.password, now);
      case "vouch":
        return this.#entrance.login(presence, command.name, command.password, now, true);
      case "known":
        return this.#native(presence, now) ?? this.#entrance.known(presence, command.name, now);
      case "checked":
        return this.#entrance.judged(presence, command.right, command.proof, now);
      case "register":
        return this.#registrar?.register(presence, command.name, command.password, now) ?? [];
      case "ready":
        presence.ready = true;
        if (presence.name !== undefined) this.#post?.ready(presence, now);
        return [];
      case "visit":
        return this.#visit(presence, command.as);
      case "announce":
        return this.#announce(presence, command.text, now);
      case "who":
        return [tell(id, { type: "present", names: this.#namesFor(presence) })];
      case "send":
        return this.#send(presence, command.ref, command.to, command.text, now);
      case "sendAll":
        return this.#sendAll(presence, command.ref, command.text, now);
      case "taken":
        return this.#settle(presence, command.id, "taken", true, now);
      case "missed":
        return this.#settle(presence, command.id, "missed", command.sent, now);
      case "leave":
        return this.#leave(presence, command.why, now);
      case "become":
        return this.#become(presence, now);
      case "hello":
        return this.#native(presence, now) ??
          this.#entrance.hello(presence, command.name, command.nonce, command.key);
      case "prove":
        return this.#entrance.prove(presence, command.proof, now);
    }
    if (presence.name === undefined || presence.kind !== "native") return [];
    switch (command.type) {
      case "resume":
        return this.#post!.resume(presence, command.store, command.after, now);
      case "say": {
        const fault = () => this.#directory!.fault(presence.name!, command.to, command.text);
        return this.#post!.say(presence, command.id, command.to, command.text, fault, now);
      }
      case "acknowledge":
        return this.#post!.acknowledge(presence, command.seq, now);
      case "signal":
        return [this.#signal(presence, command.to, command.text)];
      default:
        return this.#directory!.answer(presence, command, now);
    }
  }

  /** Time has passed. */
  tick(now: number): Effect[] {
    const effects = [...this.#entrance.tick(now), ...this.#news.tick(now)];
    if (!this.#post) return effects;
    effects.push(...this.#post.tick(now), ...this.#prune(this.#post, now));
    return effects;
  }

  /** Settles all that is under way as missed and tells every session that the server stops. */
  close(now: number): Effect[] {
    const effects: Effect[] = [];
    for (const presence of this.#presences.values()) {
      const person = this.#people.get(presence.name);
      if (person && this.#post) effects.push(...this.#post.release(presence, person, true, now));
      else effects.push(...this.#missAll(presence, now));
    }
    effects.push(...this.#post?.tick(now) ?? []);
    effects.push({ type: "tell", to: [...this.#presences.keys()], event: { type: "closing" } });
    return effects;
  }

  /** The session speaks our own protocol, which needs messages to be kept; what it is told if they cannot be. */
  #native(presence: Presence, now: number): Effect[] | undefined {
    if (!this.canKeep(now)) {
      return [tell(presence.id, { type: "turnedAway", why: { text: "this server cannot keep messages" } })];
    }
    presence.kind = "native";
    return undefined;
  }

  #admit(presence: Presence, name: string, proof: Uint8Array | undefined, now: number): Effect[] {
    const { id, address } = presence;
    if (presence.kind === "handout" && this.#people.get(name)?.handout) {
      return [
        tell(id, { type: "turnedAway", why: "already online" }),
        { type: "note", text: `login of ${name} from ${address} refused: already online` },
      ];
    }
    presence.name = name;
    if (this.#people.enter(presence, now)) this.#news.came(name, now);
    if (this.#post) this.#seen(name, now);
    return [
      tell(id, proof ? { type: "welcome", name, proof } : { type: "welcome", name }),
      { type: "note", text: `${name} is online from ${address} (${this.#people.size} online)` },
    ];
  }

  #seen(name: string, now: number): void {
    const { store } = this.#post!;
    if (!store.user(name)) store.addUser(name, undefined, now);
  }

  #namesFor(asker: Presence): string[] {
    const names = asker.name === undefined ? [] : [asker.name];
    for (const name of this.#people.names) if (name !== asker.name) names.push(name);
    return names;
  }

  #send(sender: Presence, ref: number, to: string, text: string, now: number): Effect[] {
    if (sender.name === undefined) return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    const receiver = this.#people.get(to);
    const delivery = new Delivery(sender.id, ref, this.tally);
    if (receiver?.listens) return this.#post!.sayLive(sender, { user: to }, text, delivery, now);
    return this.#voice.send(sender, receiver?.handout, text, delivery, now);
  }

  #sendAll(sender: Presence, ref: number, text: string, now: number): Effect[] {
    if (sender.name === undefined) return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    const delivery = new Delivery(sender.id, ref, this.tally);
    if (this.#post) return this.#post.sayLive(sender, { room: LOBBY }, text, delivery, now);
    return this.#voice.sendAll(sender, text, delivery, now);
  }

  /** What is not kept: it is told to whoever is there. */
  #signal(sender: Presence, to: string, text: string): Effect {
    const bytes = encodeText(text).length;
    const most = this.limits.signalBytes;
    if (bytes > most) {
      return tell(sender.id, { type: "unheard", to, why: `a signal has at most ${most} bytes, this has ${bytes}` });
    }
    const natives = this.#people.get(to)?.natives.filter((each) => each.ready && each !== sender) ?? [];
    if (natives.length === 0) return tell(sender.id, { type: "unheard", to, why: `no client of ${to} is there` });
    return {
      type: "tell",
      to: natives.map(({ id }) => id),
      event: { type: "signal", from: sender.name!, at: sender.address, text },
    };
  }

  #visit(presence: Presence, name: string): Effect[] {
    if (presence.name !== undefined) return [];
    presence.visitor = name;
    this.#people.visit(presence);
    const { size } = this.#people.guests;
    return [{ type: "note", text: `${name} is in the lobby (${size} ${size === 1 ? "guest" : "guests"})` }];
  }

  /** A guest says something to everybody; nobody answers for it to them. */
  #announce(guest: Presence, text: string, now: number): Effect[] {
    if (guest.kind !== "guest") return [];
    const bytes = encodeText(text).length;
    const most = this.limits.textBytes;
    if (bytes > most) {
      return [tell(guest.id, { type: "denied", ref: 0, why: `a text has at most ${most} bytes, this has ${bytes}` })];
    }
    const shown: Effect = { type: "note", text: `<${guest.visitor}> ${text}` };
    if (this.#post) return [shown, ...this.#post.announce(guest, text, now)];
    return [shown, ...this.#voice.announce(guest, text, now)];
  }

  #settle(presence: Presence, id: number, what: "taken" | "missed", sent: boolean, now: number): Effect[] {
    if (this.#post) return this.#post.settle(presence, id, what, sent, now);
    return this.#voice.settle(presence, id, what, now);
  }

  #missAll(presence: Presence, now: number): Effect[] {
    return [...presence.owes.keys()].flatMap((id) => this.#settle(presence, id, "missed", true, now));
  }

  /** A handout session goes on in our own protocol. Nothing is under way to it; what waits comes to it by its stream. */
  #become(presence: Presence, now: number): Effect[] {
    const person = this.#people.get(presence.name);
    if (!person || presence.kind === "native" || !this.canKeep(now)) return [];
    const effects = this.#post!.release(presence, person, false, now);
    // That they came may have been undone with what else was not kept.
    this.#seen(person.name, now);
    this.#people.become(presence);
    return effects;
  }

  #leave(presence: Presence, why: string, now: number): Effect[] {
    this.#presences.delete(presence.id);
    this.#entrance.forget(presence);
    const person = this.#people.get(presence.name);
    const gone = this.#people.leave(presence);
    const effects = person && this.#post
      ? this.#post.release(presence, person, true, now)
      : this.#missAll(presence, now);
    if (gone) this.#news.went(gone.name, now);
    if (presence.brief) return effects;
    const who = presence.name ?? (presence.visitor || presence.address);
    return [...effects, { type: "note", text: `${who} left: ${why} (${this.#people.size} online)` }];
  }

  /** Forgets what is too old or too much, a bounded piece at a time; senders of what nobody came for are told. */
  #prune(post: Post, now: number): Effect[] {
    if (now < this.#pruneAt) return [];
    const { keepDays, keepPerRoom } = this.limits;
    const { expired, more } = post.store.prune(now - keepDays * DAY_MS, keepPerRoom, PRUNE_ENTRIES);
    this.#pruneAt = more ? now : now + PRUNE_MS;
    const why = `nobody came for it within ${keepDays} days`;
    return expired.flatMap(({ seq, from, to, id }) =>
      id === undefined ? [] : post.notify({ type: "failed", owner: from, to, id, of: seq, time: now, why })
    );
  }
}
