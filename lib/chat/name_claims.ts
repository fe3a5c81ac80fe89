import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import type { Outputs } from "../core/machine.ts";
import { type Effect, tell } from "./effect.ts";
import type { Rows } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { Place, RecordId } from "./record_id.ts";
import type { SharedRecord } from "./records.ts";
import type { Registry } from "./registry.ts";
import { isUnproven } from "./entities.ts";
import type { Roster } from "./roster.ts";
import { KEY, type SharedNames } from "./shared_names.ts";
import type { NameHolder } from "./snapshot.ts";
import { UnusableAccounts } from "./unusable_accounts.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface NameClaimsParts {
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly outputs: Outputs<Effect>;
  readonly online: OnlineUsers;
  readonly registry: Registry;
  readonly endUser: (name: string, why: string) => void;
  readonly endGuestsLike: (names: Iterable<string>, why: string) => void;
  /** A session that has proved its name goes online. */
  readonly admit: (session: Session, name: string, proof: Uint8Array | undefined, now: number) => Effect[];
  readonly session: (id: number) => Session | undefined;
}

/** Part of `Sharing`, which comes later. */
interface ClaimSharing {
  readonly isAlone: boolean;
  share(record: SharedRecord): void;
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
/** How often at most a server that does not agree about names is told all of them, and how many in one message (500 bytes each). */
const HOLDERS_MS = 10_000;
const HOLDERS = 500;
/** A key that holds a name. */
const KEY_BYTES = 32;

/** Which key may use which name here: the claims of this server, their outcomes, and the sessions that wait for those. */
export class NameClaims {
  readonly #parts: NameClaimsParts;
  readonly #names: SharedNames;
  /** This server. */
  readonly #self: string;
  readonly #sharing: () => ClaimSharing;
  readonly #waiting = new Map<number, WaitingLogin>();
  /** Names that are claimed, and not decided. */
  readonly #claimed = new Set<string>();
  /** Keys that will hold names once those are this server's. */
  readonly #freshKeys = new Map<string, Uint8Array>();
  readonly #unusable: UnusableAccounts;
  /** What the exchange was told of names, and when other servers were told of all. */
  #digest = "";
  readonly #holdersToldAt = new Map<string, number>();
  #hasClaimedAccounts = false;
  #now = 0;

  constructor(
    parts: NameClaimsParts,
    names: SharedNames,
    self: string,
    sharing: () => ClaimSharing,
    isNamed: (server: string) => boolean,
  ) {
    this.#parts = parts;
    const { registry, outputs } = parts;
    this.#unusable = new UnusableAccounts({ registry, outputs, names, isNamed, refOf: (name) => this.refOf(name) });
    this.#names = names;
    this.#self = self;
    this.#sharing = sharing;
  }

  /** Names that some server holds. */
  get held(): Iterable<string> {
    return this.#names.names;
  }

  tick(now: number): void {
    this.#now = now;
    if (!this.#hasClaimedAccounts) {
      this.#unusable.notePlain();
      this.accountsChanged();
    }
    for (const [id, { session, name, until }] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.delete(id);
      this.#parts.outputs.push(this.#refuse(session, `the other servers did not say in time who holds "${name}"`));
    }
    this.#unusable.tick(now);
    const { digest } = this.#names;
    if (digest !== this.#digest) {
      this.#digest = digest;
      this.#parts.outputs.push({ type: "exchange", output: { type: "names", digest } });
    }
  }

