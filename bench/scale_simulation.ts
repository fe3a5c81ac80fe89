import { Random } from "../tests/support/random.ts";

/** Microseconds of processor time for one message, and bytes, as measured with two servers. */
export interface Costs {
  /** At the server where it is said, its thread for the store included; and at another one. */
  readonly own: number;
  readonly other: number;
  /** Of that, what the main thread takes, which is one core at most. */
  readonly ownMain: number;
  readonly otherMain: number;
  /** For each user who is told of it. */
  readonly told: number;
  /** For NATS to take it, and to give it to one server. */
  readonly published: number;
  readonly given: number;
  /** Of one message at the exchange. */
  readonly messageBytes: number;
  /** For a server to read that a user has come to another one, and the bytes that say so. */
  readonly notice: number;
  readonly noticeBytes: number;
}

/** A chat of many servers. */
export interface Load {
  readonly servers: number;
  /** At each server. */
  readonly people: number;
  /** Messages of each user a minute, to a room in which so many are online. */
  readonly said: number;
  readonly room: number;
  /** People of each server who come or go, a second. */
  readonly changes: number;
  /** Of the machine of NATS: cores, and bytes a second out of its network. */
  readonly natsCores: number;
  readonly networkBytes: number;
}

/** What a simulation has found: shares are of the time, delays in milliseconds until people at another server are told. */
export interface Outcome {
  readonly messages: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the busiest server. */
  readonly main: number;
  readonly store: number;
  readonly nats: number;
  readonly network: number;
}

/** Something that serves in order of arrival, with so many hands. */
class Station {
  readonly #freeAt: Float64Array;
  busy = 0;

  constructor(hands = 1) {
    this.#freeAt = new Float64Array(hands);
  }

  /** Work that arrives at a time; when it is done. */
  serve(at: number, seconds: number): number {
    let hand = 0;
    for (let i = 1; i < this.#freeAt.length; i++) if (this.#freeAt[i]! < this.#freeAt[hand]!) hand = i;
    this.busy += seconds;
    return this.#freeAt[hand] = Math.max(at, this.#freeAt[hand]!) + seconds;
  }
}

type Step = "say" | "keepOwn" | "publish" | "give" | "take" | "keep" | "tell" | "change" | "giveChange" | "takeChange";

interface Event {
  readonly at: number;
  readonly step: Step;
  readonly server: number;
  /** When it was said. */
  readonly since: number;
}

/** Events by time. */
class Agenda {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const above = heap[(at - 1) >> 1]!;
      if (above.at <= event.at) break;
      heap[at] = above;
    }
    heap[at] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++;
      if (below >= heap.length || heap[below]!.at >= last!.at) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last!;
    return first;
  }
}

/**
 * Simulates so many seconds of a chat of many servers at one exchange: each thread, NATS and its network do one thing after the
 * other, and what comes meanwhile waits.
 */
export function simulateScale(load: Load, costs: Costs, seconds: number, seed = 1): Outcome {
  const random = new Random(seed);
  const agenda = new Agenda();
  const mains = Array.from({ length: load.servers }, () => new Station());
  const stores = Array.from({ length: load.servers }, () => new Station());
  const nats = new Station(load.natsCores);
  const network = new Station();
  const delays: number[] = [];
  const micros = 1e-6;
  const messageRate = load.people * load.said / 60;
  const pause = (rate: number) => -Math.log(1 - random.next()) / rate;
  /** NATS gives something to every server but the one that it is from. */
  const giveAll = (at: number, from: number, step: Step, since: number, bytes: number) => {
    for (let server = 0; server < load.servers; server++) {
      if (server === from) continue;
      const given = nats.serve(at, costs.given * micros);
      agenda.push({ at: network.serve(given, bytes / load.networkBytes), step, server, since });
    }
  };
  const next = (step: "say" | "change", server: number, after: number) => {
    const rate = step === "say" ? messageRate : load.changes;
    const at = rate > 0 ? after + pause(rate) : Infinity;
    if (at < seconds) agenda.push({ at, step, server, since: at });
  };
  for (let server = 0; server < load.servers; server++) {
    next("say", server, 0);
    next("change", server, 0);
  }
  let messages = 0;
  for (let event = agenda.pop(); event; event = agenda.pop()) {
    const { at, step, server, since } = event;
    const then = (station: Station, cost: number, step: Step) =>
      agenda.push({ at: station.serve(at, cost * micros), step, server, since });
    switch (step) {
      case "say":
        messages++;
        next("say", server, at);
        then(mains[server]!, costs.ownMain, "keepOwn");
        break;
      case "keepOwn":
        then(stores[server]!, costs.own - costs.ownMain, "publish");
        break;
      case "publish":
        then(nats, costs.published, "give");
        break;
      case "give":
        giveAll(at, server, "take", since, costs.messageBytes);
        break;
      case "take":
        then(mains[server]!, costs.otherMain, "keep");
        break;
      case "keep":
        then(stores[server]!, costs.other - costs.otherMain, "tell");
        break;
      case "tell":
        delays.push(mains[server]!.serve(at, costs.told * load.room / load.servers * micros) - since);
        break;
      case "change":
        next("change", server, at);
        then(nats, costs.published, "giveChange");
        break;
      case "giveChange":
        giveAll(at, server, "takeChange", since, costs.noticeBytes);
        break;
      case "takeChange":
        mains[server]!.serve(at, costs.notice * micros);
    }
  }
  delays.sort((one, other) => one - other);
  const percentile = (share: number) => (delays[Math.floor(delays.length * share)] ?? 0) * 1000;
  const busiest = (stations: readonly Station[]) => Math.max(...stations.map(({ busy }) => busy)) / seconds;
  return {
    messages: messages / seconds,
    p50: percentile(0.5),
    p99: percentile(0.99),
    main: busiest(mains),
    store: busiest(stores),
    nats: nats.busy / load.natsCores / seconds,
    network: network.busy / seconds,
  };
}
