import { peerOptions } from "../../lib/peers/options.ts";
import type { CryptographyAnswer, CryptographyRequest } from "../../lib/peers/cryptography.ts";
import { PeerDisk } from "./peer_disk.ts";
import { PeerNode } from "./peer_node.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { type UdpConditions, VirtualUdp } from "./virtual_udp.ts";

/** A network without faults. */
const PERFECT: UdpConditions = { loss: 0, repeats: 0, mostDelayMs: 5 };

interface Answer {
  readonly answer: Promise<CryptographyAnswer>;
  readonly node: PeerNode;
  /** The run of the program that asked. */
  readonly run: number;
}

/** Peers on a virtual network, with real cryptography whose results arrive in the order of the requests. */
export class PeerNetwork {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly udp: VirtualUdp;
  readonly problems: string[] = [];
  readonly #answers: Answer[] = [];
  readonly #held = new Set<PeerNode>();

  constructor(seed: number, weather: UdpConditions = PERFECT) {
    this.random = new Random(seed);
    this.udp = new VirtualUdp(this.time, this.random, weather);
  }

  /** Adds a peer with an address, a key and a disk. */
  async person(name: string, port: number, options = peerOptions()): Promise<PeerNode> {
    const node = new PeerNode(this, name, { hostname: "10.0.0.1", port }, new PeerDisk(), options);
    await node.begin();
    return node;
  }

  /** Has something computed for a peer; the answers come in the order of the requests. */
  compute(node: PeerNode, request: CryptographyRequest): void {
    this.#answers.push({ answer: node.keys.answer(request), node, run: node.run });
  }

  /** Delays a peer's cryptography until `release`. */
  hold(node: PeerNode): void {
    this.#held.add(node);
  }

  release(node: PeerNode): void {
    this.#held.delete(node);
  }

  /** Advances by `ms`. */
  async pass(ms: number): Promise<void> {
    const until = this.time.now + ms;
    do await this.#answer(); while (this.time.step(until));
  }

  async #answer(): Promise<void> {
    for (let at; (at = this.#answers.findIndex(({ node }) => !this.#held.has(node))) >= 0;) {
      const [{ answer, node, run }] = this.#answers.splice(at, 1) as [Answer];
      const given = await answer;
      if (run === node.run) node.do((now) => node.peer.answered(given, now));
    }
  }

  /** Advances until the condition holds; false if it does not within `withinMs`. */
  async until(holds: () => boolean, withinMs = 60_000): Promise<boolean> {
    const end = this.time.now + withinMs;
    while (!holds() && this.time.now < end) await this.pass(50);
    return holds();
  }
}
