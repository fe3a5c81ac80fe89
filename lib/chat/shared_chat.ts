import { encodeBase64 } from "../core/bytes.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { Accounts } from "./accounts.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { PersonElsewhere } from "./elsewhere.ts";
import type { ServersEvent } from "./event.ts";
import type { ExchangeInput, NamedServer, ServerMessage } from "./exchange_events.ts";
import type { HandoutMessage } from "./handout_fan_out.ts";
import type { RecentLog } from "./log.ts";
import type { LogWriter } from "./log_writer.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { Questions } from "./questions.ts";
import { ALL_SERVERS } from "./records.ts";
import { RemoteOutcomes } from "./remote_outcomes.ts";
import { isUnproven, type KnownUser, type Room, type Roster } from "./roster.ts";
import { SharedCursors } from "./shared_cursors.ts";
import { KEY, SharedNames } from "./shared_names.ts";
import { Sharing } from "./sharing.ts";
import type { NameHolder, Snapshot } from "./store.ts";
import { RecordTaking } from "./taking.ts";
import type { OnlineUsers, Session } from "./users.ts";

export interface SharedChatParts {
  readonly snapshot: Snapshot;
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly log: RecentLog;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly outputs: Outputs<Effect>;
  readonly online: OnlineUsers;
  readonly presence: PresenceUpdates;
  readonly limits: Limits;
  readonly accounts: () => Accounts;
  /** A user is known from now on. */
  readonly register: (name: string, key: Uint8Array | undefined, now: number) => void;
  /** A name is held from now on. */
  readonly held: (name: string) => void;
  readonly endSessions: (name: string, why: string) => void;
  /** A session that has proved its name goes online. */
  readonly admit: (session: Session, name: string, proof: Uint8Array | undefined, now: number) => Effect[];
  readonly session: (id: number) => Session | undefined;
}

/** A login that waits until it is known which server holds the name. */
interface WaitingLogin {
  readonly session: Session;
  readonly name: string;
  readonly proof: Uint8Array | undefined;
  /** What the session has proved the name by: meanwhile another server may have said that another key holds it. */
  readonly ref: string;
  readonly until: number;
}

/** How long a login waits for the answer of the exchange. */
const CLAIM_MS = 5000;
/** Changes of who is online, and of who holds names, are gathered for so long: a lab that logs in at once is a few messages. */
const GATHER_MS = 200;
/** A server tells its name within so long. */
const NAMED_MS = 5000;
/** Records of the store that are read at once. */
const RECORDS = 256;

/** The chat as a part of one that several servers share: what comes from the exchange, and who may use which name. */
export class SharedChat {
  readonly sharing: Sharing;
  readonly #parts: SharedChatParts;
  readonly #taking: RecordTaking;
  readonly #names: SharedNames;
  readonly #outcomes: RemoteOutcomes;
  readonly #cursors: SharedCursors;
  /** The names of servers. */
  readonly #servers: Map<string, string>;
  readonly #waiting = new Map<number, WaitingLogin>();
  /** Names that are claimed, and not decided. */
  readonly #claimed = new Set<string>();
  /** Keys that will hold names once those are this server's. */
  readonly #freshKeys = new Map<string, Uint8Array>();
  /** Accounts of this server whose names others hold, which the operator is not told yet. */
  readonly #lost = new Set<string>();
  #lostAt = 0;
  #name = "";
  #others: readonly NamedServer[] = [];
  #peopleChanged = true;
  #peopleAt = 0;
  #hasClaimedAccounts = false;
  #now = 0;

