import type { Target } from "../../lib/chat/entry.ts";
import { Message } from "../../lib/chat/event.ts";
import { Fault } from "../../lib/core/errors.ts";
import { NativeClient } from "../../lib/protocols/native/client.ts";
import type { ClientEvent } from "../../lib/protocols/native/client_event.ts";
import { decodeNative } from "../../lib/protocols/native/requests.ts";
import type { DeliveryServer, Link, LinkedDevice } from "./delivery_server.ts";
import type { DeliveryWorld } from "./delivery_world.ts";

/** One program of a user: a handout client that may go over to the native protocol, or a native one. */
export class DeliveryDevice implements LinkedDevice {
  link: Link | undefined;
  kills = 0;
  upgraded = false;
  /** What was shown, in order. */
  readonly shown: { from: string; text: string; seq: number; to: Target }[] = [];
  readonly confirmed = new Set<string>();
  /** What the sender was told of each text, in order. */
  readonly told = new Map<string, string[]>();
  readonly edits = new Map<number, string>();
  readonly #texts = new Map<string, string>();
  readonly #marks = new Map<string, number>();
  #client: NativeClient | undefined;
  #handoutQueue: Message[] = [];
  #awaited: { ref: number; text: string; to: Target } | undefined;
  #runs = 0;
  #said = 0;
  #ref = 0;
  #isDead = false;
  #goesOver = false;

  constructor(
    readonly world: DeliveryWorld,
    readonly server: DeliveryServer,
    readonly name: string,
    readonly number: number,
    readonly isHandout: boolean,
  ) {
    this.#start();
  }

