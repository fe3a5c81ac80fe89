import { encodeHex } from "../core/bytes.ts";

/** How long a ticket is valid: a transfer of many requests asks for the next one. */
const TICKET_MS = 10 * 60_000;
/** Tickets of one user that are valid, and of all; the oldest go first. */
const OF_ONE = 8;
const OF_ALL = 10_000;
const TICKET_BYTES = 24;

/** Tickets with which a program that is logged in here makes requests over HTTP, where there is no login for it. */
export class Tickets {
  /** The oldest first. */
  readonly #tickets = new Map<string, { readonly name: string; readonly until: number }>();

  constructor(readonly bytes: (count: number) => Uint8Array) {}

  issue(name: string, now: number): string {
    const own = [...this.#tickets].filter(([, ticket]) => ticket.name === name);
    if (own.length >= OF_ONE) this.#tickets.delete(own[0]![0]);
    for (const [oldest, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < OF_ALL) break;
      this.#tickets.delete(oldest);
    }
    const ticket = encodeHex(this.bytes(TICKET_BYTES));
    this.#tickets.set(ticket, { name, until: now + TICKET_MS });
    return ticket;
  }

  /** Whose ticket it is; undefined for one that is not valid. A look-up in a table tells nothing of 24 random bytes by its time. */
  userOf(ticket: string, now: number): string | undefined {
    const found = this.#tickets.get(ticket);
    return found && found.until > now ? found.name : undefined;
  }

  /** A user's tickets are not valid any more. */
  revoke(name: string): void {
    for (const [ticket, { name: owner }] of this.#tickets) if (owner === name) this.#tickets.delete(ticket);
  }
}
