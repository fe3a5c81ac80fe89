import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { ScryptSecret } from "./accounts.ts";
import type { Attendance } from "./attendance.ts";
import type { Command } from "./command.ts";
import { Credentials, type Randomness } from "./credentials.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { SessionId } from "./event.ts";
import type { Guests } from "./guests.ts";
import { Login } from "./login.ts";
import { PasswordChange } from "./password_change.ts";
import { Registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import type { Roster } from "./roster.ts";
import type { SharedChat } from "./shared_chat.ts";
import type { Tickets } from "./tickets.ts";
import { UnprovenNames } from "./unproven.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** Commands about the name of a session and its proof. */
export type AuthenticationCommand = Extract<
  Command,
  {
    type:
      | "login"
      | "checkPassword"
      | "authenticated"
      | "claim"
      | "checked"
      | "register"
      | "holdName"
      | "hello"
      | "prove"
      | "passwd";
  }
>;

export interface AuthenticationParts {
  readonly registry: Registry;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly delivery: Delivery;
  readonly outputs: Outputs<Effect>;
  readonly limits: Limits;
  readonly guests: Guests;
  readonly attendance: Attendance;
  readonly tickets: Tickets;
  /** Attempts to register or to take a name, by address. */
  readonly attempts: RateLimiters;
  /** Where there are other servers. */
  readonly shared: SharedChat | undefined;
  readonly randomness: Randomness | undefined;
  readonly session: (id: SessionId) => Session | undefined;
  /** Whether there is a store, which native sessions need. */
  readonly stores: boolean;
  /** Whether users may create accounts, and change their passwords. */
  readonly registers: boolean;
  readonly changesPasswords: boolean;
}

/** Logins, registrations, names without a proof, and changes of passwords. */
export class Authentication {
  readonly #parts: AuthenticationParts;
  readonly #login: Login;
  readonly #unproven: UnprovenNames;
  readonly passwords: PasswordChange;
  readonly #registration: Registration | undefined;

  constructor(parts: AuthenticationParts) {
    this.#parts = parts;
    const { registry, roster, guests, attendance, tickets, shared, limits } = parts;
    const isGuest = (name: string) => guests.isHeld(name);
    const admit: Attendance["admit"] = (...admitted) => attendance.admit(...admitted);
    this.#login = new Login(
      {
        ...parts,
        credentials: new Credentials(registry, isGuest, parts.randomness),
        register: (name, key, address, now) => {
          registry.newNames.count(address, now);
          if (!shared?.names.takesKey(name, key)) registry.register(name, key, now);
        },
        admit,
      },
      limits,
      roster.users,
    );
    this.#unproven = new UnprovenNames({ ...parts, isGuest, admit }, limits);
    const replace = (name: string, secret: ScryptSecret) => {
      const before = shared?.names.refOf(name);
      registry.setSecret(name, secret);
      tickets.revoke(name);
      shared?.names.secretChanged(name, before);
    };
    this.passwords = new PasswordChange({ ...parts, login: this.#login, replace }, limits, parts.changesPasswords);
    const add = (name: string, secret: ScryptSecret) => {
      registry.setSecret(name, secret);
      shared?.names.secretChanged(name);
    };
    this.#registration = parts.registers ? new Registration({ ...parts, isGuest, add }, limits) : undefined;
  }

  /** How many logins wait. */
  get waiting(): number {
    return this.#login.waiting;
  }

  handle(session: Session, command: AuthenticationCommand, now: number): Effect[] {
    switch (command.type) {
      case "login":
        return this.#login.login(session, command.name, command.password, now);
      case "checkPassword":
        return this.#login.login(session, command.name, command.password, now, true);
      case "authenticated":
        return this.#goNative(session) ?? this.#login.authenticated(session, command.name, now);
      case "claim":
        return this.#goNative(session) ?? this.#unproven.claim(session, command.name, now);
      case "hello":
        return this.#goNative(session) ?? this.#login.hello(session, command, now);
      case "prove":
        return this.#login.prove(session, command.proof, now);
      case "checked":
        return this.#login.checked(session, command.right, command.proof, now);
      case "holdName":
        return this.#parts.stores ? this.#login.holdName(session, command.name, command.key, now) : [];
      case "register":
        return this.#registration?.register(session, command.name, command.password, now) ?? [];
      case "passwd":
        if (session.name === undefined || session.kind !== "native") return [];
        return this.passwords.change(session, command, now);
    }
  }

  /** An account was stored, or the reason why not; the session that asked for it may have left. */
  enrolled(id: SessionId, name: string, outcome: ScryptSecret | string): Effect[] {
    return this.#registration!.enrolled(id, name, outcome);
  }

  /** A new password was stored, or the reason why not; the session that asked for it may have left. */
  passwordStored(id: SessionId, ref: number, name: string, outcome: ScryptSecret | string): Effect[] {
    return this.passwords.stored(id, ref, name, outcome);
  }

  tick(now: number): Effect[] {
    return this.#login.tick(now);
  }

  /** The session leaves. */
  forget(session: Session, now: number): Effect[] {
    return this.#login.forget(session, now);
  }

  /** The session speaks our own protocol from now on; the refusal where there is no store for it. */
  #goNative(session: Session): Effect[] | undefined {
    if (!this.#parts.stores) {
      return [tell(session.id, { type: "turnedAway", why: { text: "this server cannot keep messages" } })];
    }
    session.kind = "native";
    return undefined;
  }
}
