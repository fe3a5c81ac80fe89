import type { PeerNode } from "./peer_node.ts";
import type { PeerNetwork } from "./peer_network.ts";

/** The faults injected into a simulation of peers, and their frequency. */
export interface FaultPlan {
  readonly crashes: number;
  readonly moves: number;
  readonly leaves: number;
  readonly oneWayCuts: number;
  /** Whether some peers switch sealing off again. */
  readonly secureOff: boolean;
  /** Whether some texts take many pieces. */
  readonly longTexts: boolean;
  /** Whether the table server never vanishes: peers that move at the same time find each other only through it. */
  readonly tableStays: boolean;
}

/** Most simulations have some of these faults, none has all. */
export function faultPlan({ random }: PeerNetwork): FaultPlan {
  const some = (share: number, most: number) => random.chance(share) ? random.whole(1, most) : 0;
  const [more, moves, leaves] = [some(0.3, 3), some(0.3, 4), some(0.3, 3)];
  return {
    crashes: 1 + more,
    moves,
    leaves,
    oneWayCuts: some(0.3, 3),
    secureOff: random.chance(0.2),
    longTexts: random.chance(0.15),
    tableStays: more + moves + leaves > 0,
  };
}

/** Crashes (also in the middle of a turn), departures and returns, changes of address, network cuts. */
export class PeerFaults {
  crashes = 0;
  moves = 0;
  leaves = 0;
  #port = 4000;
  readonly #world: PeerNetwork;
  readonly #nodes: readonly PeerNode[];

  constructor(
    world: PeerNetwork,
    nodes: readonly PeerNode[],
    { crashes, moves, leaves, oneWayCuts }: FaultPlan,
    ms: number,
  ) {
    this.#world = world;
    this.#nodes = nodes;
    for (const node of nodes) node.crashed = () => this.#comeBack(node);
    this.#often(crashes, ms, (node) => this.#crash(node));
    this.#often(moves, ms, (node) => this.#move(node));
    this.#often(leaves, ms, (node) => this.#leave(node));
    const { random, udp } = world;
    this.#often(oneWayCuts, ms, (node) => {
      udp.cutOneWay(node.place, random.pick(this.#nodes).place, random.whole(1, 60) * 1000);
    });
    if (random.chance(0.5)) this.#often(1, ms, () => udp.cut(random.whole(1, 45) * 1000));
  }

  #often(count: number, ms: number, act: (node: PeerNode) => void): void {
    const { random, time } = this.#world;
    for (let i = 0; i < count; i++) {
      time.in(random.whole(2000, ms), () => {
        const there = this.#nodes.filter(({ alive }) => alive);
        if (there.length > 0) act(random.pick(there));
      });
    }
  }

  #crash(node: PeerNode): void {
    const { random } = this.#world;
    if (random.chance(0.5)) return node.crash();
    node.crashAfterSends = random.whole(1, 5);
  }

  #comeBack(node: PeerNode): void {
    const { random, time } = this.#world;
    this.crashes++;
    time.in(random.whole(0, 60) * 1000, () => node.begin(random.chance(0.5) ? node.place : this.#elsewhere()));
  }

  #move(node: PeerNode): void {
    this.moves++;
    node.move(this.#elsewhere());
  }

  #leave(node: PeerNode): void {
    const { random, time } = this.#world;
    this.leaves++;
    node.leave();
    const { run } = node;
    time.in(random.whole(0, 4000), () => {
      if (run === node.run) node.crash();
    });
  }

  #elsewhere() {
    return { hostname: "10.0.0.1", port: this.#port++ };
  }
}
