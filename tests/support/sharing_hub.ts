import { Accounts } from "../../lib/chat/accounts.ts";
import type { Command } from "../../lib/chat/command.ts";
import type { Effect } from "../../lib/chat/effect.ts";
import { Entries, type Event, Message } from "../../lib/chat/event.ts";
import type { ExchangeOutput } from "../../lib/chat/exchange_events.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { decodeRecord, encodeRecord, type SharedRecord } from "../../lib/chat/records.ts";
import type { Query } from "../../lib/chat/store.ts";
import { limits } from "../../lib/core/limits.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";

/** The hub of a server that shares its chat, with its store; the test is the exchange. */
export class SharingHub {
  readonly store = new ChatStore(":memory:", "me");
  readonly #accounts: Accounts;
  #hub: Hub;
  /** What the hub wanted of the exchange. */
  readonly outputs: ExchangeOutput[] = [];
  /** A query that the store cannot answer. */
  failing: Query["type"] | undefined;
  /** A query that the store answers when this is another one. */
  stalling: Query["type"] | undefined;
  #stalled: Extract<Effect, { type: "query" }>[] = [];
  /** How many queries it did not answer. */
  failures = 0;
  now = 0;
  #place = 0;
  #givenBack = 0;

  #lastSession = 0;
  readonly #listeners = new Map<number, (event: Event) => void>();

  /** With accounts of these names. */
  constructor(...names: readonly string[]) {
    this.#accounts = new Accounts(new Map(names.map((name) => [name, { type: "plain", password: "p" }])));
    this.#hub = this.#begin();
  }

  get hub(): Hub {
    return this.#hub;
  }

  /** The server was killed, and begins again with what is in its store. */
  restart(): void {
    this.#listeners.clear();
    this.#hub = this.#begin();
  }

  #begin(): Hub {
    const bytes = (count: number) => new Uint8Array(count);
    return new Hub(this.#accounts, limits({}), {
      snapshot: this.store.snapshot,
      randomness: { bytes, salt: () => bytes(16) },
      shares: true,
    });
  }

  /** The exchange gives a record of a server. */
  give(server: string, number: number, record: SharedRecord): void {
    const place = { epoch: 1, place: ++this.#place };
    this.hub.exchange({ type: "record", id: { server, number }, text: encodeRecord(record), place }, 0);
    this.run();
  }

  /** What this server has recorded. */
  get recorded(): readonly SharedRecord[] {
    return this.#recorded.map(({ text }) => decodeRecord(text) as SharedRecord);
  }

  get #recorded() {
    return this.outputs.filter((output) => output.type === "recorded");
  }

  /** The exchange gives back what this server has recorded. */
  giveBack(): void {
    for (const { number, text } of this.#recorded.slice(this.#givenBack)) {
      const place = { epoch: 1, place: ++this.#place };
      this.#givenBack++;
      this.hub.exchange({ type: "record", id: { server: "me", number }, text, place }, 0);
    }
    this.run();
  }

  /** A native client of a user, logged in. */
  resume(name: string, client: string): SharingClient {
    const session = this.connect();
    session.do({ type: "authenticated", name });
    this.giveBack();
    session.do({ type: "resume", client, answered: 0 });
    return session;
  }

  /** A client that is not logged in. */
  connect(): SharingClient {
    const session = new SharingClient(this, ++this.#lastSession);
    this.hub.addSession(session.id, "10.0.0.1");
    this.#listeners.set(session.id, (event) => session.event(event));
    return session;
  }

  /** Has the store do all that the hub wants. */
  run(): void {
    this.hub.tick(this.now, 0);
    for (;;) {
      this.hub.flush(this.now, 0, true);
      const effects = this.hub.takeOutputs();
      if (effects.length === 0) return;
      for (const effect of effects) {
        if (effect.type === "tell") { for (const id of effect.to) this.#listeners.get(id)?.(effect.event); }
        if (effect.type === "exchange") this.outputs.push(effect.output);
        else if (effect.type === "query") this.#query(effect);
        else if (effect.type === "append") {
          this.store.append(effect.batch);
          this.hub.committed();
        }
      }
    }
  }

  #query(effect: Extract<Effect, { type: "query" }>): void {
    if (effect.query.type === this.stalling) return void this.#stalled.push(effect);
    const fails = effect.query.type === this.failing;
    if (fails) this.failures++;
    this.hub.answered(effect.id, fails ? { failed: "disk I/O error" } : this.store.query(effect.query));
  }

  /** The store answers what it was asked. */
  answer(): void {
    this.stalling = undefined;
    for (const effect of this.#stalled.splice(0)) this.#query(effect);
    this.run();
  }

  [Symbol.dispose](): void {
    this.store.close();
  }
}

/** A native client at that hub. */
export class SharingClient {
  /** Up to which of its numbers it was answered that they are kept. */
  sentUpTo = 0;
  /** The last refusal. */
  refusal: string | undefined;
  /** Why the session ends. */
  closing: string | undefined;
  /** The numbers of messages that a handout session was told. */
  readonly told: number[] = [];

  constructor(readonly server: SharingHub, readonly id: number) {}

  /** The hub handles it; nothing is written yet. */
  begin(command: Command): void {
    this.server.hub.handle(this.id, command, this.server.now);
  }

  do(command: Command): void {
    this.begin(command);
    this.server.run();
  }

  event(event: Event): void {
    if (event instanceof Message) this.told.push(event.id);
    if (event instanceof Entries || event instanceof Message) return;
    if (event.type === "closing") this.closing = event.why;
    if (event.type === "sent") this.sentUpTo = event.upTo;
    if (event.type === "notSent") this.refusal = event.why;
  }
}
