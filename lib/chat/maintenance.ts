import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { Delivery } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { RecentLog } from "./log.ts";
import type { Questions } from "./questions.ts";
import type { Snapshot } from "./snapshot.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PRUNE_MS = 60_000;
const PRUNE_ENTRIES = 1000;
/** A jump of the wall clock that is told in the log. */
const JUMP_MS = 60_000;

export interface MaintenanceParts {
  readonly snapshot: Snapshot;
  readonly log: RecentLog;
  readonly delivery: Delivery;
  readonly questions: Questions;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "keepDays" | "keepPerRoom">;
}

/** Removes old entries, and watches the wall clock, which does not decide what is old. */
export class Maintenance {
  readonly #parts: MaintenanceParts;
  #pruneAt = 0;
  #pruned = 0;
  /** The wall clock less the clock of timers. */
  #drift: number | undefined;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  tick(now: number, wall: number): void {
    this.#watchClock(now, wall);
    this.#prune(now);
  }

  #watchClock(now: number, wall: number): void {
    const drift = wall - now;
    if (this.#drift === undefined) this.#checkClock(wall);
    const jump = drift - (this.#drift ?? drift);
    this.#drift = drift;
    if (Math.abs(jump) < JUMP_MS) return;
    const way = jump > 0 ? "forward" : "back";
    const seconds = Math.round(Math.abs(jump) / 1000);
    this.#warn(`the clock of this machine was set ${way} by ${seconds} s; nothing is removed for that`);
  }

  /** The clock as the server finds it, and the newest message: one of them may be wrong, or there was a long holiday. */
  #checkClock(wall: number): void {
    const { last, time } = this.#parts.snapshot;
    if (last === 0) return;
    const days = Math.floor((wall - time) / DAY_MS);
    if (days >= this.#parts.limits.keepDays) {
      this.#warn(`the newest message is ${days} days old by the clock of this machine; nothing is removed for that`);
    } else if (time - wall >= JUMP_MS) {
      const seconds = Math.round((time - wall) / 1000);
      this.#warn(
        `the clock of this machine is ${seconds} s behind the newest message; new ones bear its time till then`,
      );
    }
  }

  #warn(text: string): void {
    this.#parts.outputs.push({ type: "note", level: "warning", text });
  }

  /** Removes what is too old or too much, a bounded piece at a time; senders of what was not fetched are told. */
  #prune(now: number): void {
    // A store that holds nothing is not asked: it is made when there is something to keep.
    if (now < this.#pruneAt || this.#parts.log.last === 0) return;
    this.#pruneAt = Infinity;
    const { keepDays, keepPerRoom } = this.#parts.limits;
    this.#parts.questions.ask(
      { type: "prune", keepMs: keepDays * DAY_MS, perRoom: keepPerRoom, limit: PRUNE_ENTRIES },
      ({ expired, removed, more }) => {
        this.#pruned += removed;
        this.#pruneAt = more ? 0 : now + PRUNE_MS;
        for (const entry of expired) this.#parts.delivery.fail(entry, `it was not received within ${keepDays} days`);
        if (more || this.#pruned === 0) return;
        const text = `removed ${this.#pruned} entries older than ${keepDays} days, or past ${keepPerRoom} in a room`;
        this.#parts.outputs.push({ type: "note", text });
        this.#pruned = 0;
      },
      (why) => {
        this.#pruneAt = now + PRUNE_MS;
        this.#parts.outputs.push({ type: "note", level: "warning", text: `old messages cannot be removed: ${why}` });
      },
    );
  }
}
