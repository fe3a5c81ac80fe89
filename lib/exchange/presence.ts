import type { PersonElsewhere } from "../chat/elsewhere.ts";
import type { ServerPlace } from "../chat/exchange_events.ts";
import type { RecordId } from "../chat/record_id.ts";
import type { ServerNotice } from "./messages.ts";
import type { MachineOutputs } from "./outputs.ts";
import { OwnPeople } from "./people.ts";
import type { OtherServers } from "./servers.ts";

/** How often servers greet each other. */
const HELLO_MS = 2000;

/** Where this server stands, for its greetings. */
export interface Standing {
  /** Up to where it has the records of each server, its own included. */
  readonly taken: readonly RecordId[];
  /** Its newest record. */
  readonly last: number;
}

/** Tells the other servers that this one is there, with its name, place and users, and keeps what they tell. */
export class ServerPresence {
  #place: ServerPlace | undefined;
  readonly #people: OwnPeople;
  /** The digest of who holds names here. */
  #names = "";
  #helloAt = -Infinity;

  /** `version` is greater each time the server begins. */
  constructor(
    readonly name: string,
    version: number,
    readonly servers: OtherServers,
    readonly outputs: MachineOutputs,
    readonly standing: () => Standing,
  ) {
    this.#people = new OwnPeople(version);
    this.#tellServers();
  }

  /** Where the clients of this server reach it; others learn it with the next greeting. */
  announce(place: ServerPlace | undefined): void {
    this.#place = place;
  }

  setPeople(people: readonly PersonElsewhere[]): void {
    this.#sendAll(undefined, this.#people.replace(people));
  }

  setNames(digest: string): void {
    this.#names = digest;
  }

  /** The exchange answers: all are told everything. */
  begin(now: number): void {
    this.#helloAt = now;
    this.#greet(undefined);
    this.#sendAll(undefined, this.#people.whole());
  }

  tick(now: number): void {
    for (const { id, name } of this.servers.takeGone(now)) {
      this.outputs.note(`the server ${name} is not heard any more`, "warning");
      this.#gone(id);
    }
    if (!this.outputs.isConnected || now - this.#helloAt < HELLO_MS) return;
    this.#helloAt = now;
    this.#greet(undefined);
  }

  hello(from: string, hello: Extract<ServerNotice, { type: "hello" }>, now: number): void {
    const { name, taken, people, names } = hello;
    const { servers, outputs } = this;
    const heard = servers.heard(from, hello, now);
    if (heard !== "known") this.#tellServers();
    const server = servers.get(from)!;
    if (heard === "new") {
      outputs.note(`the server ${name} is there`);
      this.#checkOwn(name, taken);
      outputs.hub({ type: "server", server: from, name });
      this.#greet(from);
      this.sendPeople(from);
    }
    if (server.people.version !== people) outputs.send(from, { type: "askPeople" });
    // What is on its way has arrived by the next greeting.
    if (names !== this.#names && names === server.names) outputs.hub({ type: "namesDiffer", server: from });
    server.names = names;
  }

  people(from: string, notice: Extract<ServerNotice, { type: "people" | "peopleChanged" }>): void {
    const people = this.servers.get(from)?.people;
    if (!people) return;
    const all = notice.type === "people" ? people.part(notice) : people.changed(notice);
    if (all) this.outputs.hub({ type: "people", server: from, people: all });
    else if (notice.type === "peopleChanged" && notice.version !== people.version) {
      this.outputs.send(from, { type: "askPeople" });
    }
  }

  bye(from: string): void {
    const server = this.servers.get(from);
    if (!server) return;
    this.servers.forget(from);
    this.outputs.note(`the server ${server.name} has stopped`);
    this.#gone(from);
  }

  sendPeople(to: string | undefined): void {
    this.#sendAll(to, this.#people.whole());
  }

  #sendAll(to: string | undefined, notices: readonly ServerNotice[]): void {
    for (const notice of notices) this.outputs.send(to, notice);
  }

  #greet(to: string | undefined): void {
    const { taken } = this.standing();
    const { name } = this;
    const people = this.#people.version;
    this.outputs.send(to, { type: "hello", name, place: this.#place, taken, people, names: this.#names });
  }

  #gone(server: string): void {
    this.outputs.hub({ type: "people", server, people: [] });
    this.#tellServers();
  }

  /** Others have records of this server that it does not have: its store is not the one that it had. */
  #checkOwn(name: string, taken: readonly RecordId[]): void {
    const theirs = taken.find(({ server }) => server === this.outputs.self)?.number ?? 0;
    const count = theirs - this.standing().last;
    if (count <= 0) return;
    this.outputs.note(
      `the server ${name} has ${count} records of this one that are not in its store; is the store an older copy?`,
      "warning",
    );
  }

  #tellServers(): void {
    this.outputs.hub({ type: "servers", name: this.name, others: this.servers.named });
  }
}
