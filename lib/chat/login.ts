import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { NativeCommand } from "./command.ts";
import type { Credentials } from "./credentials.ts";
import { type Effect, tell } from "./effect.ts";
import { type Attempt, LoginQueue } from "./login_queue.ts";
import { tooManyAttempts } from "./registration.ts";
import type { Registry } from "./registry.ts";
import type { PendingLogin, Session } from "./users.ts";

/** The hub, for logins. */
export interface LoginContext {
  readonly registry: Registry;
  readonly credentials: Credentials;
  /** Gives a user at an address a new name. */
  register(name: string, key: Uint8Array, address: string, now: number): void;
  /** Attempts by address. */
  readonly attempts: RateLimiters;
  /** The session has proved its name and goes online. */
  admit(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[];
  session(id: number): Session | undefined;
}

interface WaitingLogin {
  readonly session: number;
  readonly check: (session: Session, now: number) => Effect[];
  /** When its peer is told (again) that it waits. */
  tellAt: number;
}

/** A shorter wait is not mentioned to the peer. */
const QUIET_WAIT_MS = 1000;
/** Time until the peer is told again, which shows that the server is there, and until there is another log line. */
const AGAIN_MS = 10_000;
/** Checks that begin in one turn; more would make others wait. */
const TURN_CHECKS = 64;

/** Logs sessions in: by a password, or by the answer to a challenge. */
export class Login {
  readonly #queue: LoginQueue;
  readonly #waiting = new Map<Attempt, WaitingLogin>();
  #notedAt = -Infinity;

  /** `known`: users and the networks from which they have logged in before. */
  constructor(
    readonly context: LoginContext,
    readonly limits: Limits,
    known: Iterable<{ readonly name: string; readonly networks: Iterable<string> }>,
  ) {
    this.#queue = new LoginQueue(limits, limits.hashesAtOnce || Infinity);
    for (const { name, networks } of known) for (const network of networks) this.#queue.remember(name, network);
  }

  /** How many logins wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Checks a name and a password; with `checkOnly` the session is told the result and does not go online. */
  login(session: Session, name: string, password: string, now: number, checkOnly = false): Effect[] {
    if (session.name !== undefined || session.login) return [];
    session.login = { name, isDecoy: false, checkOnly };
    const { isSlow } = this.context.registry.accounts;
    return this.#inTurn(session, isSlow, now, (session, now) => this.#check(session, name, password, now));
  }

  /**
   * Checks the password of a user who is logged in, in turn and counted like a login; `then` gets the result, undefined if the
   * session ends first.
   */
  confirm(
    session: Session,
    password: string,
    now: number,
    then: (right: boolean | undefined) => Effect[],
  ): Effect[] {
    const name = session.name!;
    session.login = { name, isDecoy: false, then };
    const { isSlow } = this.context.registry.accounts;
    return this.#inTurn(session, isSlow, now, (session, now) => this.#check(session, name, password, now));
  }

  /** Challenges a session to prove a name: an account by its password, any other name by the key that holds it. */
  hello(
    session: Session,
    { name, nonce, key, asGuest }: Pick<
      Extract<NativeCommand, { type: "hello" }>,
      "name" | "nonce" | "key" | "asGuest"
    >,
    now: number,
  ): Effect[] {
    if (session.name !== undefined || session.login) return [];
    const credential = asGuest ? this.context.credentials.ofGuest(name, key) : this.context.credentials.of(name, key);
    const fault = typeof credential === "object" && credential.type === "key" && credential.fresh
      ? this.context.registry.newNames.fault(session.address, now)
      : undefined;
    if (typeof credential === "string" || fault !== undefined) {
      if (this.context.attempts.take(session.address, now)) return [refuse(session, fault ?? credential as string)];
      // A refusal of each would be what is asked for.
      const why = tooManyAttempts(this.limits);
      return [refuse(session, why), { type: "end", session: session.id, why }];
    }
    const challenge = this.context.credentials.challenge(name, credential);
    session.login = { name, isDecoy: false, proof: { nonce, challenge, by: credential, answered: false } };
    return [tell(session.id, { type: "challenge", challenge })];
  }

  /** A guest takes a name, or still has it, as its key shows; the session does not go online. */
  holdName(session: Session, name: string, key: Uint8Array, now: number): Effect[] {
    const credential = this.context.credentials.ofGuest(name, key);
    const fresh = typeof credential === "object" && credential.type === "key" && credential.fresh;
    const fault = typeof credential === "string"
      ? credential
      : fresh
      ? this.context.registry.newNames.fault(session.address, now)
      : undefined;
    if (fault !== undefined) {
      const isCounted = this.context.attempts.take(session.address, now);
      return [refuse(session, isCounted ? fault : tooManyAttempts(this.limits))];
    }
    if (fresh) this.context.register(name, key, session.address, now);
    return [tell(session.id, { type: "welcome", name })];
  }

