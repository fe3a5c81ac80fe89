import type { ExchangeOutput, ServerPlace } from "../chat/exchange_events.ts";
import type { Place } from "../chat/record_id.ts";
import type { ExchangeStatus } from "../chat/server_snapshot.ts";
import type { SavedSharing } from "../chat/snapshot.ts";
import { Fault } from "../core/errors.ts";
import type { Machine } from "../core/machine.ts";
import { RecordAnswers } from "./answers.ts";
import type { ExchangeEvent } from "./exchange.ts";
import { type IncomingRecord, IncomingRecords } from "./incoming.ts";
import { decodeEntry, decodeNotice } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { type MachineOutput, MachineOutputs } from "./outputs.ts";
import { ServerPresence } from "./presence.ts";
import { Publisher } from "./publisher.ts";
import { OtherServers } from "./servers.ts";

/** How long this server waits for the exchange before it goes on alone: users wait for their own messages meanwhile. */
const ALONE_MS = 3000;
/** Entries that the maker may give and records that the hub has not taken, together. */
const CREDIT = 1024;
/** How many entries are asked for at once. */
const CREDIT_PIECE = 128;
/** The answer of the store that is for the outbox; later numbers are for other servers. */
const OWN_REF = 0;

/**
 * What a server does with an exchange.
 *
 * 1. Its records are published in order until the exchange gives them back. The hub is given them in that order, and those of the
 *    others as `IncomingRecords` takes them.
 * 2. While the exchange does not answer, the hub is told to go on alone; and no longer once everything of this server has been
 *    given back, and everything of the others that was there when the exchange answered.
 */
export class ExchangeMachine implements Machine<MachineOutput> {
  readonly #outputs: MachineOutputs;
  readonly #servers = new OtherServers();
  readonly #outbox: Outbox;
  readonly #publisher: Publisher;
  readonly #incoming: IncomingRecords;
  readonly #presence: ServerPresence;
  readonly #answers: RecordAnswers;
  #read: Place;
  #connected: { readonly last: number } | undefined;
  #why = "it was not reached yet";
  #lostAt: number;
  /** Since when it is connected, or not. */
  #since: number;
  #isAlone = false;
  /** Entries that the maker may still give, and records that the hub has not taken. */
  #asked = 0;
  #inHub = 0;
  wakeAt = 0;

