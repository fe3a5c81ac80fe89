import { limits } from "../../lib/core/limits.ts";
import { type FinderOutput, PeerFinder } from "../../lib/peers/finder.ts";
import { DirectoryTable } from "../../lib/protocols/directory/table.ts";
import { keyOf } from "./linked_peers.ts";
import { PeerLedger } from "./peer_ledger.ts";
import type { PeerNode } from "./peer_node.ts";
import { type FaultPlan, faultPlan, PeerFaults } from "./peer_faults.ts";
import { PeerNetwork } from "./peer_network.ts";
import type { UdpConditions } from "./virtual_udp.ts";

/** The result of one simulation of peers. */
export interface PeerReport {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly said: number;
  readonly delivered: number;
  readonly refused: number;
  readonly crashes: number;
  readonly moves: number;
  readonly leaves: number;
  readonly groups: number;
  readonly sealed: number;
  /** Pairs in which one side has switched sealing off. */
  readonly opened: number;
  /** Texts that took many pieces. */
  readonly long: number;
}

/** Fixed parameters of a simulation; the others are random. */
export interface PeerPlan {
  readonly people?: number;
  readonly loss?: number;
  readonly seconds?: number;
}

const NAMES = ["alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi"];
const GROUPS = ["lab", "lunch"];
const TABLE = { hostname: "table", port: 1 };
const SETTLE_MS = 20 * 60_000;
/** A character that JSON escapes to six, and how many of them the longest text has. */
const LONG = "\u0001", LONG_CHARACTERS = 8000;

/**
 * Five peers who chat, use groups and sealing, on a network that loses, repeats, reorders and is cut. They
 * crash and restart with what their disks have stored; some leave or move; where peers can do without it, the table server
 * vanishes. In the end: every message has arrived once, in order, or its sender knows that it has not; all agree on the members
 * of each group; no text that had to be sealed was sent in plain.
 */
export async function simulatePeers(seed: number, plan: PeerPlan = {}): Promise<PeerReport> {
  return await new PeerLab(seed, plan).run();
}

class PeerLab {
  readonly #world: PeerNetwork;
  readonly #nodes: PeerNode[] = [];
  readonly #table = new DirectoryTable(limits());
  readonly #ledger: PeerLedger;
  readonly #troubles: FaultPlan;
  #tableGone = false;
  #groups = 0;
  #refused = 0;
  #long = 0;

  constructor(readonly seed: number, readonly plan: PeerPlan) {
    const weather: UdpConditions = { loss: plan.loss ?? 0.3, repeats: 0.1, mostDelayMs: 10 + (seed % 5) * 60 };
    this.#world = new PeerNetwork(seed, weather);
    this.#ledger = new PeerLedger(this.#world, this.#nodes);
    this.#troubles = faultPlan(this.#world);
  }

