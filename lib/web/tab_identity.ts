import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { freshId, type UserStorage } from "./storage.ts";

/** What a tab leaves for its next page. */
interface Kept {
  readonly client: string;
  readonly lastNumber: number;
  readonly unanswered: readonly OutgoingMessage[];
  /** Whether a page is using it. */
  readonly inUse: boolean;
}

/**
 * Names this tab among all clients of the user, and keeps its messages without an answer over a reload.
 *
 * 1. A browser copies the storage of a tab that is duplicated: what is in use there is not taken, and the copy gets another name.
 * 2. After a crash, which leaves a name in use, it is taken if the browser's locks say that no page has it.
 */
export class TabIdentity {
  #isClosed = false;
  #release = () => {};

  private constructor(readonly storage: UserStorage, public kept: Kept) {}

  static async open(storage: UserStorage): Promise<TabIdentity> {
    const kept = storage.get("tab") as Kept | null;
    const fresh = { client: freshId(), lastNumber: 0, unanswered: [], inUse: true };
    const before = kept ? new TabIdentity(storage, { ...kept, inUse: true }) : undefined;
    const isOurs = before !== undefined && (kept?.inUse === false || await before.#lock(true));
    const identity = isOurs ? before : new TabIdentity(storage, fresh);
    if (identity !== before || kept?.inUse === false) void identity.#lock(false);
    identity.#write(true);
    return identity;
  }

  keep(unanswered: readonly OutgoingMessage[], lastNumber: number): void {
    if (this.#isClosed) return;
    this.kept = { ...this.kept, unanswered, lastNumber };
    this.#write(true);
  }

  /** The page goes away: its tab's next page may take over. */
  leave(): void {
    if (!this.#isClosed) this.#write(false);
  }

  /** The user has logged out. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #write(inUse: boolean): void {
    this.storage.set("tab", { ...this.kept, inUse });
  }

  /** Takes the lock of this name and holds it; false if another page has it, or there are no locks. */
  #lock(ifAvailable: boolean): Promise<boolean> {
    // Only in a secure context.
    const locks = navigator.locks as LockManager | undefined;
    if (!locks) return Promise.resolve(false);
    return new Promise((resolve) => {
      locks.request(`partyline ${this.kept.client}`, { ifAvailable }, (lock) => {
        resolve(lock !== null);
        return lock && !this.#isClosed ? new Promise<void>((release) => this.#release = release) : undefined;
      }).catch(() => resolve(false));
    });
  }
}
