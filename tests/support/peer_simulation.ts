import { AddressTable } from "../../lib/wire/address_book/table.ts";
import { limits } from "../../lib/base/limits.ts";
import type { PeerEvent } from "../../lib/peer/event.ts";
import { placeAt } from "../../lib/peer/place.ts";
import { type PeerNode, PeerWorld } from "./peer_world.ts";
import type { Weather } from "./virtual_udp.ts";

/** What a simulated lab of peers has come to. */
export interface PeerReport {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly said: number;
  readonly delivered: number;
  readonly refused: number;
  readonly crashes: number;
  readonly groups: number;
  readonly sealed: number;
}

/** How a lab is made; the rest is chance. */
export interface PeerPlan {
  readonly people?: number;
  readonly loss?: number;
  readonly seconds?: number;
}

const NAMES = ["alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi"];
const GROUPS = ["lab", "lunch"];
const REFRESH_MS = 30_000;
const SETTLE_MS = 20 * 60_000;

/** What was said to one person, and what was told of it. */
interface Said {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly sealed: boolean;
  delivered: number;
  failed: number;
  shown: number;
}

/**
 * Five people who chat, gather in groups and seal what they say, on a network that loses, repeats, reorders and is cut; one of
 * them crashes and comes back, and the table server vanishes. In the end: what was said has arrived once, in its order, or its
 * sender was told that it has not; all agree on who is in which group; what was to be sealed was never seen in plain.
 */
export async function simulatePeers(seed: number, plan: PeerPlan = {}): Promise<PeerReport> {
  return await new PeerLab(seed, plan).run();
}

class PeerLab {
  readonly #world: PeerWorld;
  readonly #nodes: PeerNode[] = [];
  readonly #table = new AddressTable(limits());
  readonly #said: Said[] = [];
  /** Of each sender, by the number that the message has. */
  readonly #byId = new Map<string, Said[]>();
  readonly #byText = new Map<string, Said[]>();
  /** Who seals what they say to whom. */
  readonly #secure = new Set<string>();
  #tableGone = false;
  #crashes = 0;
  #groups = 0;
  #refused = 0;

  constructor(readonly seed: number, readonly plan: PeerPlan) {
    const weather: Weather = { loss: plan.loss ?? 0.3, repeats: 0.1, mostDelayMs: 10 + (seed % 5) * 60 };
    this.#world = new PeerWorld(seed, weather);
  }

