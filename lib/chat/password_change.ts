import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { ScryptSecret } from "./accounts.ts";
import type { NativeCommand } from "./command.ts";
import { type Effect, tell } from "./effect.ts";
import type { Login } from "./login.ts";
import { passwordFault, tooManyAttempts } from "./registration.ts";
import type { Registry } from "./registry.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** The hub, for new passwords. */
export interface PasswordChangeContext {
  readonly registry: Registry;
  readonly online: OnlineUsers;
  readonly login: Login;
  /** From now on this is the user's secret. */
  replace(name: string, secret: ScryptSecret): void;
  /** Attempts by address. */
  readonly attempts: RateLimiters;
}

/** The reason where the operator has not named the users file. */
const NOT_ALLOWED =
  "this server does not write its users file; its operator can name that file (server PORT USERS_FILE), " +
  "start the server with --registration, or run server users passwd NAME";

/**
 * Changes users' own passwords.
 *
 * 1. The old password is checked in its turn among the logins, and a wrong one counts as a failed login.
 * 2. A password is changed once it is in the users file. Then the user's other sessions end: they came in by the old one.
 */
export class PasswordChange {
  /** Names whose new password is being checked or stored. */
  readonly #pending = new Set<string>();

  /** `allowed`: whether there is a users file to write to. */
  constructor(readonly context: PasswordChangeContext, readonly limits: Limits, readonly allowed: boolean) {}

  /** Whether the password of a user cannot be changed here, whatever it is. */
  isFixed(name: string): boolean {
    return !this.allowed || !this.context.registry.accounts.has(name);
  }

  change(session: Session, command: Extract<NativeCommand, { type: "passwd" }>, now: number): Effect[] {
    const { ref } = command;
    const name = session.name!;
    const why = this.#fault(session, name, command.new, now);
    if (why !== undefined) return [tell(session.id, { type: "denied", ref, why })];
    this.#pending.add(name);
    return this.context.login.confirm(session, command.old, now, (right) => {
      if (right) return [{ type: "setPassword", session: session.id, ref, name, password: command.new }];
      this.#pending.delete(name);
      if (right === undefined) return [];
      return [
        tell(session.id, { type: "denied", ref, why: "the old password is wrong" }),
        { type: "note", text: `new password of ${name} from ${session.address} refused: the old password is wrong` },
      ];
    });
  }

  /** The password is in the users file, or could not be stored. */
  stored(id: number, ref: number, name: string, outcome: ScryptSecret | string): Effect[] {
    this.#pending.delete(name);
    if (typeof outcome === "string") return [tell(id, { type: "denied", ref, why: outcome })];
    this.context.replace(name, outcome);
    const user = this.context.online.get(name);
    const others = [...user?.natives ?? [], ...user?.handout ? [user.handout] : []].filter((each) => each.id !== id);
    const why = `the password of ${name} was changed at another connection`;
    return [
      tell(id, { type: "changed", ref }),
      { type: "note", text: `${name} has a new password (${others.length} other sessions end)` },
      // A native session tells its client why before it ends.
      ...others.map((each): Effect =>
        each.kind === "native"
          ? tell(each.id, { type: "turnedAway", why: { text: why } })
          : { type: "end", session: each.id, why }
      ),
    ];
  }

  #fault(session: Session, name: string, password: string, now: number): string | undefined {
    if (!this.context.registry.accounts.has(name)) return `${name} has no account with a password at this server`;
    if (!this.allowed) return NOT_ALLOWED;
    if (!this.context.attempts.take(session.address, now)) return tooManyAttempts(this.limits);
    if (this.#pending.has(name)) return `the password of ${name} is being changed right now`;
    return passwordFault(name, password, this.limits);
  }
}
