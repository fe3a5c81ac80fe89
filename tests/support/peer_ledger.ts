import { type Address, sameAddress } from "../../lib/core/address.ts";
import type { PeerEvent } from "../../lib/peers/event.ts";
import { keyOf } from "./linked_peers.ts";
import type { PeerNode } from "./peer_node.ts";
import type { PeerNetwork } from "./peer_network.ts";

/** One message to one receiver, and its reported outcomes. */
interface Said {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly sealed: boolean;
  delivered: number;
  failed: number;
  shown: number;
}

/** Every message of a simulation, its reported outcomes, and whether they were true. */
export class PeerLedger {
  readonly #world: PeerNetwork;
  readonly #nodes: readonly PeerNode[];
  readonly #said: Said[] = [];
  /** By sender and message number. */
  readonly #byId = new Map<string, Said[]>();
  readonly #byText = new Map<string, Said[]>();
  /** Which sender seals for which receiver. */
  readonly #secure = new Set<string>();
  /** Pairs in which one side has switched sealing off: their messages may be sent in plain. */
  readonly #insecure = new Set<string>();

  constructor(world: PeerNetwork, nodes: readonly PeerNode[]) {
    this.#world = world;
    this.#nodes = nodes;
    world.udp.watch = (from, to, datagram) => this.#sent(from, to, datagram);
  }

  get said(): number {
    return this.#said.length;
  }

  get delivered(): number {
    return this.#said.filter(({ delivered }) => delivered > 0).length;
  }

  get sealed(): number {
    return this.#secure.size;
  }

  get opened(): number {
    return this.#insecure.size / 2;
  }

  /** From now on messages between the two must be sealed. */
  seal(from: PeerNode, to: PeerNode): void {
    this.#secure.add(`${from.name} ${to.name}`);
  }

  /** One of the two has switched sealing off. */
  unseal(one: PeerNode, other: PeerNode): void {
    this.#insecure.add(`${one.name} ${other.name}`).add(`${other.name} ${one.name}`);
  }

  /** A text that can be recognised. */
  text(from: PeerNode): string {
    return `<${this.#world.random.seed}.${this.#said.length}.${from.name}>`;
  }

  /** Records a sent message and its number. */
  enter(text: string, id: string, from: PeerNode, to: readonly PeerNode[]): void {
    for (const { name } of to) {
      const sealed = this.#secure.has(`${from.name} ${name}`);
      const said = { text, from: from.name, to: name, sealed, delivered: 0, failed: 0, shown: 0 };
      this.#said.push(said);
      push(this.#byId, `${from.name} ${id}`, said);
      push(this.#byText, marked(text), said);
    }
  }

  /** Records an event shown to a peer. */
  shown(node: PeerNode, event: PeerEvent): void {
    if (event.type === "message") this.#heard(node, event);
    else if (event.type === "failed" && event.to && "room" in event.to) {
      // From group members that were never linked.
    } else if (event.type === "delivered" || event.type === "failed") this.#told(node, event);
    else if (event.type === "changedKey") this.#wrong(node, `is warned of a changed key, and nobody's has changed`);
  }

  /** Whether every outcome has been reported and all groups agree. */
  get isSettled(): boolean {
    if (this.#nodes.some(({ alive }) => !alive)) return false;
    if (this.#said.some(({ delivered, failed }) => delivered + failed === 0)) return false;
    return new Set(this.#nodes.map(({ peer }) => peer.groups.sum)).size === 1;
  }

  /** Records every violation of the final invariants. */
  judge(groups: readonly string[]): void {
    const { problems } = this.#world;
    for (const { text, to, delivered, failed, shown } of this.#said) {
      const what = `${marked(text)} to ${to}`;
      if (delivered + failed !== 1) {
        problems.push(`of ${what} it was told ${delivered} times that it is delivered, ${failed} times that it failed`);
      }
      if (delivered === 1 && shown !== 1) problems.push(`${what} was shown ${shown} times`);
    }
    for (const node of this.#nodes) this.#judgeOrder(node);
    for (const group of groups) {
      const pictures = this.#nodes.map(({ peer }) =>
        peer.groups.members(group).map(({ name }) => name).sort().join(" ")
      );
      if (new Set(pictures).size > 1) problems.push(`in ${group} are: ${pictures.join(" | ")}`);
      this.#judgeParts(group);
    }
  }

  /** A group's members according to each peer's own store. */
  #judgeParts(group: string): void {
    for (const node of this.#nodes) {
      const kept = node.store.memberships().find((part) => part.group === group)?.in ?? false;
      for (const { name, peer } of this.#nodes) {
        if (peer.groups.isIn(group, keyOf(node)) === kept) continue;
        this.#wrong(node, `has kept that they are ${kept ? "in" : "not in"} ${group}, and ${name} knows otherwise`);
      }
    }
  }

  #judgeOrder(node: PeerNode): void {
    const last = new Map<string, number>();
    for (const { message: said } of node.saw("message")) {
      const at = this.#said.findIndex(({ text, to }) => text === said.text && to === node.name);
      if (at < (last.get(said.from) ?? -1)) this.#wrong(node, `is shown ${marked(said.text)} too late`);
      last.set(said.from, at);
    }
  }

  #heard(node: PeerNode, { message: { text, from, to } }: Extract<PeerEvent, { type: "message" }>): void {
    const mark = marked(text);
    const said = this.#byText.get(mark)?.find((each) => each.to === node.name);
    if (said?.text !== text) return this.#wrong(node, `is shown what nobody said to them: ${mark}`);
    if (from !== said.from) this.#wrong(node, `is told that ${from} said ${mark}`);
    if (++said.shown > 1) this.#wrong(node, `is shown ${mark} ${said.shown} times`);
    if ("room" in to && !node.peer.groups.isIn(to.room)) {
      this.#wrong(node, `is shown what is said in ${to.room}, without being in it`);
    }
  }

  #told(node: PeerNode, event: Extract<PeerEvent, { type: "delivered" | "failed" }>): void {
    const name = event.type === "delivered" ? event.to : event.to && "user" in event.to ? event.to.user : "";
    const said = this.#byId.get(`${node.name} ${event.id}`)?.find(({ to }) => to === name);
    if (!said) return this.#wrong(node, `is told of ${event.id} to ${name}, which was never said`);
    said[event.type]++;
    const mark = marked(said.text);
    if (event.type === "delivered" && said.shown !== 1) {
      this.#wrong(node, `is told that ${mark} is delivered, shown ${said.shown} times`);
    }
    if (event.type === "failed" && said.shown !== 0) {
      this.#wrong(node, `is told that ${mark} failed (${event.why}), and it was shown`);
    }
  }

  /** A sealed text must not appear on the wire. */
  #sent(from: Address, to: Address, datagram: Uint8Array): void {
    const text = new TextDecoder().decode(datagram);
    if (!text.includes("<")) return;
    for (const [mark] of text.matchAll(/<[\d.]+\.[a-z]+>/g)) {
      const [sender, receiver] = [from, to].map((at) => this.#nodes.find(({ place }) => sameAddress(place, at))?.name);
      const said = this.#byText.get(mark)?.find((each) => each.from === sender && each.to === receiver);
      if (!said?.sealed || this.#insecure.has(`${sender} ${receiver}`)) continue;
      this.#world.problems.push(`${mark} to ${receiver} was to be sealed, and could be read`);
    }
  }

  #wrong({ name }: PeerNode, text: string): void {
    this.#world.problems.push(`${name}: ${text}`);
  }
}

/** The recognisable part of a text. */
function marked(text: string): string {
  return text.slice(0, text.indexOf(">") + 1);
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
