import type { PersonElsewhere } from "../chat/elsewhere.ts";
import type { ServerNotice } from "./messages.ts";

/** People in one notice: 400 bytes each at most. */
const PEOPLE_IN_NOTICE = 800;

type Part = Extract<ServerNotice, { type: "people" }>;
type Change = Extract<ServerNotice, { type: "peopleChanged" }>;

const byName = (people: readonly PersonElsewhere[]) => new Map(people.map(({ name, isHandout }) => [name, isHandout]));
const listOf = (people: ReadonlyMap<string, boolean>) =>
  Array.from(people, ([name, isHandout]) => ({ name, isHandout }));

/**
 * Who is online at this server, as the others are told: whole where a server does not know it, else what has changed. Each
 * change has the next version.
 */
export class OwnPeople {
  #people: ReadonlyMap<string, boolean> = new Map();

  constructor(public version: number) {}

  /** These are online now, and no others; what tells it to servers that know the version before. */
  replace(people: readonly PersonElsewhere[]): ServerNotice[] {
    const before = this.#people;
    const after = this.#people = byName(people);
    const came = listOf(after).filter(({ name, isHandout }) => before.get(name) !== isHandout);
    const went = [...before.keys()].filter((name) => !after.has(name));
    const changes = came.length + went.length;
    if (changes === 0) return [];
    this.version++;
    if (changes > Math.min(after.size, PEOPLE_IN_NOTICE)) return this.whole();
    return [{ type: "peopleChanged", version: this.version, came, went }];
  }

  /** All of them, in parts. */
  whole(): ServerNotice[] {
    const all = listOf(this.#people);
    const parts = Math.max(1, Math.ceil(all.length / PEOPLE_IN_NOTICE));
    return Array.from({ length: parts }, (_, part) => {
      const people = all.slice(part * PEOPLE_IN_NOTICE, (part + 1) * PEOPLE_IN_NOTICE);
      return { type: "people", version: this.version, part, parts, people };
    });
  }
}

/** Who is online at another server, as far as it has told. */
export class HeardPeople {
  /** 0 while it has not told. */
  version = 0;
  #people: ReadonlyMap<string, boolean> = new Map();
  /** The parts of a newer version that have come. */
  #parts: { readonly version: number; readonly people: Map<number, readonly PersonElsewhere[]> } | undefined;

  /** A part has come; all of them, once it is the last part. */
  part({ version, part, parts, people }: Part): readonly PersonElsewhere[] | undefined {
    if (this.#parts?.version !== version) this.#parts = { version, people: new Map() };
    const come = this.#parts!.people;
    come.set(part, people);
    if (come.size < parts) return undefined;
    this.#parts = undefined;
    this.version = version;
    this.#people = byName([...come.values()].flat());
    return listOf(this.#people);
  }

  /** Some have come or gone; all who are online then, or undefined if the version before is not known. */
  changed({ version, came, went }: Change): readonly PersonElsewhere[] | undefined {
    if (this.version !== version - 1) return undefined;
    this.version = version;
    const people = new Map([...this.#people, ...byName(came)]);
    for (const name of went) people.delete(name);
    this.#people = people;
    return listOf(people);
  }
}