  async run(): Promise<PeerReport> {
    const { random, time, problems } = this.#world;
    const ledger = this.#ledger;
    for (const name of NAMES.slice(0, this.plan.people ?? 5)) {
      const node = await this.#world.person(name, 3001 + this.#nodes.length);
      node.watch = (event) => ledger.shown(node, event);
      this.#nodes.push(node);
      this.#find(node);
    }
    const ms = (this.plan.seconds ?? 75) * 1000;
    if (!this.#troubles.tableStays) time.in(random.whole(1000, 60_000), () => this.#removeTable());
    const { crashes, moves, leaves } = await this.#live(ms);
    await this.#world.until(() => ledger.isSettled, SETTLE_MS);
    ledger.judge(GROUPS);
    const { said, delivered, sealed, opened } = ledger;
    const [refused, groups, long] = [this.#refused, this.#groups, this.#long];
    const counts = { said, delivered, refused, crashes, moves, leaves, groups, sealed, opened, long };
    return { seed: this.seed, problems: problems.slice(0, 10), ...counts };
  }

  /** Stops the table server once every peer knows another: without the server, a peer that knows none can find none. */
  #removeTable(): void {
    this.#tableGone = this.#nodes.every(({ store }) => store.acquaintances(Infinity).length > 0);
    if (!this.#tableGone) this.#world.time.in(1000, () => this.#removeTable());
  }

  /** Lets every peer act at random for this time. */
  async #live(ms: number): Promise<PeerFaults> {
    const done = new PeerFaults(this.#world, this.#nodes, this.#troubles, ms);
    for (const node of this.#nodes) this.#actFrom(node, this.#world.time.now + ms);
    await this.#world.pass(ms);
    return done;
  }

  /** Runs a node's finder, which asks the table server while it is up. */
  #find(node: PeerNode): void {
    const peers = {
      get unanswered() {
        return node.peer.unanswered;
      },
      get size() {
        return node.peer.size;
      },
    };
    const finder = new PeerFinder({ name: node.name, port: node.place.port, by: TABLE }, peers);
    finder.start();
    this.#runFinder(node, finder);
  }

  #runFinder(node: PeerNode, finder: PeerFinder): void {
    const { time } = this.#world;
    for (let outputs = finder.takeOutputs(); outputs.length > 0; outputs = finder.takeOutputs()) {
      for (const output of outputs) this.#performFinder(node, finder, output);
    }
    time.in(Math.max(0, finder.wakeAt - time.now), () => {
      finder.tick(time.now);
      this.#runFinder(node, finder);
    });
  }

  #performFinder(node: PeerNode, finder: PeerFinder, output: FinderOutput): void {
    const { now } = this.#world.time;
    if (output.type === "listed") node.do((now) => node.peer.listed(output.entries, output.self, now));
    if (output.type === "unlisted") node.do((now) => node.peer.unlisted(now));
    if (output.type !== "query") return;
    if (this.#tableGone || !node.alive) return finder.unanswered("the table is gone", now);
    const { hostname, port } = node.place;
    this.#table.expire(now);
    this.#table.enter(hostname, port, node.name, now);
    finder.answered({ addresses: this.#table.others(hostname, port), local: hostname }, now);
  }

  #actFrom(node: PeerNode, until: number): void {
    const { random, time } = this.#world;
    time.in(random.whole(10, 3000), () => {
      if (time.now >= until) return;
      if (node.alive) this.#act(node);
      this.#actFrom(node, until);
    });
  }

  #act(node: PeerNode): void {
    const { random } = this.#world;
    const other = random.pick(this.#nodes);
    if (other === node) return;
    const group = random.pick(GROUPS);
    const dice = random.next();
    if (dice < 0.6) {
      for (let count = random.whole(1, 4); count > 0; count--) this.#say(node, [other], { user: other.name });
    } else if (dice < 0.75) {
      if (!node.peer.groups.isIn(group)) return;
      const audience = new Set(node.peer.groups.audience(group).map(({ key }) => key));
      const members = this.#nodes.filter((each) => audience.has(keyOf(each)) && node.peer.people.get(keyOf(each)));
      this.#say(node, members, { room: group });
    } else if (dice < 0.82) {
      node.ask({ type: "group", room: group, members: [other.name] });
      this.#groups++;
    } else if (dice < 0.88) node.ask({ type: "join", room: group });
    else if (dice < 0.92) node.ask({ type: "leave", room: group });
    else if (dice < 0.95) this.#secure(node, other);
    else this.#world.udp.cut(random.whole(1, 3000));
  }

  #secure(node: PeerNode, other: PeerNode): void {
    const on = !this.#troubles.secureOff || this.#world.random.chance(0.6);
    // Messages already queued in this turn may still be sent in plain.
    if (!on) this.#ledger.unseal(node, other);
    const before = node.saw("denied").length;
    node.ask({ type: "secure", user: other.name, on });
    if (on && node.saw("denied").length === before) this.#ledger.seal(node, other);
  }

  #say(node: PeerNode, to: readonly PeerNode[], target: { user: string } | { room: string }): void {
    const { random } = this.#world;
    const isLong = this.#troubles.longTexts && random.chance(0.1);
    const text = this.#ledger.text(node) + (isLong ? LONG.repeat(random.whole(1, LONG_CHARACTERS)) : "");
    const answer = "user" in target ? node.say(target.user, text) : node.sayIn(target.room, text);
    if ("why" in answer) {
      this.#refused++;
      return;
    }
    if (isLong) this.#long++;
    this.#ledger.enter(text, answer.id, node, to);
  }
}