  constructor(parts: SharedChatParts) {
    this.#parts = parts;
    const { writer, roster, log, questions, delivery, outputs, online, limits, snapshot } = parts;
    const { sharing: saved, id: self } = snapshot;
    this.#servers = new Map(saved?.servers.map(({ server, name }) => [server, name]));
    const nameOf = (server: string) => this.#servers.get(server) || server.slice(0, 8);
    this.#names = new SharedNames(self, saved?.names ?? [], nameOf);
    this.#outcomes = new RemoteOutcomes(nameOf);
    this.#taking = new RecordTaking({
      writer,
      roster,
      log,
      questions,
      delivery,
      outputs,
      limits,
      self,
      names: this.#names,
      registered: (name, key, now) => parts.register(name, key, now),
      membersChanged: (room, user, joined) => this.#membersChanged(room, user, joined),
      heldBy: (holder) => this.#heldBy(holder),
    });
    this.sharing = new Sharing({
      ...{ writer, questions, outputs, self, saved },
      taking: this.#taking,
      expect: (number, live) => this.#expect(number, live),
    });
    this.#cursors = new SharedCursors(this.sharing, log, questions, () => writer.urge());
    delivery.share({ sharing: this.sharing, cursors: this.#cursors, outcomes: this.#outcomes });
    // From now on there is a list of them, however empty.
    online.replaceElsewhere(self, []);
  }

  /** Names that some server holds. */
  get heldNames(): Iterable<string> {
    return this.#names.names;
  }

  input(event: ExchangeInput, now: number): void {
    this.#now = this.#taking.now = now;
    const { sharing } = this;
    const { online, presence } = this.#parts;
    switch (event.type) {
      case "record":
        return sharing.record(event.id, event.text, event.place);
      case "alone":
        sharing.setAlone(event.isAlone);
        return this.#tellServers();
      case "readTo":
        return sharing.readTo(event.place);
      case "readRecords":
        return sharing.readRecords(event.ref, event.server, event.after, RECORDS);
      case "server":
        if (this.#servers.get(event.server) === event.name) return;
        this.#servers.set(event.server, event.name);
        return sharing.named(event.server, event.name);
      case "servers":
        this.#name = event.name;
        this.#others = event.others;
        return this.#tellServers();
      case "people": {
        const { came, went } = online.replaceElsewhere(event.server, event.people);
        for (const name of came) presence.online(name, now);
        for (const name of went) presence.offline(name, now);
        return;
      }
      case "message":
        return this.#message(event.from, event.message);
    }
  }

  /** Before a batch is written. */
  flush(now: number): void {
    this.#cursors.flush(now);
  }

  tick(now: number): void {
    this.#now = this.#taking.now = now;
    if (!this.#hasClaimedAccounts) {
      this.#notePlain();
      this.accountsChanged();
    }
    for (const [id, { session, name, until }] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.delete(id);
      this.#parts.outputs.push(this.#refuse(session, `the other servers did not say in time who holds "${name}"`));
    }
    this.#tellLost(now);
    if (!this.#peopleChanged || now < this.#peopleAt) return;
    this.#peopleChanged = false;
    this.#peopleAt = now + GATHER_MS;
    const people = [...this.#parts.online.all].map(({ name, handout }): PersonElsewhere => ({
      name,
      isHandout: handout !== undefined,
    }));
    this.#parts.outputs.push({ type: "exchange", output: { type: "people", people } });
  }

  /** The servers of this chat, as native clients are told. */
  get servers(): ServersEvent {
    const list = this.#others.flatMap(({ name, place }) => {
      if (!place) return [];
      const { hostname: host, port, key, page } = place;
      return [{ name, host, port, key, page }];
    });
    return { type: "servers", name: this.#name, apart: this.sharing.isAlone, list };
  }

  /** Who is online here has changed. */
  peopleChanged(): void {
    this.#peopleChanged = true;
  }

  /** A user is known for the first time. */
  registered(name: string, key: Uint8Array | undefined): void {
    this.sharing.share({ type: "user", name, key });
  }

  /** Claims the names of all accounts that no server holds, or for which another password counts now. */
  accountsChanged(): void {
    this.#hasClaimedAccounts = true;
    for (const name of this.#parts.accounts().names) this.secretChanged(name);
  }

  /** A name may have another proof now; `before` is the one that it had. */
  secretChanged(name: string, before?: string): void {
    const holder = this.#names.get(name);
    if (!holder) return this.#claim(name);
    const ref = this.refOf(name);
    if (holder.ref === ref || (holder.server !== this.#parts.snapshot.id && holder.ref !== before)) return;
    this.sharing.share({ type: "claim", name, ref, instead: holder.ref });
  }

  /** A key is to hold a name; false if it can at once. */
  takesKey(name: string, key: Uint8Array): boolean {
    const holder = this.#names.get(name);
    // Another server may hold it without having said yet by which key; the login ends with that.
    if (holder) return holder.ref !== KEY + encodeBase64(key);
    this.#freshKeys.set(name, key);
    this.#claim(name);
    return true;
  }

  /** What is told to a session that may not, or not yet, go online under a name; undefined when it may. */
  holdUp(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[] | undefined {
    const holder = this.#names.get(name);
    if (holder) {
      const fault = this.#names.fault(name, this.refOf(name));
      if (fault !== undefined) {
        return [{ type: "note", level: "warning", text: `a login is refused: ${fault}` }, this.#refuse(session, fault)];
      }
      const at = session.kind === "handout" ? this.#parts.online.elsewhere?.handoutAt(name) : undefined;
      return at === undefined ? undefined : [tell(session.id, { type: "turnedAway", why: "already online" })];
    }
    this.#claim(name);
    // What proves nothing cannot be taken from its holder.
    if (session.unproven) return undefined;
    if (this.sharing.isAlone) {
      return [this.#refuse(session, `the other servers cannot be asked at the moment who holds "${name}"`)];
    }
    this.#waiting.set(session.id, { session, name, proof, ref: this.refOf(name), until: now + CLAIM_MS });
    return [];
  }

  /** What proves a name here, in words that mean the same at all servers. */
  refOf(name: string): string {
    const { accounts, roster, snapshot } = this.#parts;
    const secret = accounts().secret(name);
    // The salt is random, and told to every client that logs in: a copy of the entry has the same.
    if (secret) return secret.type === "scrypt" ? `account ${encodeBase64(secret.salt)}` : `here ${snapshot.id}`;
    const known = roster.user(name);
    const key = known && isUnproven(known) ? undefined : this.#freshKeys.get(name) ?? known?.key;
    return key ? KEY + encodeBase64(key) : `here ${snapshot.id}`;
  }

  /** A handout sender waits for one other server or for all of them. A private message that fails is forgotten. */
  #expect(number: number, { awaits, outcome, until }: HandoutMessage): void {
    if (!outcome || awaits === undefined) return;
    const isPrivate = awaits !== ALL_SERVERS;
    const servers = isPrivate ? [awaits] : [...this.#parts.online.elsewhere!.servers];
    this.#outcomes.expect(number, servers, outcome, until, isPrivate ? () => this.#forget(number) : undefined);
  }

  #forget(number: number): void {
    const { questions, delivery, snapshot } = this.#parts;
    const record = { server: snapshot.id, number };
    questions.ask({ type: "entryOf", id: record }, ({ seq }) => {
      if (seq === undefined) return;
      questions.ask({ type: "entry", seq }, ({ entry }) => entry && delivery.forget({ ...entry, record }), () => {});
    }, () => {});
  }

  #claim(name: string): void {
    if (this.#claimed.has(name)) return;
    this.#claimed.add(name);
    this.sharing.share({ type: "claim", name, ref: this.refOf(name) });
  }

  #heldBy({ name }: NameHolder): void {
    const { accounts, held, endSessions, admit, outputs, session: sessionOf } = this.#parts;
    this.#claimed.delete(name);
    held(name);
    this.#freshKeys.delete(name);
    const fault = this.#names.fault(name, this.refOf(name));
    if (fault !== undefined) {
      endSessions(name, `ended because ${fault}`);
      if (accounts().has(name)) this.#lost.add(name);
      this.#lostAt = this.#now + GATHER_MS;
    }
    for (const [id, { session, name: waits, proof, ref: proved }] of this.#waiting) {
      if (waits !== name) continue;
      this.#waiting.delete(id);
      if (sessionOf(id) !== session || session.name !== undefined) continue;
      const fault = this.#names.fault(name, proved);
      if (fault !== undefined) {
        outputs.push(this.#refuse(session, fault));
        continue;
      }
      for (const effect of admit(session, name, proof, this.#now)) outputs.push(effect);
    }
  }

  /** Tells the operator that a password in plain text is not the same account at two servers. */
  #notePlain(): void {
    const accounts = this.#parts.accounts();
    const plain = accounts.names.filter((name) => accounts.secret(name)!.type === "plain").length;
    if (plain === 0) return;
    const text =
      `the users file has ${plain === 1 ? "a password" : `${plain} passwords`} in plain text: such a user can ` +
      `log in at one server alone; for several, run server hash-passwords once, and copy that file`;
    this.#parts.outputs.push({ type: "note", text });
  }

  /** Tells the operator which accounts are of no use here, in one line. */
  #tellLost(now: number): void {
    const [first] = this.#lost;
    if (first === undefined || now < this.#lostAt) return;
    const holder = this.#names.get(first);
    if (holder && !this.#servers.get(holder.server) && now < this.#lostAt + NAMED_MS) return;
    const others = this.#lost.size - 1;
    const count = others === 0 ? "" : `, and ${others === 1 ? "1 other account" : `${others} other accounts`} likewise`;
    const fault = this.#names.fault(first, this.refOf(first));
    this.#lost.clear();
    if (fault === undefined) return;
    const text =
      `${first} cannot log in here, since ${fault}${count}; run server hash-passwords once, and copy that file`;
    this.#parts.outputs.push({ type: "note", level: "warning", text });
  }

  #refuse({ id }: Session, text: string): Effect {
    return tell(id, { type: "turnedAway", why: { text } });
  }

  #message(from: string, message: ServerMessage): void {
    if (message.type === "outcome") {
      return this.#outcomes.settle(from, message.number, message.delivered, message.why);
    }
    const { online, outputs } = this.#parts;
    const natives = online.get(message.to)?.natives.filter(({ ready, unproven }) => ready && !unproven) ?? [];
    if (natives.length === 0) return;
    const event = { type: "signal", from: message.from, at: message.at, text: message.text } as const;
    outputs.push({ type: "tell", to: natives.map(({ id }) => id), event });
  }

  #tellServers(): void {
    const { online, outputs } = this.#parts;
    const to = [...online.all].flatMap(({ natives }) => natives.filter(({ cursor }) => cursor).map(({ id }) => id));
    if (to.length > 0) outputs.push({ type: "tell", to, event: this.servers });
  }

  #membersChanged(room: Room, user: KnownUser, joined: boolean): void {
    const { online, outputs, presence } = this.#parts;
    const to = online.get(user.name)?.natives.filter(({ ready }) => ready).map(({ id }) => id) ?? [];
    const rooms = [{ name: room.name, members: room.members.size, joined }];
    if (to.length > 0) outputs.push({ type: "tell", to, event: { type: "roomChanges", rooms } });
    presence.memberChanged(room, user, joined, this.#now);
  }
}