  async run(): Promise<PeerReport> {
    const { random, time } = this.#world;
    for (const name of NAMES.slice(0, this.plan.people ?? 5)) {
      const node = await this.#world.person(name, 3001 + this.#nodes.length);
      node.watch = (event) => this.#shown(node, event);
      this.#nodes.push(node);
      this.#visitTable(node);
    }
    this.#watchWire();
    time.in(random.whole(1, 60) * 1000, () => this.#tableGone = true);
    const seconds = this.plan.seconds ?? 60;
    time.in(random.whole(2, seconds) * 1000, () => this.#crash(random.pick(this.#nodes)));
    if (random.chance(0.5)) {
      time.in(random.whole(2, seconds) * 1000, () => this.#world.udp.cut(random.whole(1, 45) * 1000));
    }
    for (const node of this.#nodes) this.#live(node, time.now + seconds * 1000);
    await this.#world.pass(seconds * 1000);
    await this.#world.until(() => this.#settled(), SETTLE_MS);
    this.#judge();
    return {
      seed: this.seed,
      problems: this.#world.problems.slice(0, 10),
      said: this.#said.length,
      delivered: this.#said.filter(({ delivered }) => delivered > 0).length,
      refused: this.#refused,
      crashes: this.#crashes,
      groups: this.#groups,
      sealed: this.#secure.size,
    };
  }

  /** Asks the table every half minute, as long as it is there. */
  #visitTable(node: PeerNode): void {
    const { time } = this.#world;
    if (!this.#tableGone && node.alive) {
      const { hostname, port } = node.place;
      this.#table.expire(time.now);
      this.#table.enter(hostname, port, node.name, time.now);
      const others = this.#table.others(hostname, port).map((entry) => placeAt(entry.hostname, entry.port));
      node.do(() => others.forEach((place) => node.peer.meet(place)));
    }
    time.in(REFRESH_MS, () => this.#visitTable(node));
  }

  #live(node: PeerNode, until: number): void {
    const { random, time } = this.#world;
    time.in(random.whole(10, 3000), () => {
      if (time.now >= until) return;
      if (node.alive) this.#act(node);
      this.#live(node, until);
    });
  }

  #act(node: PeerNode): void {
    const { random } = this.#world;
    const other = random.pick(this.#nodes);
    if (other === node) return;
    const group = random.pick(GROUPS);
    const dice = random.next();
    if (dice < 0.6) {
      for (let count = random.whole(1, 4); count > 0; count--) this.#say(node, [other], () => ["user", other.name]);
    } else if (dice < 0.75) {
      if (!node.peer.groups.isIn(group)) return;
      const audience = new Set(node.peer.groups.audience(group).map(({ key }) => key));
      const members = this.#nodes.filter((each) => audience.has(keyOf(each)) && node.peer.people.get(keyOf(each)));
      this.#say(node, members, () => ["room", group]);
    } else if (dice < 0.82) {
      node.ask({ type: "group", room: group, friends: [other.name] });
      this.#groups++;
    } else if (dice < 0.88) node.ask({ type: "join", room: group });
    else if (dice < 0.92) node.ask({ type: "leave", room: group });
    else if (dice < 0.95) {
      const before = node.saw("denied").length;
      node.ask({ type: "secure", user: other.name, on: true });
      if (node.saw("denied").length === before) this.#secure.add(`${node.name} ${other.name}`);
    } else this.#world.udp.cut(random.whole(1, 3000));
  }

  #say(node: PeerNode, to: readonly PeerNode[], target: () => ["user" | "room", string]): void {
    const text = `<${this.seed}.${this.#said.length}.${node.name}>`;
    const [kind, name] = target();
    const answer = kind === "user" ? node.say(name, text) : node.sayIn(name, text);
    if ("why" in answer) {
      this.#refused++;
      return;
    }
    for (const each of to) {
      const sealed = this.#secure.has(`${node.name} ${each.name}`);
      const said = { text, from: node.name, to: each.name, id: answer.id, sealed, delivered: 0, failed: 0, shown: 0 };
      this.#said.push(said);
      push(this.#byId, `${node.name} ${answer.id}`, said);
      push(this.#byText, text, said);
    }
  }

  #shown(node: PeerNode, event: PeerEvent): void {
    const wrong = (text: string) => this.#world.problems.push(`${node.name}: ${text}`);
    if (event.type === "message") {
      const said = this.#byText.get(event.said.text)?.find(({ to }) => to === node.name);
      if (!said) return void wrong(`is shown what nobody said to them: ${event.said.text}`);
      if (event.said.from !== said.from) wrong(`is told that ${event.said.from} said ${said.text}`);
      if (++said.shown > 1) wrong(`is shown ${said.text} ${said.shown} times`);
      const { to } = event.said;
      if ("room" in to && !node.peer.groups.isIn(to.room)) {
        wrong(`is shown what is said in ${to.room}, without being in it`);
      }
    } else if (event.type === "failed" && event.to && "room" in event.to) {
      // Of members who were never met.
    } else if (event.type === "delivered" || event.type === "failed") {
      const name = event.type === "delivered" ? event.to : event.to && "user" in event.to ? event.to.user : "";
      const said = this.#byId.get(`${node.name} ${event.id}`)?.find(({ to }) => to === name);
      if (!said) return void wrong(`is told of ${event.id} to ${name}, which was never said`);
      said[event.type]++;
      if (event.type === "delivered" && said.shown !== 1) {
        wrong(`is told that ${said.text} is delivered, shown ${said.shown} times`);
      }
      if (event.type === "failed" && said.shown !== 0) {
        wrong(`is told that ${said.text} failed (${event.why}), and it was shown`);
      }
    } else if (event.type === "changedKey") wrong(`is warned of a changed key, and nobody's has changed`);
  }

  /** What is sealed must not be seen. */
  #watchWire(): void {
    const names = () => new Map(this.#nodes.map(({ place, name }) => [place.key, name]));
    this.#world.udp.watch = (from, to, datagram) => {
      const text = new TextDecoder().decode(datagram);
      for (const [found] of text.matchAll(/<[\d.a-z]+>/g)) {
        const [sender, receiver] = [names().get(from.key), names().get(to.key)];
        const said = this.#byText.get(found)?.find((each) => each.from === sender && each.to === receiver);
        if (said?.sealed) this.#world.problems.push(`${found} to ${receiver} was to be sealed, and could be read`);
      }
    };
  }

  #crash(node: PeerNode): void {
    const { random, time } = this.#world;
    node.crash();
    this.#crashes++;
    time.in(random.whole(0, 60) * 1000, () => {
      const place = random.chance(0.5) ? node.place : placeAt("10.0.0.1", 4000 + random.whole(0, 999));
      node.begin(place);
    });
  }

  #settled(): boolean {
    if (this.#nodes.some(({ alive }) => !alive)) return false;
    if (this.#said.some(({ delivered, failed }) => delivered + failed === 0)) return false;
    return new Set(this.#nodes.map(({ peer }) => peer.groups.sum)).size === 1;
  }

  #judge(): void {
    const { problems } = this.#world;
    for (const { text, to, delivered, failed, shown } of this.#said) {
      if (delivered + failed !== 1) {
        problems.push(
          `of ${text} to ${to} it was told ${delivered} times that it is delivered, ${failed} times that it failed`,
        );
      }
      if (delivered === 1 && shown !== 1) problems.push(`${text} to ${to} was shown ${shown} times`);
    }
    this.#judgeOrder();
    for (const group of GROUPS) {
      const pictures = this.#nodes.map(({ peer }) =>
        peer.groups.members(group).map(({ name }) => name).sort().join(" ")
      );
      if (new Set(pictures).size > 1) problems.push(`in ${group} are: ${pictures.join(" | ")}`);
    }
  }

  #judgeOrder(): void {
    for (const node of this.#nodes) {
      const last = new Map<string, number>();
      for (const { said } of node.saw("message")) {
        const at = this.#said.findIndex(({ text, to }) => text === said.text && to === node.name);
        if (at < (last.get(said.from) ?? -1)) this.#world.problems.push(`${node.name} is shown ${said.text} too late`);
        last.set(said.from, at);
      }
    }
  }
}

function keyOf(node: PeerNode): string {
  return node.peer.groups.self.key;
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
