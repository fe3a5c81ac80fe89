import type { ExchangeInput, ExchangeOutput, ServerPlace } from "../chat/exchange_events.ts";
import type { Place, RecordId } from "../chat/record_id.ts";
import type { SavedRecord, SavedSharing } from "../chat/store.ts";
import { Fault } from "../core/errors.ts";
import { EXCHANGE_BYTES } from "../core/limits.ts";
import { type Machine, Outputs } from "../core/machine.ts";
import type { ExchangeCommand, ExchangeEvent } from "./exchange.ts";
import { aboutOf, decodeEntry, decodeNotice, encodeEntry, encodeNotice, type ServerNotice } from "./messages.ts";
import { MissingRecords } from "./missing.ts";
import { Outbox } from "./outbox.ts";
import { OwnPeople } from "./people.ts";
import { type OtherServer, OtherServers, type ServerStatus } from "./servers.ts";

/** What the machine wants done. */
export type MachineOutput =
  /** By the maker. */
  | { readonly type: "command"; readonly command: ExchangeCommand }
  /** By the hub. */
  | { readonly type: "hub"; readonly input: ExchangeInput }
  /** For the log. */
  | { readonly type: "note"; readonly text: string; readonly level?: "warning" };

/** Where servers stand, for the operator. */
export interface ExchangeStatus {
  readonly isConnected: boolean;
  /** Why it is not. */
  readonly why: string;
  /** Whether this server goes on by itself. */
  readonly isAlone: boolean;
  /** Records of this server that others cannot have yet. */
  readonly waiting: number;
  /** Records of this server that the exchange has given back, from the first one on. */
  readonly shared: number;
  /** Since when it is connected, or not. */
  readonly since: number;
  /** What this server is called. */
  readonly name: string;
  /** The others that are heard, then those that were. */
  readonly servers: readonly ServerStatus[];
}

/** The exchange is given so long to answer before this server goes on by itself: people wait for their own words meanwhile. */
const ALONE_MS = 3000;
/** Servers greet each other so often. */
const HELLO_MS = 2000;
/** Entries that the maker may give before the hub has taken the first of them. */
const CREDIT = 1024;
/** Credit is given in pieces of so many entries. */
const CREDIT_PIECE = 128;
/** What was published and does not come back is published again after so long. */
const AGAIN_MS = 5000;
/** Text of records in one notice: it grows when it is put into JSON, by three at most. */
const RECORDS_CHARACTERS = EXCHANGE_BYTES / 4;

/** The answers of the store that are for another server; 0 is for the outbox. */
const OWN_REF = 0;

/**
 * What a server does with an exchange.
 *
 * 1. Its records are published in order until the exchange gives them back. The hub is given the records of each server in the
 *    order of their numbers, each once, and after the records that they are about; those that do not come by the exchange's log
 *    are asked of servers that have them.
 * 2. While the exchange does not answer, the hub is told to go on alone; and no longer once everything of this server has been
 *    given back, and everything of the others that was there when the exchange answered.
 */
export class ExchangeMachine implements Machine<MachineOutput> {
  readonly #outputs = new Outputs<MachineOutput>();
  readonly #servers = new OtherServers();
  /** Up to where the records of each server were given to the hub. */
  readonly #taken: Map<string, number>;
  readonly #missing: MissingRecords;
  readonly #outbox: Outbox;
  #read: Place;
  #connected: { readonly last: number } | undefined;
  #why = "it was not reached yet";
  #lostAt: number;
  /** Since when it is connected, or not. */
  #since: number;
  #isAlone = false;
  #attempt = 0;
  /** When something of this server came back last, or was published after nothing was under way. */
  #progressAt = 0;
  #isReadingOutbox = false;
  #credit = 0;
  #helloAt = -Infinity;
  #place: ServerPlace | undefined;
  readonly #people: OwnPeople;
  /** Servers that have asked for records, by the number of the question to the store. */
  readonly #asked = new Map<number, { readonly by: string; readonly of: string; readonly after: number }>();
  #lastRef = OWN_REF;
  wakeAt = 0;

