import type { SessionId } from "./event.ts";
import type { Limits } from "../core/limits.ts";
import type { Accounts, ScryptSecret, Secret } from "./accounts.ts";
import type { Command } from "./command.ts";
import { Audience } from "./audience.ts";
import { PendingOutcome } from "./outcome.ts";
import { Queries } from "./queries.ts";
import { encodeText, textFault } from "../core/text.ts";
import { type Effect, tell } from "./effect.ts";
import { Login, type Randomness } from "./login.ts";
import { OnlineUsers, Session } from "./users.ts";
import { KeptDelivery } from "./kept_delivery.ts";
import { PresenceUpdates } from "./presence.ts";
import { Registration } from "./registration.ts";
import { LOBBY } from "./names.ts";
import type { MessageStore } from "./store.ts";
import { Tally } from "./tally.ts";
import { LiveDelivery } from "./live_delivery.ts";
import { type ChatView, chatView } from "./view.ts";

/** What a hub is given besides its accounts and limits. */
export interface StoreOptions {
  /** Opens what messages are kept in, when it is first needed; it may throw. */
  open(): MessageStore;
  /** It could not be opened when it was needed. */
  failed(error: unknown): void;
  readonly dice: Randomness;
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
  readonly #sessions = new Map<SessionId, Session>();
  readonly #people = new OnlineUsers();
  readonly #liveDelivery: LiveDelivery;
  readonly #news = new PresenceUpdates(this.#people);
  readonly #entrance: Login;
  readonly #registrar: Registration | undefined;
  readonly #keeping: StoreOptions | undefined;
  #post: KeptDelivery | undefined;
  #directory: Queries | undefined;
  #accounts: Accounts;
  #pruneAt = 0;

  constructor(accounts: Accounts, readonly limits: Limits, keeping?: StoreOptions) {
    this.#accounts = accounts;
    this.#keeping = keeping;
    this.#liveDelivery = new LiveDelivery(this.#people, this.tally);
    this.#entrance = new Login(
      {
        accounts: () => this.#accounts,
        store: () => this.store,
        admit: (session, name, proof, now) => this.#admit(session, name, proof, now),
        session: (id) => this.#sessions.get(id),
      },
      limits,
      keeping?.dice,
    );
    if (!keeping?.registers) return;
    this.#registrar = new Registration({
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
  get store(): MessageStore | undefined {
    return this.#post?.store;
  }