  /** `version` is greater each time the server begins, such as the wall clock. */
  constructor(
    readonly self: string,
    readonly name: string,
    saved: SavedSharing | undefined,
    now: number,
    version: number,
  ) {
    const outputs = this.#outputs = new MachineOutputs(self);
    const taken = new Map(saved?.servers.map(({ server, taken }) => [server, taken]));
    taken.delete(self);
    this.#outbox = new Outbox(saved?.givenBack ?? 0, saved?.last ?? 0);
    this.#incoming = new IncomingRecords(self, taken, this.#servers, this.#outbox);
    this.#read = saved?.read ?? { epoch: 0, place: 0 };
    this.#lostAt = this.#since = now;
    const begun = Math.floor(version);
    this.#publisher = new Publisher(this.#outbox, outputs, begun, OWN_REF);
    this.#answers = new RecordAnswers(outputs, OWN_REF);
    this.#presence = new ServerPresence(name, begun, this.#servers, outputs, () => ({
      taken: [...taken, [self, this.#outbox.givenBack] as const].map(([server, number]) => ({ server, number })),
      last: this.#outbox.last,
    }));
  }

  takeOutputs(): readonly MachineOutput[] {
    return this.#outputs.take();
  }

  get status(): ExchangeStatus {
    const { waiting, last, givenBack: shared } = this.#outbox;
    const servers = this.#servers.statuses(new Map(this.#incoming.taken).set(this.self, last));
    const isConnected = this.#connected !== undefined;
    const self = { name: this.name, since: this.#since, why: this.#why };
    return { ...self, isConnected, isAlone: this.#isAlone, waiting, shared, servers };
  }

  /** Where the clients of this server reach it; others learn it with the next greeting. */
  announce(place: ServerPlace | undefined): void {
    this.#presence.announce(place);
  }

  /** Something from the maker. */
  event(event: ExchangeEvent, now: number): void {
    switch (event.type) {
      case "connected":
        return this.#begin(event, now);
      case "lost":
      case "unreachable":
        return this.#end(event.why, now);
      case "refused":
        return this.#outputs.note(`the exchange does not take a record: ${event.why}`, "warning");
      case "entry":
        this.#asked--;
        if (event.place > this.#read.place) this.#entry(event.place, event.bytes, now);
        this.#giveRecords();
        this.#askForMore();
        return this.#rejoin();
      case "message":
        this.#notice(event.bytes, now);
        return this.#giveRecords();
    }
  }

  /** Something from the hub. */
  hub(output: ExchangeOutput, now: number): void {
    switch (output.type) {
      case "recorded":
        return this.#publisher.add(output.number, output.text, now);
      case "taken":
        this.#inHub -= output.count;
        return this.#askForMore();
      case "people":
        return this.#presence.setPeople(output.people);
      case "names":
        return this.#presence.setNames(output.digest);
      case "send":
        return this.#outputs.send(output.to, { type: "chat", message: output.message });
      case "records":
        if (output.ref === OWN_REF) return this.#publisher.read(output.records, now);
        return this.#answers.answer(output.ref, output.records);
    }
  }

  tick(now: number): void {
    this.#publisher.tick(now);
    const isLate = this.#connected ? this.#publisher.isLate(ALONE_MS, now) : now - this.#lostAt >= ALONE_MS;
    if (isLate && !this.#isAlone) {
      this.#isAlone = true;
      this.#outputs.hub({ type: "alone", isAlone: true });
    }
    this.#rejoin();
    this.#presence.tick(now);
    if (!this.#connected) return;
    for (const { ask, of, after } of this.#incoming.due(now)) this.#outputs.send(ask, { type: "ask", of, after });
  }

  /** Says that this server leaves. */
  close(): void {
    this.#outputs.send(undefined, { type: "bye" });
  }

  #begin({ epoch, first, last }: Extract<ExchangeEvent, { type: "connected" }>, now: number): void {
    const outputs = this.#outputs;
    const isNew = epoch !== this.#read.epoch;
    const hasLost = !isNew && last < this.#read.place;
    if (isNew || hasLost) {
      if (hasLost) outputs.note("the exchange has lost its newest entries; servers ask each other for them", "warning");
      this.#read = { epoch, place: isNew ? Math.max(0, first - 1) : last };
      outputs.hub({ type: "readTo", place: this.#read });
    }
    this.#connected = { last };
    outputs.isConnected = true;
    this.#since = now;
    this.#asked = 0;
    outputs.note(`the exchange answers; ${this.#outbox.waiting} records of this server wait for it`);
    outputs.command({ type: "read", after: this.#read.place });
    this.#askForMore();
    this.#presence.begin(now);
    this.#publisher.again(now);
    this.#rejoin();
  }

  #end(why: string, now: number): void {
    if (this.#connected) this.#lostAt = this.#since = now;
    if (this.#connected || this.#why !== why) {
      this.#outputs.note(`the exchange does not answer: ${why}; waiting for the other servers`, "warning");
    }
    this.#connected = undefined;
    this.#outputs.isConnected = false;
    this.#why = why;
  }

  /** Ends the time alone, once everything of this server is given back and everything of before is read. */
  #rejoin(): void {
    if (!this.#isAlone || !this.#connected || this.#outbox.waiting > 0 || this.#read.place < this.#connected.last) {
      return;
    }
    this.#isAlone = false;
    this.#outputs.hub({ type: "alone", isAlone: false });
    this.#outputs.note("this server has what the others have said, and they have what was said here");
  }

  #entry(place: number, bytes: Uint8Array, now: number): void {
    this.#read = { ...this.#read, place };
    const entry = decodeEntry(bytes);
    if (entry instanceof Fault) {
      return this.#outputs.note(`an entry of the exchange is left out: ${entry.message}`, "warning");
    }
    const { id, text } = entry;
    if (id.server !== this.self) return this.#incoming.entry(id, text, this.#read, now);
    if (!this.#publisher.gaveBack(id.number, now)) return;
    this.#give({ id, text, place: this.#read });
    this.#incoming.proceed(now);
  }

  /** Gives the hub the records of other servers that are its turn. */
  #giveRecords(): void {
    for (const record of this.#incoming.takeGiven()) this.#give(record);
  }

  #give(record: IncomingRecord): void {
    this.#inHub++;
    this.#outputs.hub({ type: "record", ...record });
  }

  #askForMore(): void {
    const count = CREDIT - this.#asked - this.#inHub;
    if (!this.#connected || count < CREDIT_PIECE) return;
    this.#asked += count;
    this.#outputs.command({ type: "take", count });
  }

  #notice(bytes: Uint8Array, now: number): void {
    const read = decodeNotice(bytes);
    if (read instanceof Fault) {
      return this.#outputs.note(`a notice of another server is left out: ${read.message}`, "warning");
    }
    const { from, notice } = read;
    if (from === this.self) return;
    switch (notice.type) {
      case "hello":
        return this.#presence.hello(from, notice, now);
      case "people":
      case "peopleChanged":
        return this.#presence.people(from, notice);
      case "askPeople":
        return this.#presence.sendPeople(from);
      case "bye":
        return this.#presence.bye(from);
      case "ask":
        return this.#answers.ask({ by: from, of: notice.of, after: notice.after });
      case "records": {
        const lost = this.#incoming.answer(notice.of, notice.after, notice.records, now);
        if (lost > 0) this.#outputs.note(`${lost} records are lost: no server has them any more`, "warning");
        return;
      }
      case "chat":
        return this.#outputs.hub({ type: "message", from, message: notice.message });
    }
  }
}
