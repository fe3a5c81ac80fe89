import type { NamedServer, ServerPlace } from "../chat/exchange_events.ts";
import type { RecordId } from "../chat/record_id.ts";
import type { ServerStatus } from "../chat/server_snapshot.ts";
import { HeardPeople } from "./people.ts";

/** A server that is silent for this long counts as away, and its users as offline: four greetings. */
const GONE_MS = 8000;

/** Another server, as far as it was heard. */
export interface OtherServer {
  readonly id: string;
  name: string;
  /** Where its clients reach it. */
  place: ServerPlace | undefined;
  /** Since when it is there, as far as this server has heard. */
  readonly since: number;
  heardAt: number;
  /** Up to where it has taken the records of each server. */
  taken: ReadonlyMap<string, number>;
  readonly people: HeardPeople;
  /** Its digest of who holds names, as it was greeted with last. */
  names: string;
}

/** Servers that were heard and are away, for the operator; a chat has some tens. */
const MAX_AWAY = 64;

/** The other servers that are heard, and those that were since this one has begun. */
export class OtherServers {
  readonly #servers = new Map<string, OtherServer>();
  readonly #away = new Map<string, OtherServer>();

  get all(): Iterable<OtherServer> {
    return this.#servers.values();
  }

  get(id: string): OtherServer | undefined {
    return this.#servers.get(id);
  }

  /** A server is away. */
  forget(id: string): void {
    const server = this.#servers.get(id);
    if (!server) return;
    this.#servers.delete(id);
    this.#away.set(id, server);
    if (this.#away.size > MAX_AWAY) this.#away.delete(this.#away.keys().next().value!);
  }

  /** The state of each, where the newest records of all servers have these numbers. */
  statuses(newest: ReadonlyMap<string, number>): ServerStatus[] {
    const status = ({ id, name, place, taken }: OtherServer, since: number, isAway: boolean): ServerStatus => {
      let behind = 0;
      for (const [server, number] of newest) {
        // It has its own, whether or not it has said so.
        if (server !== id) behind += Math.max(0, number - (taken.get(server) ?? 0));
      }
      return { id, name, place, isAway, since, behind };
    };
    return [
      ...Array.from(this.#servers.values(), (server) => status(server, server.since, false)),
      ...Array.from(this.#away.values(), (server) => status(server, server.heardAt, true)),
    ];
  }

  /** What clients are told of them. */
  get named(): NamedServer[] {
    return [...this.#servers.values()].map(({ name, place }) => ({ name, place }));
  }

  /** A server has said where it stands; whether it is new, or has another name or place. */
  heard(
    id: string,
    { name, place, taken }: { name: string; place?: ServerPlace | undefined; taken: readonly RecordId[] },
    now: number,
  ): "new" | "changed" | "known" {
    const known = this.#servers.get(id);
    const numbers = new Map(taken.map(({ server, number }) => [server, number]));
    if (!known) {
      // One with the same name and another store has taken its place.
      for (const [each, away] of this.#away) if (each === id || away.name === name) this.#away.delete(each);
      const begun = { since: now, heardAt: now, people: new HeardPeople(), names: "" };
      this.#servers.set(id, { id, name, place, taken: numbers, ...begun });
      return "new";
    }
    const isSame = known.name === name && JSON.stringify(known.place) === JSON.stringify(place);
    Object.assign(known, { name, place, heardAt: now, taken: numbers });
    return isSame ? "known" : "changed";
  }

  /** Servers that were not heard for too long; they are away from now on. */
  takeGone(now: number): OtherServer[] {
    const gone = [...this.#servers.values()].filter(({ heardAt }) => now - heardAt > GONE_MS);
    for (const { id } of gone) this.forget(id);
    return gone;
  }

  /** The highest number of a server's records that another server has. */
  newestOf(id: string): number {
    let newest = 0;
    for (const { taken } of this.#servers.values()) newest = Math.max(newest, taken.get(id) ?? 0);
    return newest;
  }

  /** A server that has a record, other than `except` if there is another. */
  withRecord(id: string, number: number, except: string | undefined): string | undefined {
    let found: string | undefined;
    for (const { id: each, taken } of this.#servers.values()) {
      if ((taken.get(id) ?? 0) < number) continue;
      if (each !== except) return each;
      found = each;
    }
    return found;
  }
}
