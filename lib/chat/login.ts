import { equals } from "../core/bytes.ts";
import type { Limits } from "../core/limits.ts";
import { type Accounts, SCRYPT } from "./accounts.ts";
import { type Effect, tell } from "./effect.ts";
import type { Challenge } from "./event.ts";
import { nameFault } from "./names.ts";
import { LoginBackoff } from "./login_backoff.ts";
import type { Proof, Session } from "./users.ts";
import type { MessageStore } from "./store.ts";

/** Where challenges get what nobody can foresee. */
export interface Randomness {
  /** So many random bytes. */
  bytes(count: number): Uint8Array;
  /** Bytes for a name that stay the same as long as the server runs, and that nobody can guess. */
  salt(name: string): Uint8Array;
}

const NONCE_BYTES = 16;

/** What the entrance needs of the house. */
export interface LoginContext {
  accounts(): Accounts;
  /** What is kept; undefined while nothing is. */
  store(): MessageStore | undefined;
  /** The session is who it says it is. */
  admit(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[];
  session(id: number): Session | undefined;
}

interface HeldTry {
  readonly due: number;
  readonly session: number;
  readonly judge: (session: Session) => Effect[];
}

/** Who comes in, and under which name: by a password said, or by a proof that does not say it. */
export class Login {
  readonly #patience: LoginBackoff;
  #held: HeldTry[] = [];

  constructor(readonly house: LoginContext, limits: Limits, readonly dice: Randomness | undefined) {
    this.#patience = new LoginBackoff(limits);
  }

  get held(): number {
    return this.#held.length;
  }

  /** Somebody says a name and its password; with `asks` only to hear whether that is so. */
  login(session: Session, name: string, password: string, now: number, asks = false): Effect[] {
    if (session.name !== undefined || session.login) return [];
    session.login = { name, counts: true, asks };
    return this.#patiently(session, name, now, () => this.#judge(session, name, password, now));
  }

  /** Somebody says a name and will prove it: an account by its password, any other name by a key of their own. */
  hello(session: Session, name: string, nonce: string, key: Uint8Array | undefined): Effect[] {
    if (session.name !== undefined || session.login) return [];
    const proof = this.#proofFor(name, key);
    if (typeof proof === "string") return [refuse(session, proof)];
    const challenge = this.#challenge(name, proof);
    session.login = { name, counts: true, proving: { nonce, challenge, by: proof, answered: false } };
    return [tell(session.id, { type: "challenge", challenge })];
  }

  prove(session: Session, proof: Uint8Array, now: number): Effect[] {
    const { login } = session;
    if (!login?.proving || login.proving.answered) return [];
    const { nonce, challenge, by } = login.proving;
    session.login = { ...login, proving: { ...login.proving, answered: true } };
    const effect: Effect = { type: "prove", session: session.id, name: login.name, nonce, challenge, by, proof };
    return this.#patiently(session, login.name, now, () => [effect]);
  }

  /** What was tried is right, or not. */
  judged(session: Session, right: boolean, proof: Uint8Array | undefined, now: number): Effect[] {
    const { login } = session;
    if (!login) return [];
    session.login = undefined;
    if (!right || !login.counts) {
      const by = login.proving?.by.type;
      const text = by === "key" ? "that is not the key that the name is held by" : "wrong password";
      return [
        tell(session.id, { type: "turnedAway", why: by ? { text } : "credentials" }),
        { type: "note", text: `login of ${login.name} from ${session.address} refused: name or password` },
      ];
    }
    this.#patience.succeeded(login.name, session.address);
    const by = login.proving?.by;
    if (by?.type === "key") {
      // Somebody else may have been given the name meanwhile.
      const still = this.#proofFor(login.name, by.key);
      if (typeof still === "string") return [refuse(session, still)];
      if (by.fresh) this.house.store()!.addUser(login.name, by.key, now);
    }
    if (login.asks) return [tell(session.id, { type: "welcome", name: login.name })];
    return this.house.admit(session, login.name, proof, now);
  }

  /** The door says who it is; since then the account may have gone. */
  known(session: Session, name: string, now: number): Effect[] {
    if (session.name !== undefined || session.login) return [];
    if (!this.house.accounts().has(name)) {
      return [refuse(session, `${JSON.stringify(name)} is no account of this server any more`)];
    }
    return this.house.admit(session, name, undefined, now);
  }

  /** Looks at those who have waited long enough. */
  tick(now: number): Effect[] {
    if (this.#held.length === 0) return [];
    const due = this.#held.filter((login) => login.due <= now);
    if (due.length > 0) this.#held = this.#held.filter((login) => login.due > now);
    return due.flatMap((login) => login.judge(this.house.session(login.session)!));
  }

  forget(session: Session): void {
    this.#held = this.#held.filter((login) => login.session !== session.id);
  }

  #patiently(session: Session, name: string, now: number, judge: () => Effect[]): Effect[] {
    const wait = this.#patience.attempted(name, session.address, now);
    if (wait === 0) return judge();
    this.#held.push({ due: now + wait, session: session.id, judge });
    return [{ type: "note", text: `login of ${name} from ${session.address} waits ${wait / 1000} s after failures` }];
  }

  #judge(session: Session, name: string, password: string, now: number): Effect[] {
    const judgement = this.house.accounts().judge(name, password);
    if ("right" in judgement) return this.judged(session, judgement.right, undefined, now);
    session.login = { name, counts: judgement.counts, asks: session.login!.asks ?? false };
    return [{ type: "check", session: session.id, password, secret: judgement.try }];
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
    const same = equals(user.key, key);
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

function refuse(session: Session, text: string): Effect {
  return tell(session.id, { type: "turnedAway", why: { text } });
}
