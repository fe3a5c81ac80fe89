import type { Hub } from "../../lib/chat/hub.ts";
import { type Batch, joined, type Query } from "../../lib/chat/store.ts";
import type { ChatStore } from "../../lib/store/chat_store.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

type StoreWork = { readonly batch: Batch } | { readonly id: number; readonly query: Query };

/** A server of a simulation, as its disk sees it. */
interface DiskUser {
  readonly world: { readonly time: VirtualTime; readonly random: Random };
  readonly store: ChatStore;
  readonly hub: Hub;
  turn(act: () => void): void;
  crash(): void;
}

/** Between a hub and its store: answers late, writes several batches at once, is full at times, and crashes the server. */
export class SimulatedDisk {
  isFull = false;
  failedBatches = 0;
  /** Crashes at one of the next batches: before it is written, or before a session is told. */
  crashIn = Infinity;
  #work: StoreWork[] = [];
  #isWorking = false;
  #run = 0;

  /** `delay`: how long the next piece of work takes. */
  constructor(readonly server: DiskUser, readonly delay: (random: Random) => number) {}

  /** The server starts anew, without what it had given to the disk. */
  restart(): void {
    this.#run++;
    this.crashIn = Infinity;
    this.#work = [];
    this.#isWorking = false;
  }

  add(work: StoreWork): void {
    this.#work.push(work);
  }

  next(): void {
    if (this.#isWorking || this.#work.length === 0) return;
    this.#isWorking = true;
    const work = this.#work.shift()!;
    const run = this.#run;
    const { server } = this;
    const { time, random } = server.world;
    time.in(this.delay(random), () => {
      if (run !== this.#run) return;
      this.#isWorking = false;
      if ("query" in work) {
        const answer = server.store.query(work.query);
        return server.turn(() => server.hub.answered(work.id, answer));
      }
      if (this.crashIn < 1 && random.chance(0.5)) return server.crash();
      if (this.isFull) {
        this.failedBatches++;
        this.#work = this.#work.filter((each) => "query" in each);
        return server.turn(() => server.hub.notCommitted("the disk is full", time.now));
      }
      const batches = [work.batch];
      for (let next = this.#work[0]; next && "batch" in next && random.chance(0.7); next = this.#work[0]) {
        batches.push(next.batch);
        this.#work.shift();
      }
      server.store.append(joined(batches));
      if (--this.crashIn < 0) return server.crash();
      server.turn(() => server.hub.committed(batches.length));
    });
  }
}
