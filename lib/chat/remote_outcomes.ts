import type { PendingOutcome } from "./outcome.ts";

interface Awaited {
  readonly outcome: PendingOutcome;
  readonly servers: Set<string>;
  /** When it counts as failed. */
  readonly until: number;
  /** A private message that fails is forgotten. */
  readonly failed: (() => void) | undefined;
}

/** Handout senders of this server that wait for the outcome of a message at other servers. */
export class RemoteOutcomes {
  /** By the number of the message's record. */
  readonly #awaited = new Map<number, Awaited>();

  /** `nameOf` names a server for its people. */
  constructor(readonly nameOf: (server: string) => string) {}

  get size(): number {
    return this.#awaited.size;
  }

  /** A sender waits for each of these servers. */
  expect(
    number: number,
    servers: readonly string[],
    outcome: PendingOutcome,
    until: number,
    failed: (() => void) | undefined,
  ): void {
    if (servers.length === 0) return;
    for (const _ of servers) outcome.expect();
    this.#awaited.set(number, { outcome, servers: new Set(servers), until, failed });
  }

  /** A server says the outcome of a message there. */
  settle(server: string, number: number, delivered: boolean, why: string): void {
    const awaited = this.#awaited.get(number);
    if (!awaited?.servers.delete(server)) return;
    if (awaited.servers.size === 0) this.#awaited.delete(number);
    if (!delivered) awaited.failed?.();
    awaited.outcome.settle(delivered, why);
  }

  tick(now: number): void {
    for (const [number, { until, servers }] of this.#awaited) {
      if (until > now) continue;
      for (const server of [...servers]) {
        this.settle(server, number, false, `no receipt from the server ${this.nameOf(server)}`);
      }
    }
  }
}
