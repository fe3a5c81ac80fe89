import type { ExchangeCommand, ExchangeEvent } from "../../lib/exchange/exchange.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

interface Entry {
  readonly place: number;
  readonly bytes: Uint8Array;
}

/** An exchange in virtual time: it stops, loses its newest entries, is made anew, and cannot be reached by some servers. */
export class SimulatedExchange {
  readonly connections = new Set<SimulatedMaker>();
  isDown = false;
  epoch = 1;
  #entries: Entry[] = [];
  #last = 0;
  readonly ids = new Set<string>();
  appended = 0;

  constructor(readonly time: VirtualTime, readonly random: Random) {}

  get first(): number {
    return this.#entries[0]?.place ?? this.#last + 1;
  }

  get last(): number {
    return this.#last;
  }

  append(bytes: Uint8Array): void {
    // Places have gaps now and then.
    this.#last += this.random.chance(0.05) ? this.random.whole(2, 4) : 1;
    this.#entries.push({ place: this.#last, bytes });
    this.appended++;
    for (const maker of this.connections) maker.pump();
  }

  after(place: number): Entry | undefined {
    // Servers read near the end.
    let at = this.#entries.length;
    while (at > 0 && this.#entries[at - 1]!.place > place) at--;
    return this.#entries[at];
  }

  /** Stops; entries of the last moments are lost. */
  stop(lost: number): void {
    this.isDown = true;
    if (lost > 0) {
      this.#entries.splice(Math.max(0, this.#entries.length - lost));
      this.#last = this.#entries.at(-1)?.place ?? 0;
    }
    for (const maker of [...this.connections]) maker.cut("the exchange has stopped");
  }

  start(): void {
    this.isDown = false;
  }

  /** The log is gone, and there is a new one. */
  renew(): void {
    this.#entries = [];
    this.#last = 0;
    this.epoch++;
  }

  /** Removes the oldest entries. */
  prune(count: number): void {
    this.#entries.splice(0, count);
  }
}

/** The maker of one server. */
export class SimulatedMaker {
  isCutOff = false;
  #isClosed = false;
  #isConnected = false;
  #generation = 0;
  #upAt = 0;
  #downAt = 0;
  #read = 0;
  #credit = 0;

  constructor(
    readonly exchange: SimulatedExchange,
    readonly id: string,
    readonly tell: (event: ExchangeEvent) => void,
  ) {
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#generation++;
    this.exchange.connections.delete(this);
  }

  execute(command: ExchangeCommand): void {
    if (!this.#isConnected) return;
    const generation = this.#generation;
    this.#upAt = Math.max(this.#upAt, this.exchange.time.now + this.#delay());
    this.exchange.time.in(this.#upAt - this.exchange.time.now, () => {
      if (generation !== this.#generation || this.exchange.isDown) return;
      switch (command.type) {
        case "read":
          this.#read = command.after;
          return;
        case "take":
          this.#credit += command.count;
          return this.pump();
        case "publish":
          if (this.exchange.ids.has(command.id)) throw new Error(`the id ${command.id} was published before`);
          this.exchange.ids.add(command.id);
          return this.exchange.append(command.bytes);
        case "send":
          for (const maker of this.exchange.connections) {
            if (maker === this || (command.to !== undefined && maker.id !== command.to)) continue;
            // Messages may be lost.
            if (!this.exchange.random.chance(0.02)) maker.#down({ type: "message", bytes: command.bytes });
          }
      }
    });
  }

  /** Gives what there is, as much as was asked for. */
  pump(): void {
    if (!this.#isConnected) return;
    while (this.#credit > 0) {
      const entry = this.exchange.after(this.#read);
      if (!entry) return;
      this.#read = entry.place;
      this.#credit--;
      this.#down({ type: "entry", ...entry });
    }
  }

  /** The connection breaks; the server notices a little later, and what was under way is lost. */
  cut(why: string): void {
    this.exchange.connections.delete(this);
    if (!this.#isConnected) return;
    this.#isConnected = false;
    const generation = ++this.#generation;
    this.exchange.time.in(this.exchange.random.whole(0, 300), () => {
      if (generation !== this.#generation) return;
      this.tell({ type: "lost", why });
      this.#connect();
    });
  }

  #connect(): void {
    const { exchange } = this;
    exchange.time.in(exchange.random.whole(10, 1000), () => {
      if (this.#isClosed) return;
      if (exchange.isDown || this.isCutOff) {
        this.tell({ type: "unreachable", why: "the exchange cannot be reached" });
        return this.#connect();
      }
      this.#isConnected = true;
      this.#generation++;
      this.#credit = 0;
      exchange.connections.add(this);
      this.tell({ type: "connected", epoch: exchange.epoch, first: exchange.first, last: exchange.last });
    });
  }

  #down(event: ExchangeEvent): void {
    const generation = this.#generation;
    this.#downAt = Math.max(this.#downAt, this.exchange.time.now + this.#delay());
    this.exchange.time.in(this.#downAt - this.exchange.time.now, () => {
      if (generation === this.#generation) this.tell(event);
    });
  }

  #delay(): number {
    const { random } = this.exchange;
    return random.chance(0.03) ? random.whole(20, 300) : random.whole(0, 5);
  }
}