  /** Claims the names of all accounts that no server holds, or for which another password counts now. */
  accountsChanged(): void {
    this.#hasClaimedAccounts = true;
    for (const name of this.#parts.registry.accounts.names) this.secretChanged(name);
  }

  /** A name may have another proof now; `before` is the one that it had. */
  secretChanged(name: string, before?: string): void {
    const holder = this.#names.get(name);
    if (!holder) return this.#claim(name);
    const ref = this.refOf(name);
    if (holder.ref === ref || (holder.server !== this.#self && holder.ref !== before)) return;
    this.#sharing().share({ type: "claim", name, ref, instead: holder.ref });
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
    if (this.#sharing().isAlone) {
      return [this.#refuse(session, `the other servers cannot be asked at the moment who holds "${name}"`)];
    }
    this.#waiting.set(session.id, { session, name, proof, ref: this.refOf(name), until: now + CLAIM_MS });
    return [];
  }

  /** What proves a name here, in words that mean the same at all servers. */
  refOf(name: string): string {
    const { registry, roster } = this.#parts;
    const secret = registry.accounts.secret(name);
    // The salt is random, and told to every client that logs in: a copy of the entry has the same.
    if (secret) return secret.type === "scrypt" ? `account ${encodeBase64(secret.salt)}` : `here ${this.#self}`;
    const known = roster.user(name);
    const key = known && isUnproven(known) ? undefined : this.#freshKeys.get(name) ?? known?.key;
    return key ? KEY + encodeBase64(key) : `here ${this.#self}`;
  }

  /** A claim has come from the exchange; returns what is written with it. Without a place, nothing is decided. */
  decide(
    claim: { readonly name: string; readonly ref: string; readonly instead?: string | undefined },
    id: RecordId,
    place: Place | undefined,
    now: number,
  ): Rows {
    this.#now = now;
    const holder = place && this.#names.claim(claim, id, place);
    return this.#changed(holder ? [holder] : []);
  }

  /** Another server says who holds names. */
  merge(holders: readonly NameHolder[], now: number): void {
    this.#now = now;
    const news = holders.flatMap((each) => this.#names.merge(each) ?? []);
    if (news.length > 0) this.#parts.writer.writeRows(this.#changed(news));
  }

  /** Tells a server that does not agree who holds which name. */
  tellHolders(server: string, now: number): void {
    if (now < (this.#holdersToldAt.get(server) ?? -Infinity) + HOLDERS_MS) return;
    this.#holdersToldAt.set(server, now);
    const all = [...this.#names.all];
    for (let at = 0; at < all.length; at += HOLDERS) {
      const message = { type: "names", holders: all.slice(at, at + HOLDERS) } as const;
      this.#parts.outputs.push({ type: "exchange", output: { type: "send", to: server, message } });
    }
  }

  /** Names have other holders, or other proofs. */
  #changed(holders: readonly NameHolder[]): Rows {
    const before = holders.map((holder) => this.#keyHolds(holder));
    return {
      writes: holders.map((holder) => ({ type: "holder", holder })),
      done: () => holders.forEach((holder, at) => this.#heldBy(holder, before[at])),
    };
  }

  /** The key that holds a name proves it here from now on; returns what proved it before, where that was another key. */
  #keyHolds({ name, ref }: NameHolder): string | undefined {
    const { roster, registry } = this.#parts;
    const key = ref.startsWith(KEY) ? decodeBase64(ref.slice(KEY.length)) : undefined;
    if (key?.length !== KEY_BYTES) return undefined;
    const user = roster.user(name);
    if (!user?.registered) registry.register(name, key, this.#now, true);
    const before = KEY + encodeBase64(user?.key ?? key);
    if (!user?.key || before === ref) return undefined;
    roster.replaceKey(user, key, this.#now);
    return before;
  }

  #claim(name: string): void {
    if (this.#claimed.has(name)) return;
    this.#claimed.add(name);
    this.#sharing().share({ type: "claim", name, ref: this.refOf(name) });
  }

  #heldBy({ name }: NameHolder, before: string | undefined): void {
    const { registry, endUser, endGuestsLike, admit, outputs, session: sessionOf } = this.#parts;
    this.#claimed.delete(name);
    registry.hold(name);
    this.#freshKeys.delete(name);
    endGuestsLike([name], `ended because a user has the name "${name}" now, and this one is the same or looks like it`);
    const fault = this.#names.fault(name, before ?? this.refOf(name));
    if (fault !== undefined) {
      endUser(name, `ended because ${fault}`);
      if (registry.accounts.has(name)) this.#unusable.add(name, this.#now);
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

  #refuse({ id }: Session, text: string): Effect {
    return tell(id, { type: "turnedAway", why: { text } });
  }
}
