import { join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { writePrivate } from "./private_file.ts";

const FILE = "page-revoked.json";
/** Of one user: who logs out more often within the validity of a pass has all passes until then revoked. */
const MAX_PASSES = 32;

/** What of a user is revoked: every pass issued up to `upTo`, and single ones by the time of their issue, with their expiry. */
interface Revoked {
  readonly upTo: number;
  readonly passes: ReadonlyMap<number, number>;
}

/** The passes that were logged out before they expired, kept in a file in `folder`. */
export class RevokedPasses {
  readonly #users: Map<string, Revoked>;

  /** `validMs`: how long a pass is valid at most. */
  constructor(readonly folder: string, readonly validMs: number) {
    // An unreadable file is reported when the server starts, not at the first login.
    this.#users = readRevoked(join(folder, FILE));
  }

  has(name: string, issued: number): boolean {
    const found = this.#users.get(name);
    return found !== undefined && (issued <= found.upTo || found.passes.has(issued));
  }

  /** Every pass of a user that was issued up to here is revoked; 0 for none. */
  upTo(name: string): number {
    return this.#users.get(name)?.upTo ?? 0;
  }

  /** Revokes one pass; throws when that cannot be written, and then it stays revoked until the server stops. */
  add(name: string, issued: number, expiry: number, now: number): void {
    const before = this.#users.get(name);
    const passes = new Map([...before?.passes ?? []].filter(([, expiry]) => expiry >= now)).set(issued, expiry);
    if (passes.size > MAX_PASSES) return this.addAll(name, now);
    this.#users.set(name, { upTo: before?.upTo ?? 0, passes });
    this.#write(now);
  }

  /** Revokes all passes of a user that were issued so far. */
  addAll(name: string, now: number): void {
    this.#users.set(name, { upTo: Math.max(now, this.upTo(name)), passes: new Map() });
    this.#write(now);
  }

  /** Writes what may still matter. */
  #write(now: number): void {
    for (const [name, { upTo, passes }] of this.#users) {
      const isOver = upTo + this.validMs < now && [...passes.values()].every((expiry) => expiry < now);
      if (isOver) this.#users.delete(name);
    }
    const users = [...this.#users].map(([name, { upTo, passes }]) => ({ name, upTo, passes: [...passes] }));
    writePrivate(this.folder, FILE, { users });
  }
}

function readRevoked(path: string): Map<string, Revoked> {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
  try {
    const { users } = JSON.parse(text) as { users: { name: string; upTo: number; passes: [number, number][] }[] };
    return new Map(users.map(({ name, upTo, passes }) => {
      if (typeof name !== "string" || !Number.isSafeInteger(upTo)) throw new TypeError("no user");
      return [name, { upTo, passes: new Map(passes) }];
    }));
  } catch {
    const rule = "must contain the passes that were logged out but does not";
    throw new UserError(`${path} ${rule}; remove it, and what was logged out before it expired is valid again`);
  }
}
