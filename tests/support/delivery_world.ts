import type { Target } from "../../lib/chat/entry.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";

export const USERS = ["ann", "bob", "cy", "dan"];
const WALL = 1_700_000_000_000;

/** The time and the chance of a simulation of deliveries, and what has happened in it. */
export class DeliveryWorld {
  readonly time = new VirtualTime();
  readonly random: Random;
  /** How many of the texts are long. */
  readonly longTexts: number;
  readonly problems: string[] = [];
  readonly said = new Map<string, { from: string; to: Target }>();
  readonly handoutDelivered = new Set<string>();
  readonly handoutFailed = new Set<string>();
  readonly failedSeqs = new Set<number>();
  readonly seqs = new Map<string, number>();
  readonly own = new Map<string, { seq: number; to: Target }[]>();
  readonly edited = new Set<number>();
  upgrades = 0;
  cuts = 0;
  stalls = 0;
  behind = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.longTexts = this.random.pick([0, 0.1, 0.4]);
  }

  get wall(): number {
    return WALL + this.time.now;
  }

  stored(name: string, text: string, seq: number, to: Target): void {
    this.seqs.set(text, seq);
    const own = this.own.get(name) ?? [];
    this.own.set(name, [...own, { seq, to }]);
  }
}
