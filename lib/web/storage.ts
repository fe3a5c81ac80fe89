import { encodeBase64 } from "../core/bytes.ts";

/** Sixteen random bytes in base64, as runs, offers and transfers are named. */
export function freshId(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/**
 * One user's part of the tab's storage: drafts and unsent messages survive a reload, until the user logs out. Passwords are never
 * stored. Where the browser stores nothing, the page works without.
 */
export class UserStorage {
  readonly #prefix: string;
  /** Values as they are stored, so that the same value is not written again. */
  readonly #written = new Map<string, string>();

  constructor(user: string) {
    this.#prefix = `partyline ${user} `;
  }

  get(key: string): unknown {
    try {
      return JSON.parse(sessionStorage.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null;
    }
  }

  /** A list; empty when nothing is stored. */
  list<T>(key: string): T[] {
    const value = this.get(key);
    return Array.isArray(value) ? value : [];
  }

  set(key: string, value: unknown): void {
    const text = JSON.stringify(value) ?? "null";
    if (this.#written.get(key) === text) return;
    this.#written.set(key, text);
    try {
      sessionStorage.setItem(this.#prefix + key, text);
    } catch { /* the storage is full or disabled */ }
  }

  /** Removes everything of this user. */
  clear(): void {
    try {
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(this.#prefix)) sessionStorage.removeItem(key);
      }
    } catch { /* the storage is disabled */ }
  }
}