  prove(session: Session, proof: Uint8Array, now: number): Effect[] {
    const { login } = session;
    if (!login?.proof || login.proof.answered) return [];
    const { nonce, challenge, by } = login.proof;
    session.login = { ...login, proof: { ...login.proof, answered: true } };
    const effect: Effect = { type: "prove", session: session.id, name: login.name, nonce, challenge, by, proof };
    return this.#inTurn(session, false, now, () => [effect]);
  }

  /** The password or the proof was verified. */
  checked(session: Session, right: boolean, proof: Uint8Array | undefined, now: number): Effect[] {
    const { login } = session;
    if (!login) return [];
    return [...this.#conclude(session, login, right, proof, now), ...this.#beginChecks(now)];
  }

  #conclude(
    session: Session,
    login: PendingLogin,
    right: boolean,
    proof: Uint8Array | undefined,
    now: number,
  ): Effect[] {
    session.login = undefined;
    if (login.attempt) this.#queue.finished(login.attempt, right && !login.isDecoy, now);
    if (login.then) return login.then(right && !login.isDecoy);
    const by = login.proof?.by;
    if (!right || login.isDecoy) {
      const text = by?.type === "key" ? "that is not the key that holds the name" : "wrong password";
      return [
        tell(session.id, { type: "turnedAway", why: by ? { text } : "credentials" }),
        { type: "note", text: `login of ${login.name} from ${session.address} refused: name or password` },
      ];
    }
    if (by?.type === "key") {
      // Another user may have got the name in the meantime.
      const current = this.context.credentials.of(login.name, by.key);
      if (typeof current === "string") return [refuse(session, current)];
      if (by.fresh) {
        const fault = this.context.registry.newNames.fault(session.address, now);
        if (fault) return [refuse(session, fault)];
        this.context.register(login.name, by.key, session.address, now);
      }
    }
    this.context.registry.cameFrom(login.name, session.address);
    if (login.checkOnly) return [tell(session.id, { type: "welcome", name: login.name })];
    return this.context.admit(session, login.name, proof, now);
  }

  /** The session proved its name earlier, by a cookie for instance; the account may have been removed since. */
  authenticated(session: Session, name: string, now: number): Effect[] {
    if (session.name !== undefined || session.login) return [];
    if (!this.context.registry.accounts.has(name) && !this.context.registry.user(name)?.key?.length) {
      return [refuse(session, `${JSON.stringify(name)} is no longer an account of this server`)];
    }
    return this.context.admit(session, name, undefined, now);
  }

  /** Checks the logins whose turn it is, and tells those that wait. */
  tick(now: number): Effect[] {
    if (this.#waiting.size === 0) return [];
    const effects = this.#beginChecks(now);
    for (const [attempt, waiting] of this.#waiting) {
      if (now < waiting.tellAt) continue;
      waiting.tellAt = now + AGAIN_MS;
      const why = this.#queue.why(attempt, now);
      effects.push(tell(waiting.session, { type: "loginWaits", why }));
      if (now - this.#notedAt < AGAIN_MS) continue;
      this.#notedAt = now;
      const session = this.context.session(waiting.session)!;
      const text = `the login of ${
        session.login!.name
      } from ${session.address} waits: ${why} (${this.#waiting.size} wait)`;
      effects.push({ type: "note", text });
    }
    return effects;
  }

  /** The session leaves. */
  forget(session: Session, now: number): Effect[] {
    const { attempt, then } = session.login ?? {};
    if (!attempt) return [];
    session.login = undefined;
    this.#waiting.delete(attempt);
    this.#queue.remove(attempt, now);
    return [...then?.(undefined) ?? [], ...this.#beginChecks(now)];
  }

  #inTurn(session: Session, isSlow: boolean, now: number, check: WaitingLogin["check"]): Effect[] {
    const attempt = this.#queue.add(session.login!.name, session.address, isSlow, now);
    session.login = { ...session.login!, attempt };
    if (this.#queue.isUnderWay(attempt)) return check(session, now);
    this.#waiting.set(attempt, { session: session.id, check, tellAt: now + QUIET_WAIT_MS });
    return [];
  }

  #beginChecks(now: number): Effect[] {
    const effects: Effect[] = [];
    for (let i = 0; i < TURN_CHECKS && this.#waiting.size > 0; i++) {
      const attempt = this.#queue.next(now);
      if (!attempt) break;
      const { session, check } = this.#waiting.get(attempt)!;
      this.#waiting.delete(attempt);
      effects.push(...check(this.context.session(session)!, now));
    }
    return effects;
  }

  #check(session: Session, name: string, password: string, now: number): Effect[] {
    const verdict = this.context.registry.accounts.check(name, password);
    if ("right" in verdict) return this.#conclude(session, session.login!, verdict.right, undefined, now);
    session.login = { ...session.login!, isDecoy: verdict.isDecoy };
    return [{ type: "check", session: session.id, password, secret: verdict.verify }];
  }
}

function refuse(session: Session, text: string): Effect {
  return tell(session.id, { type: "turnedAway", why: { text } });
}
