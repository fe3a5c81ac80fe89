import { skeleton } from "./chosen_names.ts";

/** All names that are taken: sorted, and by what they look like. Neither a page nor a look-up costs what exists. */
export class NameIndex {
  readonly #sorted: string[];
  /** By skeleton; made when it is first asked for. */
  #looks: Map<string, string[]> | undefined;

  constructor(names: Iterable<string>) {
    this.#sorted = [...new Set(names)].sort();
  }

  add(name: string): void {
    const at = this.#after(name);
    if (this.#sorted[at - 1] === name) return;
    this.#sorted.splice(at, 0, name);
    if (this.#looks) addLook(this.#looks, name);
  }

  remove(name: string): void {
    const at = this.#after(name) - 1;
    if (this.#sorted[at] !== name) return;
    this.#sorted.splice(at, 1);
    this.#looks = undefined;
  }

  has(name: string): boolean {
    return this.#sorted[this.#after(name) - 1] === name;
  }

  /** The first `limit` names after `after`, and whether there are more. */
  page(after: string, limit: number): { names: string[]; more: boolean } {
    const from = this.#after(after);
    return { names: this.#sorted.slice(from, from + limit), more: from + limit < this.#sorted.length };
  }

  /** The names that look like this one. */
  like(name: string): readonly string[] {
    if (!this.#looks) {
      this.#looks = new Map();
      for (const each of this.#sorted) addLook(this.#looks, each);
    }
    return this.#looks.get(skeleton(name)) ?? [];
  }

  /** Where the names after this one begin. */
  #after(name: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! <= name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function addLook(looks: Map<string, string[]>, name: string): void {
  const look = skeleton(name);
  const same = looks.get(look);
  if (same) same.push(name);
  else looks.set(look, [name]);
}