  get settled(): boolean {
    return this.link !== undefined && (this.#client ? this.#client.isLoggedIn && this.#client.settled : !this.#awaited);
  }

  say(to: Target): void {
    // Six of the longest texts fill a window.
    const padding = this.world.random.chance(this.world.longTexts) ? `.${"x".repeat(12_000)}` : "";
    const text = `${this.name}${this.number}.${++this.#said}${padding}`;
    if (this.#client && !this.isSilent) {
      const said = this.#client.say(to, text, 0);
      if ("id" in said) this.#texts.set(said.id, text);
      this.#world(to, text);
      return this.#run();
    }
    // A handout session waits for each outcome.
    const { link } = this;
    if (!link || link.native || this.#awaited || this.#goesOver) return;
    this.#awaited = { ref: ++this.#ref, text, to };
    this.#world(to, text);
    const ref = this.#ref;
    link.up(() =>
      this.server.hub.handle(
        link.session,
        "user" in to ? { type: "send", ref, to: to.user, text } : { type: "sendAll", ref, text },
        this.world.time.now,
      )
    );
  }

  /** Changes a message of its own. */
  edit(): void {
    const own = this.world.own.get(this.name) ?? [];
    if (!this.#client || own.length === 0) return;
    const { seq, to } = this.world.random.pick(own);
    const text = `${this.name}${this.number}.edit${++this.#said}`;
    if ("id" in this.#client.edit(seq, to, text, 0)) this.world.edited.add(seq);
    this.#run();
  }

  read(): void {
    const last = this.shown.at(-1);
    if (!last || last.seq < 0 || !this.#client) return;
    const of = "room" in last.to ? last.to : { user: last.from === this.name ? last.to.user : last.from };
    this.#client.read(of, last.seq);
    this.#run();
  }

  /** A handout client goes over to the native protocol; what it has not confirmed counts as not received. */
  upgrade(): void {
    const { link } = this;
    if (!link || link.native || this.#awaited || this.#goesOver) return;
    this.#goesOver = true;
    this.#handoutQueue = [];
    link.up(() => {
      const { hub } = this.server;
      link.queue.length = 0;
      this.world.upgrades++;
      this.upgraded = true;
      hub.handle(link.session, { type: "become" }, this.world.time.now);
      link.native = hub.isNative(link.session);
      link.down(() => {
        this.#goesOver = false;
        if (!link.native) return;
        this.#client = this.#newClient();
        this.#client.start(this.name);
        this.#run();
      });
    });
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.kills++;
    this.link?.cut();
    this.link = undefined;
    this.#client = undefined;
    this.#texts.clear();
    this.#awaited = undefined;
    this.#handoutQueue = [];
    this.#goesOver = false;
    this.world.time.in(this.world.random.whole(10, 5000), () => this.#start());
  }

  lost(link: Link): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.#awaited = undefined;
    this.#handoutQueue = [];
    this.#goesOver = false;
    if (this.isHandout) {
      this.#client = undefined;
      this.#texts.clear();
    }
    this.#client?.lost();
    this.#run();
    this.#dialSoon();
  }

  receive(link: Link, json: string): void {
    if (json.startsWith('{"type":"behind"')) this.world.behind++;
    this.#client?.receive(json);
    this.#run();
    this.#client?.flush();
    this.#run();
    if (this.link !== link) return;
  }

  handoutEvent(link: Link, event: unknown): void {
    if (event instanceof Message) {
      if (this.#goesOver) return;
      if (link.native) {
        return void this.world.problems.push(`${this.name} was told as a handout client after it went over`);
      }
      this.#handoutQueue.push(event);
      if (this.#handoutQueue.length === 1) this.#confirm(link);
      return;
    }
    const told = event as { type: string; ref: number; delivered: boolean };
    if (told.type === "turnedAway") return link.cut();
    if (this.#awaited?.ref !== told.ref) return;
    const { text } = this.#awaited;
    this.#awaited = undefined;
    if (told.delivered) this.world.handoutDelivered.add(text);
    else this.world.handoutFailed.add(text);
  }

  get isSilent(): boolean {
    return this.link !== undefined && !this.link.native;
  }

  #confirm(link: Link): void {
    const { time, random } = this.world;
    const message = this.#handoutQueue[0];
    if (!message) return;
    time.in(random.whole(0, 30), () => {
      if (this.link !== link || this.#handoutQueue[0] !== message) return;
      this.#handoutQueue.shift();
      const { from, text, id, scope } = message;
      const to: Target = scope === "one" ? { user: this.name } : { room: "lobby" };
      if (!text.startsWith("(")) this.#show({ from, text, seq: id, to });
      link.up(() => {
        link.queue.shift();
        link.sendFirst();
        this.server.hub.handle(link.session, { type: "taken", id }, time.now);
      });
      this.#confirm(link);
    });
  }

  #start(): void {
    this.#isDead = false;
    if (!this.isHandout) this.#client = this.#newClient();
    this.#dialSoon();
  }

  #newClient(): NativeClient {
    return new NativeClient({
      client: `${this.name}-${this.number}-${++this.#runs}`,
      shown: new Map([[this.name, this.#marks]]),
    });
  }

  #dialSoon(): void {
    const client = this.#client;
    this.world.time.in(this.world.random.whole(10, 1500), () => {
      if (this.link || this.#isDead || this.#client !== client) return;
      this.link = this.server.connect(this, !this.isHandout);
      if (!this.link) return this.#dialSoon();
      if (!this.isHandout) this.#client!.start(this.name);
      this.#run();
    });
  }

  #run(): void {
    for (const output of this.#client?.takeOutputs() ?? []) {
      const { link } = this;
      if (output.type === "send") {
        if (!link) continue;
        const { json } = output;
        link.up(() => {
          const request = decodeNative(json);
          if (request instanceof Fault) return void this.world.problems.push(`not read: ${json}`);
          if (request.type === "bye" || request.type === "ping") return;
          this.server.hub.handle(link.session, request, this.world.time.now);
        });
      } else if (output.type === "shown") this.#marks.set(output.store, output.seq);
      else if (output.type === "broken") this.world.problems.push(`${this.name}: ${output.why}`);
      else if (output.type === "event") this.#event(output.event);
    }
  }

  #event(event: ClientEvent): void {
    switch (event.type) {
      case "message":
        if (!event.own) this.#show(event.message);
        return;
      case "sent":
      case "stored": {
        const text = this.#texts.get(event.id)!;
        this.confirmed.add(text);
        if (event.seq !== undefined) this.world.stored(this.name, text, event.seq, event.to);
        return;
      }
      case "delivered":
        return this.#hears(event.id, event.type);
      case "failed":
        if (event.id !== undefined) this.#hears(event.id, event.type);
        else if (event.seq !== undefined) this.world.failedSeqs.add(event.seq);
    }
  }

  /** The texts that this run of the program has said. */
  get ownTexts(): Iterable<string> {
    return this.#texts.values();
  }

  has(text: string, outcome: "delivered" | "failed"): boolean {
    return this.told.get(text)?.includes(outcome) ?? false;
  }

  #hears(id: string, outcome: "delivered" | "failed"): void {
    const text = this.#texts.get(id)!;
    this.told.set(text, [...this.told.get(text) ?? [], outcome]);
  }

  #show(message: { from: string; text: string; seq: number; to: Target }): void {
    this.shown.push(message);
  }

  #world(to: Target, text: string): void {
    this.world.said.set(text, { from: this.name, to });
  }
}
