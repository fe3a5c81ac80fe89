import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { encodeText } from "../core/text.ts";
import type { ScryptSecret } from "./accounts.ts";
import { type Effect, tell } from "./effect.ts";
import { chosenNameFault, skeleton } from "./chosen_names.ts";
import type { Registry } from "./registry.ts";
import type { Session } from "./users.ts";

/** The hub, for registrations. */
export interface RegistrationContext {
  add(name: string, secret: ScryptSecret): void;
  readonly registry: Registry;
  /** Whether a guest is here whose name looks like this one. */
  isGuest(name: string): boolean;
  /** Attempts by address. */
  readonly attempts: RateLimiters;
}

const HOUR_MS = 60 * 60_000;

/**
 * Registers accounts, under names that cannot be confused with others. An account exists once it is in the users file, and
 * then for all protocols.
 */
export class Registration {
  /** The skeletons of names that are being added to the users file. */
  readonly #pending = new Set<string>();
  /** The times of the last hour's registrations, by address; the least recently used address is first. */
  readonly #recent = new Map<string, number[]>();

  constructor(readonly context: RegistrationContext, readonly limits: Limits) {}

  register(session: Session, name: string, password: string, now: number): Effect[] {
    const { attempts } = this.context;
    // Nothing is logged: it may be said a thousand times a second.
    if (!attempts.take(session.address, now)) {
      return [tell(session.id, { type: "registered", name, why: tooManyAttempts(this.limits) })];
    }
    const why = this.#nameFault(name) ?? passwordFault(name, password, this.limits) ??
      this.#rateFault(session.address, now);
    if (why !== undefined) {
      return [
        tell(session.id, { type: "registered", name, why }),
        { type: "note", text: `registration of ${name} from ${session.address} refused: ${why}` },
      ];
    }
    this.#pending.add(skeleton(name));
    return [{ type: "enroll", session: session.id, name, password }];
  }

  /** The account was added to the users file, or could not be. */
  enrolled(session: number, name: string, outcome: ScryptSecret | string): Effect[] {
    this.#pending.delete(skeleton(name));
    const why = typeof outcome === "string" ? outcome : undefined;
    if (typeof outcome !== "string") this.context.add(name, outcome);
    const text = why === undefined ? `${name} has registered` : `registration of ${name} failed: ${why}`;
    return [tell(session, { type: "registered", name, why }), { type: "note", text }];
  }

  #nameFault(name: string): string | undefined {
    const fault = chosenNameFault(name);
    if (fault !== undefined) return fault;
    const like = skeleton(name);
    if (this.#pending.has(like)) return `"${name}" is being registered by another user right now`;
    if (this.context.isGuest(name)) return `"${name}" is the name of a guest who is online`;
    const others = this.context.registry.names.like(name);
    if (others.includes(name)) return `"${name}" is taken`;
    return others.length > 0 ? `"${name}" looks like the name of another user, "${others[0]}"` : undefined;
  }

  #rateFault(address: string, now: number): string | undefined {
    const { registrationsPerHour } = this.limits;
    const recent = (this.#recent.get(address) ?? []).filter((time) => time > now - HOUR_MS);
    if (recent.length >= registrationsPerHour) {
      return `${registrationsPerHour} accounts were registered from your address within an hour, the most allowed`;
    }
    this.#recent.delete(address);
    this.#recent.set(address, [...recent, now]);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size > this.limits.failureEntries) this.#recent.delete(oldest);
      break;
    }
    return undefined;
  }
}

/** The refusal of an address that has tried too often, with success or without. */
export function tooManyAttempts(
  { attemptBurst, attemptsPerMinute }: Pick<Limits, "attemptBurst" | "attemptsPerMinute">,
): string {
  return `more than ${attemptBurst} attempts came from your address recently; ${attemptsPerMinute} a minute are answered`;
}

/** The rule for new passwords that a password breaks. */
export function passwordFault(name: string, password: string, { passwordLeast }: Limits): string | undefined {
  const characters = [...password].length;
  if (characters < passwordLeast) {
    return `a password has at least ${passwordLeast} characters, found ${characters}`;
  }
  if (encodeText(password).length > 1024) return "a password has at most 1024 bytes";
  if (/\s/.test(password) || password.startsWith("$scrypt$")) {
    return "a password contains no white space and does not begin with $scrypt$";
  }
  return password === name ? "the password must differ from the name" : undefined;
}
