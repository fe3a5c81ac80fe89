import type { Limits } from "../core/limits.ts";
import type { Delivery } from "./delivery.ts";
import type { PersonElsewhere } from "./elsewhere.ts";
import type { ServersEvent } from "./event.ts";
import type { ExchangeInput, NamedServer, ServerMessage } from "./exchange_events.ts";
import type { HandoutMessage } from "./handout_fan_out.ts";
import type { RecentLog } from "./log.ts";
import { NameClaims, type NameClaimsParts } from "./name_claims.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { Questions } from "./questions.ts";
import { ALL_SERVERS } from "./records.ts";
import { RemoteOutcomes } from "./remote_outcomes.ts";
import type { KnownUser, Producer, Room } from "./entities.ts";
import { SharedCursors } from "./shared_cursors.ts";
import { SharedNames } from "./shared_names.ts";
import { Sharing } from "./sharing.ts";
import type { Snapshot } from "./snapshot.ts";
import { TakenRows } from "./taken_rows.ts";
import { RecordTaking } from "./taking.ts";

export interface SharedChatParts extends NameClaimsParts {
  readonly snapshot: Snapshot;
  readonly log: RecentLog;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly presence: PresenceUpdates;
  readonly limits: Limits;
  /** Another server has refused a client's number. */
  readonly refused: (producer: Producer, number: number, why: string) => void;
}

/** How long changes of who is online are gathered: a lab that logs in at once is a few messages. */
const GATHER_MS = 200;
/** Records of the store that are read at once. */
const RECORDS = 256;

/** The chat as a part of one that several servers share: what comes from the exchange, and what is told to it. */
export class SharedChat {
  readonly sharing: Sharing;
  readonly names: NameClaims;
  readonly #parts: SharedChatParts;
  readonly #outcomes: RemoteOutcomes;
  readonly #cursors: SharedCursors;
  readonly #rows: TakenRows;
  /** The names of servers. */
  readonly #servers: Map<string, string>;
  #name = "";
  #others: readonly NamedServer[] = [];
  #peopleChanged = true;
  #peopleAt = 0;
  #now = 0;

