/** A user who is online at another server, and whether at a handout's protocol. */
export interface PersonElsewhere {
  readonly name: string;
  readonly isHandout: boolean;
}

/** Who is online at other servers, as far as they have told. */
export class Elsewhere {
  /** By server, then by name: whether at a handout's protocol. */
  readonly #servers = new Map<string, ReadonlyMap<string, boolean>>();
  /** How many servers a user is online at. */
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  get names(): Iterable<string> {
    return this.#counts.keys();
  }

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  /** Servers that have users online. */
  get servers(): Iterable<string> {
    return this.#servers.keys();
  }

  /** The server to which a user's messages go: where a handout's client confirms them, if there is one. */
  serverOf(name: string): string | undefined {
    let found: string | undefined;
    for (const [server, people] of this.#servers) {
      const isHandout = people.get(name);
      if (isHandout) return server;
      if (isHandout !== undefined) found = server;
    }
    return found;
  }

  serversOf(name: string): string[] {
    return [...this.#servers].filter(([, people]) => people.has(name)).map(([server]) => server);
  }

  /** The server at which a user is online at a handout's protocol. */
  handoutAt(name: string): string | undefined {
    for (const [server, people] of this.#servers) if (people.get(name)) return server;
    return undefined;
  }

  /** These users are online at a server now, and no others; returns who has come and gone. */
  replace(server: string, people: readonly PersonElsewhere[]): { came: string[]; went: string[] } {
    const before = this.#servers.get(server) ?? new Map<string, boolean>();
    const after = new Map(people.map(({ name, isHandout }) => [name, isHandout]));
    if (after.size > 0) this.#servers.set(server, after);
    else this.#servers.delete(server);
    const came = [...after.keys()].filter((name) => !before.has(name) && this.#count(name, 1) === 1);
    const went = [...before.keys()].filter((name) => !after.has(name) && this.#count(name, -1) === 0);
    return { came, went };
  }

  #count(name: string, more: number): number {
    const count = (this.#counts.get(name) ?? 0) + more;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
    return count;
  }
}