  /** `version` is greater each time the server begins, such as the wall clock. */
  constructor(
    readonly self: string,
    readonly name: string,
    saved: SavedSharing | undefined,
    now: number,
    version: number,
  ) {
    this.#taken = new Map(saved?.servers.map(({ server, taken }) => [server, taken]));
    this.#taken.delete(self);
    this.#missing = new MissingRecords(this.#servers, this.#taken);
    this.#outbox = new Outbox(saved?.givenBack ?? 0, saved?.last ?? 0);
    this.#read = saved?.read ?? { epoch: 0, place: 0 };
    this.#lostAt = this.#since = now;
    this.#people = new OwnPeople(Math.floor(version));
    this.#tellServers();
  }

  takeOutputs(): readonly MachineOutput[] {
    return this.#outputs.take();
  }

  get status(): ExchangeStatus {
    const { waiting, last, givenBack: shared } = this.#outbox;
    const servers = this.#servers.statuses(new Map(this.#taken).set(this.self, last));
    const isConnected = this.#connected !== undefined;
    const self = { name: this.name, since: this.#since, why: this.#why };
    return { ...self, isConnected, isAlone: this.#isAlone, waiting, shared, servers };
  }

  /** Where the clients of this server reach it; others learn it with the next greeting. */
  announce(place: ServerPlace | undefined): void {
    this.#place = place;
  }

  /** Something from the maker. */
  event(event: ExchangeEvent, now: number): void {
    switch (event.type) {
      case "connected":
        return this.#begin(event, now);
      case "lost":
      case "unreachable":
        if (this.#connected) this.#lostAt = this.#since = now;
        if (this.#connected || this.#why !== event.why) {
          this.#note(`the exchange does not answer: ${event.why}; waiting for the other servers`, "warning");
        }
        this.#connected = undefined;
        this.#why = event.why;
        return;
      case "refused":
        return this.#note(`the exchange does not take a record: ${event.why}`, "warning");
      case "entry":
        this.#entry(event.place, event.bytes, now);
        return this.#rejoin();
      case "message":
        return this.#notice(event.bytes, now);
    }
  }

  /** Something from the hub. */
  hub(output: ExchangeOutput, now: number): void {
    switch (output.type) {
      case "recorded":
        this.#outbox.add(output.number, output.text);
        return this.#publish(now);
      case "taken":
        return this.#give(output.count);
      case "people":
        return this.#sendAll(undefined, this.#people.replace(output.people));
      case "send":
        return this.#send(output.to, { type: "chat", message: output.message });
      case "records":
        return this.#records(output.ref, output.records, now);
    }
  }

  tick(now: number): void {
    const outbox = this.#outbox;
    if (this.#connected && outbox.isUnderWay && now - this.#progressAt >= AGAIN_MS) this.#publishAgain(now);
    this.#publish(now);
    const isLate = this.#connected
      ? outbox.isUnderWay && now - this.#progressAt >= ALONE_MS
      : now - this.#lostAt >= ALONE_MS;
    if (isLate && !this.#isAlone) {
      this.#isAlone = true;
      this.#tellHub({ type: "alone", isAlone: true });
    }
    this.#rejoin();
    for (const { id, name } of this.#servers.takeGone(now)) {
      this.#note(`the server ${name} is not heard any more`, "warning");
      this.#tellHub({ type: "people", server: id, people: [] });
      this.#tellServers();
    }
    if (!this.#connected) return;
    if (now - this.#helloAt >= HELLO_MS) {
      this.#helloAt = now;
      this.#greet(undefined);
    }
    const known = new Set<string>();
    for (const { taken } of this.#servers.all) {
      for (const server of taken.keys()) if (server !== this.self) known.add(server);
    }
    for (const { ask, of, after } of this.#missing.due(known, now)) this.#send(ask, { type: "ask", of, after });
  }

  /** Says that this server leaves. */
  close(): void {
    this.#send(undefined, { type: "bye" });
  }

  #begin({ epoch, first, last }: Extract<ExchangeEvent, { type: "connected" }>, now: number): void {
    const isNew = epoch !== this.#read.epoch;
    const hasLost = !isNew && last < this.#read.place;
    if (isNew || hasLost) {
      if (hasLost) this.#note("the exchange has lost its newest entries; servers ask each other for them", "warning");
      this.#read = { epoch, place: isNew ? Math.max(0, first - 1) : last };
      this.#tellHub({ type: "readTo", place: this.#read });
    }
    this.#connected = { last };
    this.#since = now;
    this.#attempt++;
    this.#credit = 0;
    this.#note(`the exchange answers; ${this.#outbox.waiting} records of this server wait for it`);
    this.#command({ type: "read", after: this.#read.place });
    this.#command({ type: "take", count: CREDIT });
    this.#helloAt = now;
    this.#greet(undefined);
    this.#sendAll(undefined, this.#people.whole());
    this.#publishAgain(now);
    this.#rejoin();
  }

  /** Ends the time alone, once everything of this server is given back and everything of before is read. */
  #rejoin(): void {
    if (!this.#isAlone || !this.#connected || this.#outbox.waiting > 0 || this.#read.place < this.#connected.last) {
      return;
    }
    this.#isAlone = false;
    this.#tellHub({ type: "alone", isAlone: false });
    this.#note("this server has what the others have said, and they have what was said here");
  }

  #publishAgain(now: number): void {
    this.#outbox.again();
    this.#attempt++;
    this.#progressAt = now;
    this.#publish(now);
  }

  #publish(now: number): void {
    if (!this.#connected || this.#isReadingOutbox) return;
    for (let next = this.#outbox.next(); next; next = this.#outbox.next()) {
      const { number, text } = next;
      if (text === undefined) {
        this.#isReadingOutbox = true;
        return this.#tellHub({ type: "readRecords", ref: OWN_REF, server: this.self, after: number - 1 });
      }
      if (!this.#outbox.isUnderWay) this.#progressAt = now;
      const id = `${this.self}-${number}-${this.#attempt}-${this.#people.version}`;
      this.#command({ type: "publish", id, bytes: encodeEntry({ server: this.self, number }, text) });
      this.#outbox.published(number);
    }
  }

  #entry(place: number, bytes: Uint8Array, now: number): void {
    if (place <= this.#read.place) return this.#give(1);
    this.#read = { ...this.#read, place };
    const entry = decodeEntry(bytes);
    if (entry instanceof Fault) {
      this.#note(`an entry of the exchange is left out: ${entry.message}`, "warning");
      return this.#give(1);
    }
    const { id, text } = entry;
    if (id.server === this.self) {
      if (!this.#outbox.gaveBack(id.number)) return this.#give(1);
      this.#progressAt = now;
      this.#tellHub({ type: "record", id, text, place: this.#read });
      return this.#publish(now);
    }
    const taken = this.#taken.get(id.server) ?? 0;
    if (id.number === taken + 1 && this.#hasWhatItIsAbout(text)) return this.#take(id, text, this.#read, now);
    if (id.number > taken) this.#missing.seen(id.server, now);
    this.#give(1);
  }

  /** Whether the record that a record is about was taken; of this server's own there is none that others have and it has not. */
  #hasWhatItIsAbout(text: string): boolean {
    const about = aboutOf(text);
    return !about || about.server === this.self || about.number <= (this.#taken.get(about.server) ?? 0);
  }

  #take(id: RecordId, text: string, place: Place | undefined, now: number): void {
    this.#taken.set(id.server, id.number);
    this.#missing.progress(id.server, now);
    this.#tellHub({ type: "record", id, text, place });
  }

  #give(count: number): void {
    this.#credit += count;
    if (this.#credit < CREDIT_PIECE || !this.#connected) return;
    this.#command({ type: "take", count: this.#credit });
    this.#credit = 0;
  }

  #notice(bytes: Uint8Array, now: number): void {
    const read = decodeNotice(bytes);
    if (read instanceof Fault) return this.#note(`a notice of another server is left out: ${read.message}`, "warning");
    const { from, notice } = read;
    if (from === this.self) return;
    const server = this.#servers.get(from);
    switch (notice.type) {
      case "hello":
        return this.#hello(from, notice, now);
      case "people":
      case "peopleChanged":
        return server && this.#peopleOf(server, notice);
      case "askPeople":
        return this.#sendAll(from, this.#people.whole());
      case "bye":
        if (!server) return;
        this.#servers.forget(from);
        this.#note(`the server ${server.name} has stopped`);
        this.#tellServers();
        return this.#tellHub({ type: "people", server: from, people: [] });
      case "ask":
        this.#asked.set(++this.#lastRef, { by: from, of: notice.of, after: notice.after });
        return this.#tellHub({ type: "readRecords", ref: this.#lastRef, server: notice.of, after: notice.after });
      case "records":
        return this.#filled(notice, now);
      case "chat":
        return this.#tellHub({ type: "message", from, message: notice.message });
    }
  }

  #hello(from: string, hello: Extract<ServerNotice, { type: "hello" }>, now: number): void {
    const { name, people } = hello;
    const heard = this.#servers.heard(from, hello, now);
    if (heard !== "known") this.#tellServers();
    const server = this.#servers.get(from)!;
    if (heard === "new") {
      this.#note(`the server ${name} is there`);
      this.#checkOwn(server);
      this.#tellHub({ type: "server", server: from, name });
      this.#greet(from);
      this.#sendAll(from, this.#people.whole());
    }
    if (server.people.version !== people) this.#send(from, { type: "askPeople" });
  }

  /** Others have records of this server that it does not have: its store is not the one that it had. */
  #checkOwn({ name, taken }: OtherServer): void {
    const theirs = taken.get(this.self) ?? 0;
    if (theirs <= this.#outbox.last) return;
    const count = theirs - this.#outbox.last;
    this.#note(
      `the server ${name} has ${count} records of this one that are not in its store; is the store an older copy?`,
      "warning",
    );
  }

  /** Another server has sent records that were missing. */
  #filled({ of, after, records }: Extract<ServerNotice, { type: "records" }>, now: number): void {
    if (of === this.self) return;
    const taken = this.#taken.get(of) ?? 0;
    if (after > taken) return;
    for (const { number, text, place } of records) {
      if (number <= (this.#taken.get(of) ?? 0)) continue;
      if (!this.#hasWhatItIsAbout(text)) break;
      this.#take({ server: of, number }, text, place, now);
    }
    const isEmpty = (this.#taken.get(of) ?? 0) === taken;
    if (!this.#missing.answered(of, isEmpty)) return;
    const newest = this.#servers.newestOf(of);
    this.#note(`${newest - taken} records of a server are nowhere any more`, "warning");
    this.#taken.set(of, newest);
  }

  /** The store has answered. */
  #records(ref: number, records: readonly SavedRecord[], now: number): void {
    if (ref === OWN_REF) {
      this.#isReadingOutbox = false;
      for (const { number, text } of records) this.#outbox.hold(number, text);
      if (records.length > 0) this.#publish(now);
      return;
    }
    const asked = this.#asked.get(ref);
    if (!asked) return;
    this.#asked.delete(ref);
    const { by, of, after } = asked;
    let characters = 0;
    // A record without a place is not published yet, and claims are decided by their places.
    const count = records.findIndex(({ text, place }, at) =>
      !place || ((characters += text.length) > RECORDS_CHARACTERS && at > 0)
    );
    this.#send(by, { type: "records", of, after, records: records.slice(0, count < 0 ? undefined : count) });
  }

  #greet(to: string | undefined): void {
    const taken = [...this.#taken].map(([server, number]) => ({ server, number }));
    taken.push({ server: this.self, number: this.#outbox.givenBack });
    this.#send(to, { type: "hello", name: this.name, place: this.#place, taken, people: this.#people.version });
  }

  #peopleOf({ id, people }: OtherServer, notice: Extract<ServerNotice, { type: "people" | "peopleChanged" }>): void {
    const all = notice.type === "people" ? people.part(notice) : people.changed(notice);
    if (all) this.#tellHub({ type: "people", server: id, people: all });
    else if (notice.type === "peopleChanged" && notice.version !== people.version) {
      this.#send(id, { type: "askPeople" });
    }
  }

  #sendAll(to: string | undefined, notices: readonly ServerNotice[]): void {
    for (const notice of notices) this.#send(to, notice);
  }

  #send(to: string | undefined, notice: ServerNotice): void {
    if (!this.#connected) return;
    this.#command({ type: "send", to, bytes: encodeNotice(this.self, notice) });
  }

  #tellServers(): void {
    this.#tellHub({ type: "servers", name: this.name, others: this.#servers.named });
  }

  #command(command: ExchangeCommand): void {
    this.#outputs.push({ type: "command", command });
  }

  #tellHub(input: ExchangeInput): void {
    this.#outputs.push({ type: "hub", input });
  }

  #note(text: string, level?: "warning"): void {
    this.#outputs.push(level ? { type: "note", text, level } : { type: "note", text });
  }
}
