import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import type { Registry } from "./registry.ts";
import type { SharedNames } from "./shared_names.ts";

export interface UnusableAccountsParts {
  readonly registry: Registry;
  readonly names: SharedNames;
  readonly outputs: Outputs<Effect>;
  /** Whether a server has told its name. */
  readonly isNamed: (server: string) => boolean;
  /** What proves a name here. */
  readonly refOf: (name: string) => string;
}

/** For this long, accounts whose names other servers hold are gathered, so that the operator gets one line. */
const GATHER_MS = 200;
/** A server announces its name within this time. */
const NAMED_MS = 5000;

/** Reports to the operator which accounts cannot be used at this server, or at the others. */
export class UnusableAccounts {
  readonly #parts: UnusableAccountsParts;
  /** Accounts of this server whose names others hold, which the operator is not told yet. */
  readonly #lost = new Set<string>();
  #lostAt = 0;

  constructor(parts: UnusableAccountsParts) {
    this.#parts = parts;
  }

  /** Another server holds the name of an account. */
  add(name: string, now: number): void {
    this.#lost.add(name);
    this.#lostAt = now + GATHER_MS;
  }

  /** A password in plain text is not the same account at two servers. */
  notePlain(): void {
    const { registry: { accounts }, outputs } = this.#parts;
    const plain = accounts.names.filter((name) => accounts.secret(name)!.type === "plain").length;
    if (plain === 0) return;
    const text =
      `the users file has ${plain === 1 ? "a password" : `${plain} passwords`} in plain text: such a user can ` +
      `log in at one server alone; for several, run server hash-passwords once, and copy that file`;
    outputs.push({ type: "note", text });
  }

  /** Tells of those that were added, in one line. */
  tick(now: number): void {
    const { names, isNamed, refOf, outputs } = this.#parts;
    const [first] = this.#lost;
    if (first === undefined || now < this.#lostAt) return;
    const holder = names.get(first);
    if (holder && !isNamed(holder.server) && now < this.#lostAt + NAMED_MS) return;
    const others = this.#lost.size - 1;
    const count = others === 0 ? "" : `, and ${others === 1 ? "1 other account" : `${others} other accounts`} likewise`;
    const fault = names.fault(first, refOf(first));
    this.#lost.clear();
    if (fault === undefined) return;
    const text =
      `${first} cannot log in here, since ${fault}${count}; run server hash-passwords once, and copy that file`;
    outputs.push({ type: "note", level: "warning", text });
  }
}
