import { networkOf } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { Outputs } from "../core/machine.ts";
import { RateLimiters } from "../core/limiters.ts";
import { type Accounts, encodeScrypt, type ScryptSecret, type Secret } from "./accounts.ts";
import { ClientMessages } from "./client_messages.ts";
import type { Command } from "./command.ts";
import type { Target } from "./entry.ts";
import { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import { Guests } from "./guests.ts";
import { NameIndex } from "./name_index.ts";
import { RecentLog } from "./log.ts";
import { LiveMessages } from "./live_messages.ts";
import { LogWriter } from "./log_writer.ts";
import { NativeCommands } from "./native_commands.ts";
import { NewNames } from "./new_names.ts";
import { Operator } from "./operator.ts";
import { PasswordChange } from "./password_change.ts";
import { Login, type Randomness } from "./login.ts";
import { PresenceUpdates } from "./presence.ts";
import { Queries } from "./queries.ts";
import { Questions } from "./questions.ts";
import { Registration } from "./registration.ts";
import { isUnproven, type KnownUser, Roster } from "./roster.ts";
import type { Answer, Snapshot } from "./store.ts";
import { Tally } from "./tally.ts";
import type { SessionId } from "./event.ts";
import type { ExchangeInput } from "./exchange_events.ts";
import { SharedChat } from "./shared_chat.ts";
import { Maintenance } from "./maintenance.ts";
import { Tickets } from "./tickets.ts";
import { UnprovenNames } from "./unproven.ts";
import { OnlineUsers, Session } from "./users.ts";
import { type ChatView, chatView } from "./view.ts";

/** What a hub is given besides its accounts and limits. */
export interface HubOptions {
  /** What the store holds; without one nothing is kept, and native clients are refused. */
  readonly snapshot: Snapshot;
  readonly randomness: Randomness;
  /** Whether people may make accounts for themselves. */
  readonly registers?: boolean;
  /** Whether people may change their passwords. */
  readonly changesPasswords?: boolean;
  /** Whether guests may log in: with a name that is no account's, held by a key. */
  readonly guests?: boolean;
  /** Whether the chat is shared with other servers: effects of the type `exchange` are for them. */
  readonly shares?: boolean;
}

const EMPTY = { id: "", last: 0, time: 0, searches: false, users: [], rooms: [], pairs: [], producers: [] };

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
  readonly tally: Tally = new Tally();
  readonly operator: Operator;
  readonly #outputs = new Outputs<Effect>();
  readonly #sessions = new Map<SessionId, Session>();
  readonly #online = new OnlineUsers();
  readonly #presence = new PresenceUpdates(this.#online);
  readonly #snapshot: Snapshot | undefined;
  readonly #roster: Roster;
  readonly #log: RecentLog;
  readonly #writer: LogWriter;
  readonly #questions: Questions;
  readonly #delivery: Delivery;
  readonly #queries: Queries;
  readonly #messages: ClientMessages;
  readonly #guests: Guests;
  readonly #live: LiveMessages;
  readonly #natives: NativeCommands | undefined;
  readonly #maintenance: Maintenance | undefined;
  readonly #login: Login;
  readonly #unproven: UnprovenNames;
  readonly #registration: Registration | undefined;
  readonly #passwords: PasswordChange;
  readonly #tickets: Tickets;
  readonly #shared: SharedChat | undefined;
  /** Where files can be left over HTTP, such as "http:2080"; undefined where they cannot. */
  filesAt: string | undefined;
  /** Attempts to register or to take a name, by address. */
  readonly #attempts: RateLimiters;
  /** The names of all accounts and registered users. */
  #names: NameIndex;
  readonly #newNames: NewNames;
  #accounts: Accounts;
  readonly #takesGuests: boolean;
  /** Whether the lobby is kept. */
  #keeps: boolean;

  constructor(accounts: Accounts, readonly limits: Limits, options?: HubOptions) {
    this.#accounts = accounts;
    this.#takesGuests = options?.guests ?? false;
    this.#snapshot = options?.snapshot;
    const start = this.#snapshot ?? EMPTY;
    const outputs = this.#outputs;
    const online = this.#online;
    const roster = this.#roster = new Roster(start);
    this.#newNames = new NewNames(roster, limits);
    this.#attempts = new RateLimiters(limits.attemptBurst, limits.attemptsPerMinute / 60, limits.failureEntries);
    const log = this.#log = new RecentLog(start.last, limits.logBytes);
    const writer = this.#writer = new LogWriter(roster, outputs, start);
    const questions = this.#questions = new Questions(outputs);
    const shared = { log, writer, roster, online, questions, outputs, limits };
    this.#delivery = new Delivery({ ...shared, tally: this.tally });
    this.#shared = options?.shares
      ? new SharedChat({
        ...shared,
        snapshot: options.snapshot,
        delivery: this.#delivery,
        presence: this.#presence,
        accounts: () => this.#accounts,
        register: (name, key, now) => void this.#register(name, key, now, true),
        held: (name) => this.#names.add(name),
        refused: (producer, number, why) => this.#messages.refuse(producer, number, why),
        endSessions: (name, why) => void this.operator.endSessions(name, why),
        admit: (session, name, proof, now) => this.#admit(session, name, proof, now),
        session: (id) => this.#sessions.get(id),
      })
      : undefined;
    const sharing = this.#shared?.sharing;
    this.#names = this.#indexNames();
    const { searches } = start;
    this.#queries = new Queries({
      ...shared,
      delivery: this.#delivery,
      accounts: () => this.#accounts,
      names: () => this.#names,
      searches,
      sharing,
      memberChanged: (...change) => this.#presence.memberChanged(...change),
    });
    const parts = { ...shared, delivery: this.#delivery, queries: this.#queries };
    this.#messages = new ClientMessages({ ...parts, tally: this.tally, sharing, store: start.id });
    this.#guests = new Guests({
      ...parts,
      messages: this.#messages,
      names: () => this.#names,
      attempts: this.#attempts,
      keepsLobby: () => this.#keeps,
      stores: this.stores,
    });
    this.#live = new LiveMessages({
      ...parts,
      messages: this.#messages,
      guests: this.#guests,
      tally: this.tally,
      keepsLobby: () => this.#keeps,
    });
    this.operator = new Operator({ ...parts, messages: this.#messages, keepsLobby: () => this.#keeps });
    const snapshot = this.#snapshot;
    this.#tickets = new Tickets((count) => options?.randomness.bytes(count) ?? new Uint8Array(0));
    this.#natives = snapshot && new NativeCommands({
      ...parts,
      messages: this.#messages,
      live: this.#live,
      snapshot,
      tickets: this.#tickets,
      filesAt: () => this.filesAt,
      servers: () => this.#shared?.servers,
    });
    this.#maintenance = this.#snapshot && new Maintenance({ ...parts, snapshot: this.#snapshot });
    this.#keeps = sharing !== undefined || start.users.some(({ registered }) => registered);
    this.#login = new Login(
      {
        accounts: () => this.#accounts,
        keyOf: (name) => this.#roster.user(name),
        names: () => this.#names,
        isGuest: (name) => this.#guests.isHeld(name),
        newNameFault: (address, now) => this.#newNames.fault(address, now),
        register: (name, key, address, now) => {
          this.#newNames.count(address, now);
          if (!this.#shared?.names.takesKey(name, key)) this.#register(name, key, now);
        },
        attempts: this.#attempts,
        cameFrom: (name, address) => this.#cameFrom(name, address),
        admit: (session, name, proof, now) => this.#admit(session, name, proof, now),
        session: (id) => this.#sessions.get(id),
      },
      limits,
      options?.randomness,
      roster.users,
    );
    this.#unproven = new UnprovenNames({
      ...shared,
      delivery: this.#delivery,
      accounts: () => this.#accounts,
      names: () => this.#names,
      attempts: this.#attempts,
      newNameFault: (address, now) => this.#newNames.fault(address, now),
      register: (name, key, address, now) => {
        this.#newNames.count(address, now);
        this.#register(name, key, now);
      },
      admit: (session, name, now) => this.#admit(session, name, undefined, now),
    }, limits);
    this.#passwords = new PasswordChange(
      {
        accounts: () => this.#accounts,
        login: this.#login,
        replace: (name, secret) => {
          const before = this.#shared?.names.refOf(name);
          this.#accounts = this.#accounts.with(name, secret);
          this.#tickets.revoke(name);
          this.#shared?.names.secretChanged(name, before);
        },
        online: (name) => online.get(name),
        attempts: this.#attempts,
      },
      limits,
      options?.changesPasswords ?? false,
    );
    if (!options?.registers) return;
    this.#registration = new Registration({
      add: (name, secret) => {
        this.#accounts = this.#accounts.with(name, secret);
        this.#names.add(name);
        this.#shared?.names.secretChanged(name);
      },
      names: () => this.#names,
      isGuest: (name) => this.#guests.isHeld(name),
      attempts: this.#attempts,
    }, limits);
  }

  takeOutputs(): readonly Effect[] {
    return this.#outputs.take();
  }

  /** Whether accounts can be made. */
  get registers(): boolean {
    return this.#registration !== undefined;
  }

  /** Whether guests may log in. */
  get takesGuests(): boolean {
    return this.#takesGuests && this.stores;
  }

  /** Whether there is a store, which native sessions need. */
  get stores(): boolean {
    return this.#snapshot !== undefined;
  }

  /** What proves a name: the secret of an account, or the key that holds it; undefined where there is neither. */
  secretOf(name: string): Secret | Uint8Array | undefined {
    const secret = this.#accounts.secret(name);
    if (secret) return secret;
    const known = this.#roster.user(name);
    return known?.key && !isUnproven(known) ? known.key : undefined;
  }

  /** Why a user cannot say a text there; undefined when they can. */
  sayFault(from: string, to: Target, text: string): string | undefined {
    return this.#queries.fault(from, to, text);
  }

  /** Whose ticket it is; undefined for one that is not valid. */
  ticketUser(ticket: string, now: number): string | undefined {
    return this.#tickets.userOf(ticket, now);
  }

  /** Whether a user is in a room. */
  isIn(name: string, room: string): boolean {
    return this.#queries.isIn(name, room);
  }

  /** Uses these accounts from now on. The sessions of accounts that were removed, or have another password, end. */
  replaceAccounts(accounts: Accounts): void {
    const before = this.#accounts;
    this.#accounts = accounts;
    this.#names = this.#indexNames();
    for (const { name } of [...this.#online.all]) {
      const why = changeOf(before.secret(name), accounts.secret(name));
      if (why !== undefined) this.operator.endSessions(name, `ended because ${why}`);
    }
    this.#shared?.names.accountsChanged();
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

  /** How much the hub holds. */
  get size(): { sessions: number; online: number; underWay: number; heldLogins: number; waitingBytes: number } {
    let underWay = this.#delivery.awaiting;
    for (const session of this.#sessions.values()) underWay += session.owing;
    return {
      sessions: this.#sessions.size,
      online: this.#online.size,
      underWay,
      heldLogins: this.#login.waiting,
      waitingBytes: this.#roster.waitingBytes,
    };
  }

  /** Who is there, and of the rooms so many at most. */
  view(rooms: number): ChatView {
    return chatView(this.#online, this.#roster, rooms);
  }

  handle(id: SessionId, command: Command, now: number): void {
    const session = this.#sessions.get(id);
    if (session) this.#handle(session, command, now);
  }

  /** Has what was gathered written, or only what is urgent; called once a turn. `wall` is the wall clock, in ms since 1970. */
  flush(now: number, wall: number, all = false): void {
    this.#shared?.flush(now);
    this.#writer.flush(now, wall, all);
  }

  /** Whether something is to be written that can be written now. */
  get wantsFlush(): boolean {
    return this.#writer.isDue;
  }

  /** So many batches, those that were to be appended first, are committed. */
  committed(batches = 1): void {
    const { published, told } = this.#writer.committed(batches);
    this.#delivery.publish(published);
    told();
  }

  /** A batch could not be written: nothing is kept of it, nor of those that were to be appended after it up to now. */
  notCommitted(why: string, now: number): void {
    this.#outputs.push({ type: "note", level: "warning", text: `messages cannot be kept: ${why}` });
    this.#writer.notCommitted(`the server cannot keep messages at the moment: ${why}`, now);
  }

  /** The store's answer to a query, or why there is none. */
  answered(id: number, answer: Answer | { readonly failed: string }): void {
    this.#questions.answered(id, answer);
  }

  /** An account was written down, or why it could not be; who asked for it may have left. */
  enrolled(id: SessionId, name: string, outcome: ScryptSecret | string): void {
    this.#push(this.#registration!.enrolled(id, name, outcome));
  }

  /** A new password was written down, or why it could not be; who asked for it may have left. */
  passwordStored(id: SessionId, ref: number, name: string, outcome: ScryptSecret | string): void {
    this.#push(this.#passwords.stored(id, ref, name, outcome));
  }

  /** Something from the exchange with other servers. */
  exchange(input: ExchangeInput, now: number): void {
    this.#shared?.input(input, now);
  }

  /** Whether this server waits for the others, and how many of its records do; undefined where there are no others. */
  get sharing(): { readonly isAlone: boolean; readonly waiting: number } | undefined {
    return this.#shared?.sharing;
  }

  tick(now: number, wall: number): void {
    this.#shared?.tick(now);
    this.#push([...this.#login.tick(now), ...this.#presence.tick(now)]);
    this.#delivery.tick(now, wall);
    if (!this.#snapshot) return;
    this.#writer.flush(now, wall, true);
    this.#maintenance?.tick(now, wall);
  }

  /** Settles all that is under way as missed, and tells every session that the server stops. */
  close(now: number, wall: number): void {
    for (const session of this.#sessions.values()) this.#delivery.handouts.release(session, true, now);
    this.#delivery.tick(now, wall);
    this.#outputs.push({ type: "tell", to: [...this.#sessions.keys()], event: { type: "closing" } });
    this.#writer.flush(now, wall, true);
  }

  /** Whether everything is written and answered. */
  get isIdle(): boolean {
    return this.#writer.isIdle && this.#questions.open === 0;
  }

  /** Whether an answer of the store is still to come. */
  get awaitsStore(): boolean {
    return this.#writer.isWriting || this.#questions.open > 0;
  }

  #push(effects: readonly Effect[]): void {
    for (const effect of effects) this.#outputs.push(effect);
  }

  #handle(session: Session, command: Command, now: number): void {
    const { id } = session;
    switch (command.type) {
      case "login":
        return this.#push(this.#login.login(session, command.name, command.password, now));
      case "checkPassword":
        return this.#push(this.#login.login(session, command.name, command.password, now, true));
      case "authenticated":
        return this.#goNative(session) ? this.#push(this.#login.authenticated(session, command.name, now)) : undefined;
      case "claim":
        return this.#goNative(session) ? this.#push(this.#unproven.claim(session, command.name, now)) : undefined;
      case "checked":
        return this.#push(this.#login.checked(session, command.right, command.proof, now));
      case "register":
        return this.#push(this.#registration?.register(session, command.name, command.password, now) ?? []);
      case "ready":
        session.ready = true;
        if (session.name !== undefined && this.#keeps) this.#delivery.handouts.ready(session, now);
        return;
      case "enterAsGuest":
        return this.#guests.enterLobby(session, command.as);
      case "enterRoom":
        return this.#guests.enterRoom(session, command.as, command.room, now);
      case "announce":
        return this.#guests.announce(session, command.text, now);
      case "beginFile":
        return session.kind === "guest" ? this.#guests.files.begin(session, command.name, command.bytes) : undefined;
      case "shareFile":
        return this.#guests.shareFile(session, command.contents);
      case "offerFile":
        return this.#guests.offerFile(session, command, now);
      case "reserveFile":
        return this.#guests.files.reserve(session, command.offer, command.bytes);
      case "fileArrived":
        return this.#guests.files.arrived(session, command);
      case "releaseFile":
        return this.#guests.files.release(session, command.offer);
      case "fileTaken":
        return this.#guests.files.taken(id, command.id);
      case "holdName":
        return this.stores ? this.#push(this.#login.holdName(session, command.name, command.key, now)) : undefined;
      case "who":
        this.#outputs.push(tell(id, { type: "present", names: this.#online.list, asker: session.name }));
        return;
      case "send":
        return this.#live.send(session, command.ref, command.to, command.text, now);
      case "sendAll":
        return this.#live.sendAll(session, command.ref, command.text, now);
      case "taken":
        if (session.unproven) return this.#delivery.confirmed(session, command.id, now);
        return this.#delivery.handouts.settle(session, command.id, true, true, now);
      case "missed":
        return this.#delivery.handouts.settle(session, command.id, false, command.sent, now);
      case "leave":
        return this.#leave(session, command, now);
      case "become":
        return this.#become(session, now);
      case "hello":
        if (!this.#goNative(session)) return;
        return this.#push(this.#login.hello(session, command, now));
      case "prove":
        return this.#push(this.#login.prove(session, command.proof, now));
      case "passwd":
        if (session.name === undefined || session.kind !== "native") return;
        return this.#push(this.#passwords.change(session, command, now));
      case "signal":
        if (session.kind === "guest") return this.#live.signal(session, session.guestName, command.to, command.text);
    }
    const user = this.#online.get(session.name);
    if (user?.known && session.kind === "native") this.#natives!.handle(session, user, user.known, command, now);
  }

  /** Whether a session may speak our own protocol, which needs a store; it is told if not. */
  #goNative(session: Session): boolean {
    if (this.#snapshot) {
      session.kind = "native";
      return true;
    }
    this.#outputs.push(tell(session.id, { type: "turnedAway", why: { text: "this server cannot keep messages" } }));
    return false;
  }

  /** Remembers from where a user has logged in, which the store keeps once the user is in it. */
  #cameFrom(name: string, address: string): void {
    const user = this.#roster.user(name);
    if (user?.registered && !isUnproven(user)) {
      this.#roster.cameFrom(user, networkOf(address), this.limits.knownNetworks);
    }
  }

  #admit(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[] {
    const { id, address } = session;
    const heldUp = this.#shared?.names.holdUp(session, name, proof, now);
    if (heldUp) return heldUp;
    if (session.kind === "handout" && this.#online.get(name)?.handout) {
      return [
        tell(id, { type: "turnedAway", why: "already online" }),
        { type: "note", text: `login of ${name} from ${address} refused: already online` },
      ];
    }
    session.name = name;
    if (this.#online.enter(session, now)) this.#presence.online(name, now);
    this.#shared?.peopleChanged();
    this.#delivery.audienceChanged();
    if (session.kind === "native") this.#keep(now);
    else if (this.#keeps) this.#register(name, undefined, now);
    this.#cameFrom(name, address);
    return [
      tell(id, proof ? { type: "welcome", name, proof } : { type: "welcome", name }),
      { type: "note", text: `${name} is online from ${address} (${this.#online.size} online)` },
    ];
  }

  /** From now on the lobby is kept, and every user online is known. */
  #keep(now: number): void {
    for (const user of this.#online.all) if (!user.known) this.#register(user.name, undefined, now);
    if (this.#keeps) return;
    this.#keeps = true;
    for (const session of this.#online.handouts) if (session.ready) this.#delivery.handouts.ready(session, now);
  }

  /** `isElsewhere`: other servers know of it. */
  #register(name: string, key: Uint8Array | undefined, now: number, isElsewhere = false): KnownUser {
    if (!isElsewhere && !this.#roster.user(name)?.registered) this.#shared?.registered(name, key);
    const known = this.#roster.register(name, key, now, this.#log.last);
    const user = this.#online.get(name);
    if (user) user.known = known;
    this.#names.add(name);
    this.#delivery.audienceChanged();
    return known;
  }

  #indexNames(): NameIndex {
    const names = [...this.#accounts.names, ...this.#shared?.names.held ?? []];
    for (const { name, registered } of this.#roster.users) if (registered) names.push(name);
    return new NameIndex(names);
  }

  /** A handout session goes on in our own protocol. */
  #become(session: Session, now: number): void {
    const user = this.#online.get(session.name);
    if (!user || session.kind === "native" || !this.#snapshot) return;
    this.#delivery.handouts.handOver(session, user, now);
    this.#keep(now);
    this.#shared?.peopleChanged();
    this.#cameFrom(session.name!, session.address);
  }

  #leave(session: Session, { why, breaksRule }: Extract<Command, { type: "leave" }>, now: number): void {
    this.#sessions.delete(session.id);
    this.#push(this.#login.forget(session, now));
    this.#guests.left(session);
    this.#delivery.handouts.release(session, true, now);
    const gone = this.#online.leave(session);
    this.#delivery.audienceChanged();
    if (gone && !this.#online.isOnline(gone.name)) this.#presence.offline(gone.name, now);
    if (session.name !== undefined) this.#shared?.peopleChanged();
    if (session.oneShot) return;
    const who = session.name ?? (session.guestName || session.address);
    const text = `${who} left: ${why} (${this.#online.size} online)`;
    this.#outputs.push(breaksRule ? { type: "note", level: "warning", text } : { type: "note", text });
  }
}

/** What has become of an account; undefined when it is as it was. */
function changeOf(before: Secret | undefined, after: Secret | undefined): string | undefined {
  if (!before) return after && "the name has an account now";
  if (!after) return "the account was removed";
  const [one, other] = [before, after].map((each) => each.type === "plain" ? each.password : encodeScrypt(each));
  return before.type === after.type && one === other ? undefined : "the password was changed";
}
