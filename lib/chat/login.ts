import type { Limits } from "../core/limits.ts";
import { sameBytes } from "../core/text.ts";
import { type Accounts, SCRYPT } from "./accounts.ts";
import { type Effect, tell } from "./effect.ts";
import type { Challenge } from "./event.ts";
import { nameFault } from "./names.ts";
import { Patience } from "./login_backoff.ts";
import type { Presence, Proof } from "./users.ts";
import type { Store } from "./store.ts";

/** Where challenges get what nobody can foresee. */
export interface Dice {
  /** So many random bytes. */
  bytes(count: number): Uint8Array;
  /** Bytes for a name that stay the same as long as the server runs, and that nobody can guess. */
  salt(name: string): Uint8Array;
}

const NONCE_BYTES = 16;

/** What the entrance needs of the house. */
export interface House {
  accounts(): Accounts;
  /** What is kept; undefined while nothing is. */
  store(): Store | undefined;
  /** The session is who it says it is. */
  admit(presence: Presence, name: string, proof: Uint8Array | undefined, now: number): Effect[];
  session(id: number): Presence | undefined;
}

interface HeldTry {
  readonly due: number;
  readonly session: number;
  readonly judge: (presence: Presence) => Effect[];
}

/** Who comes in, and under which name: by a password said, or by a proof that does not say it. */
export class Entrance {
  readonly #patience: Patience;
  #held: HeldTry[] = [];

  constructor(readonly house: House, limits: Limits, readonly dice: Dice | undefined) {
    this.#patience = new Patience(limits);
  }

  get held(): number {
    return this.#held.length;
  }

  /** Somebody says a name and its password; with `asks` only to hear whether that is so. */
  login(presence: Presence, name: string, password: string, now: number, asks = false): Effect[] {
    if (presence.name !== undefined || presence.login) return [];
    presence.login = { name, counts: true, asks };
    return this.#patiently(presence, name, now, () => this.#judge(presence, name, password, now));
  }

  /** Somebody says a name and will prove it: an account by its password, any other name by a key of their own. */
  hello(presence: Presence, name: string, nonce: string, key: Uint8Array | undefined): Effect[] {
    if (presence.name !== undefined || presence.login) return [];
    const proof = this.#proofFor(name, key);
    if (typeof proof === "string") return [refuse(presence, proof)];
    const challenge = this.#challenge(name, proof);
    presence.login = { name, counts: true, proving: { nonce, challenge, by: proof, answered: false } };
    return [tell(presence.id, { type: "challenge", challenge })];
  }

  prove(presence: Presence, proof: Uint8Array, now: number): Effect[] {
    const { login } = presence;
    if (!login?.proving || login.proving.answered) return [];
    const { nonce, challenge, by } = login.proving;
    presence.login = { ...login, proving: { ...login.proving, answered: true } };
    const effect: Effect = { type: "prove", session: presence.id, name: login.name, nonce, challenge, by, proof };
    return this.#patiently(presence, login.name, now, () => [effect]);
  }

  /** What was tried is right, or not. */
  judged(presence: Presence, right: boolean, proof: Uint8Array | undefined, now: number): Effect[] {
    const { login } = presence;
    if (!login) return [];
    presence.login = undefined;
    if (!right || !login.counts) {
      const by = login.proving?.by.type;
      const text = by === "key" ? "that is not the key that the name is held by" : "wrong password";
      return [
        tell(presence.id, { type: "turnedAway", why: by ? { text } : "credentials" }),
        { type: "note", text: `login of ${login.name} from ${presence.address} refused: name or password` },
      ];
    }
    this.#patience.succeeded(login.name, presence.address);
    const by = login.proving?.by;
    if (by?.type === "key") {
      // Somebody else may have been given the name meanwhile.
      const still = this.#proofFor(login.name, by.key);
      if (typeof still === "string") return [refuse(presence, still)];
      if (by.fresh) this.house.store()!.addUser(login.name, by.key, now);
    }
    if (login.asks) return [tell(presence.id, { type: "welcome", name: login.name })];
    return this.house.admit(presence, login.name, proof, now);
  }

  /** The door says who it is; since then the account may have gone. */
  known(presence: Presence, name: string, now: number): Effect[] {
    if (presence.name !== undefined || presence.login) return [];
    if (!this.house.accounts().has(name)) {
      return [refuse(presence, `${JSON.stringify(name)} is no account of this server any more`)];
    }
    return this.house.admit(presence, name, undefined, now);
  }

  /** Looks at those who have waited long enough. */
  tick(now: number): Effect[] {
    if (this.#held.length === 0) return [];
    const due = this.#held.filter((login) => login.due <= now);
    if (due.length > 0) this.#held = this.#held.filter((login) => login.due > now);
    return due.flatMap((login) => login.judge(this.house.session(login.session)!));
  }

  forget(presence: Presence): void {
    this.#held = this.#held.filter((login) => login.session !== presence.id);
  }

  #patiently(presence: Presence, name: string, now: number, judge: () => Effect[]): Effect[] {
    const wait = this.#patience.attempted(name, presence.address, now);
    if (wait === 0) return judge();
    this.#held.push({ due: now + wait, session: presence.id, judge });
    return [{ type: "note", text: `login of ${name} from ${presence.address} waits ${wait / 1000} s after failures` }];
  }

  #judge(presence: Presence, name: string, password: string, now: number): Effect[] {
    const judgement = this.house.accounts().judge(name, password);
    if ("right" in judgement) return this.judged(presence, judgement.right, undefined, now);
    presence.login = { name, counts: judgement.counts, asks: presence.login!.asks ?? false };
    return [{ type: "check", session: presence.id, password, secret: judgement.try }];
  }

  /** What a name is to be proven by; a sentence when nobody can have it. */
  #proofFor(name: string, key: Uint8Array | undefined): Proof | string {
    const secret = this.house.accounts().secret(name);
    if (secret) return { type: "password", secret };
    const fault = nameFault(name);
    if (fault) return fault;
    const user = this.house.store()?.user(name);
    if (!key) return `${JSON.stringify(name)} is no account of this server, and no key came with it to register it by`;
    if (!user) return { type: "key", key, fresh: true };
    if (!user.key) return `${JSON.stringify(name)} is the name of somebody who logs in with a password`;
    const same = sameBytes(user.key, key);
    return same
      ? { type: "key", key, fresh: false }
      : `${JSON.stringify(name)} is held by whoever came with it first, at another machine or with other --data`;
  }

  #challenge(name: string, proof: Proof): Challenge {
    const nonce = this.dice!.bytes(NONCE_BYTES);
    if (proof.type === "key") return { how: "key", nonce };
    const { secret } = proof;
    if (secret.type === "plain") return { how: "password", nonce, salt: this.dice!.salt(name), ...SCRYPT };
    const { salt, logN, r, p, key } = secret;
    return { how: "password", nonce, salt, logN, r, p, keyBytes: key.length };
  }
}

function refuse(presence: Presence, text: string): Effect {
  return tell(presence.id, { type: "turnedAway", why: { text } });
}
