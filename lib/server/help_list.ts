import type { Finding } from "../check/replay/findings.ts";
import type { BrokenRule } from "../chat/server_snapshot.ts";

/** Broken rules that are remembered, of all users: more than a class reads. */
const MOST = 200;
/** The longest text of what was expected, and of what came. */
const CHARACTERS = 200;

/** The rules that programs have broken while the server's page was open, each once for each user, the latest last. */
export class HelpList {
  readonly #broken = new Map<string, BrokenRule>();

  add({ rule, side, name, time, link, expected, got, isWeak }: Finding): void {
    // Our own server is not the student's.
    if (side !== "client") return;
    const key = `${rule.id} ${name}`;
    const count = (this.#broken.get(key)?.count ?? 0) + 1;
    this.#broken.delete(key);
    this.#broken.set(key, {
      ...{ name, rule: rule.id, title: rule.title, cause: rule.cause, link, time, count, isWeak },
      expected: expected.slice(0, CHARACTERS),
      got: got.slice(0, CHARACTERS),
    });
    if (this.#broken.size > MOST) this.#broken.delete(this.#broken.keys().next().value!);
  }

  /** The last ones first. */
  latest(most: number): BrokenRule[] {
    return [...this.#broken.values()].reverse().slice(0, most);
  }
}
