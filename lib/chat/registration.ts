import type { Limits } from "../core/limits.ts";
import { encodeText } from "../core/text.ts";
import type { Accounts, ScryptSecret } from "./accounts.ts";
import { type Effect, tell } from "./effect.ts";
import { isReserved, nameFault, skeleton } from "./names.ts";
import type { MessageStore } from "./store.ts";
import type { Session } from "./users.ts";

/** What the registrar needs of the house. */
export interface RegistrationContext {
  accounts(): Accounts;
  add(name: string, secret: ScryptSecret): void;
  /** What is kept; undefined while nothing is. */
  store(): MessageStore | undefined;
}

const HOUR_MS = 60 * 60_000;

/**
 * Makes accounts: a name that nobody could take for another's, and a password that is kept as its scrypt key. It is an account once
 * it stands in the users file, at every door at once.
 */
export class Registration {
  /** The looks of names that are being written down. */
  readonly #pending = new Set<string>();
  /** When somebody at an address has registered last, oldest first. */
  readonly #lately = new Map<string, number[]>();

  constructor(readonly registry: RegistrationContext, readonly limits: Limits) {}

  register(session: Session, name: string, password: string, now: number): Effect[] {
    const why = this.#nameFault(name) ?? this.#passwordFault(name, password) ?? this.#tooMany(session.address, now);
    if (why !== undefined) {
      return [
        tell(session.id, { type: "registered", name, why }),
        { type: "note", text: `registration of ${name} from ${session.address} refused: ${why}` },
      ];
    }
    this.#pending.add(skeleton(name));
    return [{ type: "enroll", session: session.id, name, password }];
  }

  /** A name was written down, or could not be. */
  enrolled(session: number, name: string, outcome: ScryptSecret | string): Effect[] {
    this.#pending.delete(skeleton(name));
    const why = typeof outcome === "string" ? outcome : undefined;
    if (typeof outcome !== "string") this.registry.add(name, outcome);
    const text = why === undefined ? `${name} has registered` : `registration of ${name} failed: ${why}`;
    return [tell(session, { type: "registered", name, why }), { type: "note", text }];
  }

  #nameFault(name: string): string | undefined {
    const fault = nameFault(name);
    if (fault !== undefined) return fault;
    if (isReserved(name)) return `"${name}" is reserved: it could be taken for something that is nobody's`;
    const like = skeleton(name);
    if (this.#pending.has(like)) return `"${name}" is being registered by somebody else at this moment`;
    const store = this.registry.store();
    for (const other of [...this.registry.accounts().names, ...store?.users() ?? []]) {
      if (other === name) return `"${name}" is taken`;
      if (skeleton(other) === like) return `"${name}" looks like "${other}", who is somebody else`;
    }
    return undefined;
  }

  #passwordFault(name: string, password: string): string | undefined {
    const { passwordLeast } = this.limits;
    const characters = [...password].length;
    if (characters < passwordLeast) {
      return `a password has at least ${passwordLeast} characters, this has ${characters}`;
    }
    if (encodeText(password).length > 1024) return "a password has at most 1024 bytes";
    if (/\s/.test(password) || password.startsWith("$scrypt$")) {
      return "a password holds no white space, and is no $scrypt$";
    }
    return password === name ? "the password is the name" : undefined;
  }

  #tooMany(address: string, now: number): string | undefined {
    const { registrationsPerHour } = this.limits;
    const lately = (this.#lately.get(address) ?? []).filter((time) => time > now - HOUR_MS);
    if (lately.length >= registrationsPerHour) {
      return `${registrationsPerHour} have registered from your address within the hour, the most allowed`;
    }
    this.#lately.delete(address);
    this.#lately.set(address, [...lately, now]);
    for (const oldest of this.#lately.keys()) {
      if (this.#lately.size > this.limits.failureEntries) this.#lately.delete(oldest);
      break;
    }
    return undefined;
  }
}
