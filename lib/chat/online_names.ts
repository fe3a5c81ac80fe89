import { concat } from "@std/bytes/concat";
import { encodeText } from "../core/text.ts";

/** The names of the users online, in the order in which they came: encoded once a change, however many ask. */
export class OnlineNames {
  /** Each name with a space before it. */
  readonly #bytes: Uint8Array;
  /** Where each name, with its space, begins and ends. */
  readonly #places = new Map<string, readonly [number, number]>();

  constructor(names: Iterable<string>) {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const name of names) {
      const part = encodeText(` ${name}`);
      parts.push(part);
      this.#places.set(name, [at, at += part.length]);
    }
    this.#bytes = concat(parts);
  }

  /** All names, each after a space; that of the asker first. */
  startingWith(asker: string | undefined): Uint8Array {
    const [from, to] = (asker === undefined ? undefined : this.#places.get(asker)) ?? [0, 0];
    const bytes = this.#bytes;
    return concat([bytes.subarray(from, to), bytes.subarray(0, from), bytes.subarray(to)]);
  }
}