  constructor(parts: SharedChatParts) {
    this.#parts = parts;
    const { writer, roster, log, questions, delivery, outputs, online, limits, snapshot } = parts;
    const { sharing: saved, id: self } = snapshot;
    this.#servers = new Map(saved?.servers.map(({ server, name }) => [server, name]));
    const nameOf = (server: string) => this.#servers.get(server) || server.slice(0, 8);
    const names = new SharedNames(self, saved?.names ?? [], nameOf);
    this.names = new NameClaims(parts, names, self, () => this.sharing, (server) => !!this.#servers.get(server));
    this.#outcomes = new RemoteOutcomes(nameOf);
    const taking = new RecordTaking({
      ...{ roster, log, questions, delivery, outputs, limits, self, names: this.names },
      rows: this.#rows = new TakenRows(writer, questions),
      now: () => this.#now,
      registered: (name, key, now) => void parts.registry.register(name, key, now, true),
      membersChanged: (room, user, joined) => this.#membersChanged(room, user, joined),
      refused: parts.refused,
    });
    this.sharing = new Sharing({
      ...{ writer, questions, outputs, roster, self, saved },
      taking,
      expect: (number, live) => this.#expect(number, live),
    });
    this.#cursors = new SharedCursors(this.sharing, log, questions, writer);
    delivery.share({ sharing: this.sharing, cursors: this.#cursors, outcomes: this.#outcomes });
    // From now on there is a list of them, however empty.
    online.replaceElsewhere(self, []);
  }

  input(event: ExchangeInput, now: number): void {
    this.#now = now;
    const { sharing } = this;
    const { online, presence } = this.#parts;
    switch (event.type) {
      case "record":
        return sharing.record(event.id, event.text, event.place);
      case "alone":
        sharing.setAlone(event.isAlone);
        return this.#tellServers();
      case "readTo":
        return sharing.readTo(event.place);
      case "readRecords":
        return sharing.readRecords(event.ref, event.server, event.after, RECORDS);
      case "server":
        if (this.#servers.get(event.server) === event.name) return;
        this.#servers.set(event.server, event.name);
        return sharing.named(event.server, event.name);
      case "servers":
        this.#name = event.name;
        this.#others = event.others;
        return this.#tellServers();
      case "people": {
        const { came, went } = online.replaceElsewhere(event.server, event.people);
        for (const name of came) presence.online(name, now);
        for (const name of went) presence.offline(name, now);
        return;
      }
      case "namesDiffer":
        return this.names.tellHolders(event.server, now);
      case "message":
        return this.#message(event.from, event.message);
    }
  }

  /** Before a batch is written. */
  flush(now: number): void {
    this.#cursors.flush(now);
  }

  tick(now: number): void {
    this.#now = now;
    this.names.tick(now);
    this.#rows.tick(now);
    if (!this.#peopleChanged || now < this.#peopleAt) return;
    this.#peopleChanged = false;
    this.#peopleAt = now + GATHER_MS;
    const people = [...this.#parts.online.all].map(({ name, handout }): PersonElsewhere => ({
      name,
      isHandout: handout !== undefined,
    }));
    this.#parts.outputs.push({ type: "exchange", output: { type: "people", people } });
  }

  /** The servers of this chat, as native clients are told. */
  get servers(): ServersEvent {
    const list = this.#others.flatMap(({ name, place }) => {
      if (!place) return [];
      const { hostname: host, port, key, page } = place;
      return [{ name, host, port, key, page }];
    });
    return { type: "servers", name: this.#name, apart: this.sharing.isAlone, list };
  }

  /** Who is online here has changed. */
  peopleChanged(): void {
    this.#peopleChanged = true;
  }

  /** A user is known for the first time. */
  registered(name: string, key: Uint8Array | undefined): void {
    this.sharing.share({ type: "user", name, key });
  }

  /** A handout sender waits for one other server or for all of them. A private message that fails is forgotten. */
  #expect(number: number, { awaits, outcome, until }: HandoutMessage): void {
    if (!outcome || awaits === undefined) return;
    const isPrivate = awaits !== ALL_SERVERS;
    const servers = isPrivate ? [awaits] : [...this.#parts.online.elsewhere!.servers];
    this.#outcomes.expect(number, servers, outcome, until, isPrivate ? () => this.#forget(number) : undefined);
  }

  #forget(number: number): void {
    const { questions, delivery, snapshot } = this.#parts;
    const record = { server: snapshot.id, number };
    questions.ask({ type: "entryOf", id: record }, ({ seq }) => {
      if (seq === undefined) return;
      questions.ask({ type: "entry", seq }, ({ entry }) => entry && delivery.forget({ ...entry, record }), () => {});
    }, () => {});
  }

  #message(from: string, message: ServerMessage): void {
    if (message.type === "names") return this.names.merge(message.holders, this.#now);
    if (message.type === "outcome") {
      return this.#outcomes.settle(from, message.number, message.delivered, message.why);
    }
    const { online, outputs } = this.#parts;
    const natives = online.get(message.to)?.natives.filter(({ ready, unproven }) => ready && !unproven) ?? [];
    if (natives.length === 0) return;
    const event = { type: "signal", from: message.from, at: message.at, text: message.text } as const;
    outputs.push({ type: "tell", to: natives.map(({ id }) => id), event });
  }

  #tellServers(): void {
    const { online, outputs } = this.#parts;
    const to = [...online.all].flatMap(({ natives }) => natives.filter(({ cursor }) => cursor).map(({ id }) => id));
    if (to.length > 0) outputs.push({ type: "tell", to, event: this.servers });
  }

  #membersChanged(room: Room, user: KnownUser, joined: boolean): void {
    const { outputs, presence } = this.#parts;
    for (const effect of presence.memberChanged(room, user, joined, this.#now)) outputs.push(effect);
  }
}
