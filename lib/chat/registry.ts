import { networkOf } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { type Accounts, encodeScrypt, type ScryptSecret, type Secret } from "./accounts.ts";
import type { Delivery } from "./delivery.ts";
import type { RecentLog } from "./log.ts";
import { NameIndex } from "./name_index.ts";
import { NewNames } from "./new_names.ts";
import { isUnproven, type KnownUser } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { OnlineUsers } from "./online_users.ts";

export interface RegistryParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly log: RecentLog;
  readonly delivery: Delivery;
  readonly limits: Limits;
  /** Names that servers hold, where several share the chat. */
  readonly held: () => Iterable<string>;
  /** A user of this server is registered for the first time. */
  readonly registered: (name: string, key: Uint8Array | undefined) => void;
}

/** The names that are taken at this server, each with its proof: the secret of an account, a key, or none. */
export class Registry {
  /** Bounds names without an account. */
  readonly newNames: NewNames;
  readonly #parts: RegistryParts;
  #accounts: Accounts;
  #names: NameIndex | undefined;

  constructor(accounts: Accounts, parts: RegistryParts) {
    this.#accounts = accounts;
    this.#parts = parts;
    this.newNames = new NewNames(parts.roster, parts.limits);
  }

  get accounts(): Accounts {
    return this.#accounts;
  }

  /** The names of all accounts and registered users, and those that servers hold. */
  get names(): NameIndex {
    return this.#names ??= this.#index();
  }

  /** A user whose name was mentioned before. */
  user(name: string): KnownUser | undefined {
    return this.#parts.roster.user(name);
  }

  /** What proves a name: the secret of an account, or the key that holds it; undefined where there is neither. */
  secretOf(name: string): Secret | Uint8Array | undefined {
    const secret = this.#accounts.secret(name);
    if (secret) return secret;
    const known = this.user(name);
    return known?.key && !isUnproven(known) ? known.key : undefined;
  }

  /** An account is new, or has another secret. */
  setSecret(name: string, secret: ScryptSecret): void {
    this.#accounts = this.#accounts.with(name, secret);
    this.hold(name);
  }

  /** Uses these accounts from now on; returns the users online whose accounts have changed, and how. */
  replaceAccounts(accounts: Accounts): { readonly name: string; readonly why: string }[] {
    const before = this.#accounts;
    this.#accounts = accounts;
    this.#names = undefined;
    return [...this.#parts.online.all].flatMap(({ name }) => {
      const why = changeOf(before.secret(name), accounts.secret(name));
      return why === undefined ? [] : [{ name, why }];
    });
  }

  /** The user of this name is known from now on, held by a key if there is one; `isElsewhere`: other servers know of it. */
  register(name: string, key: Uint8Array | undefined, now: number, isElsewhere = false): KnownUser {
    const { roster, online, log, delivery, registered } = this.#parts;
    if (!isElsewhere && !roster.user(name)?.registered) registered(name, key);
    const known = roster.register(name, key, now, log.last);
    const user = online.get(name);
    if (user) user.known = known;
    this.hold(name);
    delivery.audienceChanged();
    return known;
  }

  /** A name is taken from now on. */
  hold(name: string): void {
    this.#names?.add(name);
  }

  /** Remembers from where a user has logged in, which the store keeps once the user is in it. */
  cameFrom(name: string, address: string): void {
    const { roster, limits } = this.#parts;
    const user = roster.user(name);
    if (user?.registered && !isUnproven(user)) roster.cameFrom(user, networkOf(address), limits.knownNetworks);
  }

  #index(): NameIndex {
    const { roster, held } = this.#parts;
    const names = [...this.#accounts.names, ...held()];
    for (const { name, registered } of roster.users) if (registered) names.push(name);
    return new NameIndex(names);
  }
}

/** The change of an account; undefined when it is unchanged. */
function changeOf(before: Secret | undefined, after: Secret | undefined): string | undefined {
  if (!before) return after && "the name has an account now";
  if (!after) return "the account was removed";
  const [one, other] = [before, after].map((each) => each.type === "plain" ? each.password : encodeScrypt(each));
  return before.type === after.type && one === other ? undefined : "the password was changed";
}
