import type { Choice } from "./choice.ts";

/** What stands between the check and the program under test. */
export type NetworkKind = "none" | "cut" | "slow" | "lossy";

export const NETWORKS: readonly NetworkKind[] = ["none", "cut", "slow", "lossy"];

/** A part of what is sent, and how long after the part before it it leaves. */
export interface Part {
  readonly afterMs: number;
  readonly bytes: Uint8Array;
}

const SEGMENT_PAUSE_MS = 4;
const SLOW_MS = { least: 20, most: 150 };
const LOST = 0.15;
const REPEATED = 0.1;
const REORDER_MS = 40;

/** What a network does to each write and each datagram; a pure choice by its seed. */
export class Network {
  constructor(readonly kind: NetworkKind, readonly choice: Choice) {}

  /** A write to a stream: all of it arrives, in order, perhaps in parts. */
  stream(bytes: Uint8Array): Part[] {
    if (this.kind === "none" || bytes.length === 0) return [{ afterMs: 0, bytes }];
    if (this.kind === "slow") return [{ afterMs: this.#slowMs(), bytes }];
    const count = 1 + this.choice.below(Math.min(bytes.length, 4));
    const cuts = Array.from({ length: count - 1 }, () => 1 + this.choice.below(bytes.length)).sort((a, b) => a - b);
    const edges = [0, ...cuts, bytes.length];
    return edges.slice(1).flatMap((end, i) => {
      const part = bytes.subarray(edges[i]!, end);
      return part.length === 0 ? [] : [{ afterMs: i === 0 ? 0 : 1 + this.choice.below(SEGMENT_PAUSE_MS), bytes: part }];
    });
  }

  /** A datagram: lost, once or twice, each after a while of its own. */
  datagram(bytes: Uint8Array): Part[] {
    if (this.kind === "none" || this.kind === "cut") return [{ afterMs: 0, bytes }];
    if (this.kind === "slow") return [{ afterMs: this.#slowMs(), bytes }];
    if (this.choice.fraction() < LOST) return [];
    const copies = this.choice.fraction() < REPEATED ? 2 : 1;
    return Array.from({ length: copies }, () => ({ afterMs: this.choice.below(REORDER_MS), bytes }));
  }

  /** Whether the end of a write to a stream may leave with the next. */
  get joins(): boolean {
    return this.kind === "cut" || this.kind === "lossy";
  }

  /** Whether a connection is closed both ways at once where it may be: what the program still sends is answered by a reset. */
  get closesBothWays(): boolean {
    return this.kind === "lossy";
  }

  #slowMs(): number {
    return SLOW_MS.least + this.choice.below(SLOW_MS.most - SLOW_MS.least);
  }
}