  /** Opens what messages are kept in, unless it is open; throws when it cannot be opened. */
  openStore(now: number): void {
    if (this.#post) return;
    if (!this.#keeping) throw new Error("this server keeps no messages");
    const store = this.#keeping.open();
    const audience = new Audience(store, this.#people);
    const post = this.#post = new KeptDelivery(store, this.#people, audience, this.limits, this.tally);
    this.#directory = new Queries(store, this.#people, audience, () => this.#accounts, this.limits);
    for (const name of this.#people.names) this.#seen(name, now);
    for (const session of this.#people.handouts) if (session.ready) post.ready(session, now);
  }

  /** Whether there is, by now, something that messages are kept in. */
  canKeep(now: number): boolean {
    try {
      this.openStore(now);
      return true;
    } catch (error) {
      this.#keeping?.failed(error);
      return false;
    }
  }

  /** Forgets what it remembers of the store, which has gone back to an earlier state. */
  forgetStoreState(): void {
    this.#post?.recall();
  }

  /** Whether a session speaks our own protocol. */
  isNative(id: SessionId): boolean {
    return this.#sessions.get(id)?.kind === "native";
  }

  /** A new session, seen at this address; nothing is noted of a `brief` one's leaving. */
  addSession(id: SessionId, address: string, brief = false): void {
    this.#sessions.set(id, new Session(id, address, brief));
  }

  /** How much the hub holds, for those who watch it. */
  get size(): { sessions: number; online: number; underWay: number; heldLogins: number } {
    let underWay = 0;
    for (const session of this.#sessions.values()) underWay += session.owing;
    for (const user of this.#people.all) underWay += user.awaited.size;
    return { sessions: this.#sessions.size, online: this.#people.size, underWay, heldLogins: this.#entrance.delayed };
  }

  /** Who is there, and of the rooms so many at most. */
  view(rooms: number): ChatView {
    return chatView(this.#people, this.#post?.audience, rooms);
  }

  handle(id: SessionId, command: Command, now: number): Effect[] {
    const session = this.#sessions.get(id);
    if (!session) return [];
    switch (command.type) {
      case "login":
        return this.#entrance.login(session, command.name, command.password, now);
      case "checkPassword":
        return this.#entrance.login(session, command.name, command.password, now, true);
      case "authenticated":
        return this.#native(session, now) ?? this.#entrance.authenticated(session, command.name, now);
      case "checked":
        return this.#entrance.checked(session, command.right, command.proof, now);
      case "register":
        return this.#registrar?.register(session, command.name, command.password, now) ?? [];
      case "ready":
        session.ready = true;
        if (session.name !== undefined) this.#post?.ready(session, now);
        return [];
      case "enterAsGuest":
        return this.#visit(session, command.as);
      case "announce":
        return this.#announce(session, command.text, now);
      case "who":
        return [tell(id, { type: "present", names: this.#namesFor(session) })];
      case "send":
        return this.#send(session, command.ref, command.to, command.text, now);
      case "sendAll":
        return this.#sendAll(session, command.ref, command.text, now);
      case "taken":
        return this.#settle(session, command.id, "taken", true, now);
      case "missed":
        return this.#settle(session, command.id, "missed", command.sent, now);
      case "leave":
        return this.#leave(session, command.why, now);
      case "become":
        return this.#become(session, now);
      case "hello":
        return this.#native(session, now) ??
          this.#entrance.hello(session, command.name, command.nonce, command.key);
      case "prove":
        return this.#entrance.prove(session, command.proof, now);
    }
    if (session.name === undefined || session.kind !== "native") return [];
    switch (command.type) {
      case "resume":
        return this.#post!.resume(session, command.store, command.after, now);
      case "say": {
        const fault = () => this.#directory!.fault(session.name!, command.to, command.text);
        return this.#post!.say(session, command.id, command.to, command.text, fault, now);
      }
      case "acknowledge":
        return this.#post!.acknowledge(session, command.seq, now);
      case "signal":
        return [this.#signal(session, command.to, command.text)];
      default:
        return this.#directory!.answer(session, command, now);
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
    for (const session of this.#sessions.values()) {
      const user = this.#people.get(session.name);
      if (user && this.#post) effects.push(...this.#post.release(session, user, true, now));
      else effects.push(...this.#missAll(session, now));
    }
    effects.push(...this.#post?.tick(now) ?? []);
    effects.push({ type: "tell", to: [...this.#sessions.keys()], event: { type: "closing" } });
    return effects;
  }

  /** The session speaks our own protocol, which needs messages to be kept; what it is told if they cannot be. */
  #native(session: Session, now: number): Effect[] | undefined {
    if (!this.canKeep(now)) {
      return [tell(session.id, { type: "turnedAway", why: { text: "this server cannot keep messages" } })];
    }
    session.kind = "native";
    return undefined;
  }

  #admit(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[] {
    const { id, address } = session;
    if (session.kind === "handout" && this.#people.get(name)?.handout) {
      return [
        tell(id, { type: "turnedAway", why: "already online" }),
        { type: "note", text: `login of ${name} from ${address} refused: already online` },
      ];
    }
    session.name = name;
    if (this.#people.enter(session, now)) this.#news.online(name, now);
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

  #namesFor(asker: Session): string[] {
    const names = asker.name === undefined ? [] : [asker.name];
    for (const name of this.#people.names) if (name !== asker.name) names.push(name);
    return names;
  }

  #send(sender: Session, ref: number, to: string, text: string, now: number): Effect[] {
    if (sender.name === undefined) return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    const receiver = this.#people.get(to);
    const delivery = new PendingOutcome(sender.id, ref, this.tally);
    if (receiver?.listens) return this.#post!.sayLive(sender, { user: to }, text, delivery, now);
    return this.#liveDelivery.send(sender, receiver?.handout, text, delivery, now);
  }

  #sendAll(sender: Session, ref: number, text: string, now: number): Effect[] {
    if (sender.name === undefined) return [tell(sender.id, { type: "outcome", ref, delivered: false })];
    const delivery = new PendingOutcome(sender.id, ref, this.tally);
    if (this.#post) return this.#post.sayLive(sender, { room: LOBBY }, text, delivery, now);
    return this.#liveDelivery.sendAll(sender, text, delivery, now);
  }

  /** What is not kept: it is told to whoever is there. */
  #signal(sender: Session, to: string, text: string): Effect {
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

  #visit(session: Session, name: string): Effect[] {
    if (session.name !== undefined) return [];
    session.guestName = name;
    this.#people.enterAsGuest(session);
    const { size } = this.#people.guests;
    return [{ type: "note", text: `${name} is in the lobby (${size} ${size === 1 ? "guest" : "guests"})` }];
  }

  /** A guest says something to everybody; nobody answers for it to them. */
  #announce(guest: Session, text: string, now: number): Effect[] {
    if (guest.kind !== "guest") return [];
    const tooLong = textFault(text, this.limits.textBytes);
    if (tooLong !== undefined) return [tell(guest.id, { type: "denied", ref: 0, why: tooLong })];
    const shown: Effect = { type: "note", text: `<${guest.guestName}> ${text}` };
    if (this.#post) return [shown, ...this.#post.announce(guest, text, now)];
    return [shown, ...this.#liveDelivery.announce(guest, text, now)];
  }

  #settle(session: Session, id: number, what: "taken" | "missed", sent: boolean, now: number): Effect[] {
    if (this.#post) return this.#post.settle(session, id, what, sent, now);
    return this.#liveDelivery.settle(session, id, what, now);
  }

  #missAll(session: Session, now: number): Effect[] {
    return [...session.owes.keys()].flatMap((id) => this.#settle(session, id, "missed", true, now));
  }

  /** A handout session goes on in our own protocol. Nothing is under way to it; what waits comes to it by its stream. */
  #become(session: Session, now: number): Effect[] {
    const user = this.#people.get(session.name);
    if (!user || session.kind === "native" || !this.canKeep(now)) return [];
    const effects = this.#post!.release(session, user, false, now);
    // That they came may have been undone with what else was not kept.
    this.#seen(user.name, now);
    this.#people.switchToNative(session);
    return effects;
  }

  #leave(session: Session, why: string, now: number): Effect[] {
    this.#sessions.delete(session.id);
    this.#entrance.forget(session);
    const user = this.#people.get(session.name);
    const gone = this.#people.leave(session);
    const effects = user && this.#post ? this.#post.release(session, user, true, now) : this.#missAll(session, now);
    if (gone) this.#news.offline(gone.name, now);
    if (session.oneShot) return effects;
    const who = session.name ?? (session.guestName || session.address);
    return [...effects, { type: "note", text: `${who} left: ${why} (${this.#people.size} online)` }];
  }

  /** Forgets what is too old or too much, a bounded piece at a time; senders of what nobody came for are told. */
  #prune(post: KeptDelivery, now: number): Effect[] {
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
