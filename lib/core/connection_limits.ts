import type { Limits } from "./limits.ts";
import { isLoopback } from "./address.ts";

/**
 * Who may come in: so many at once, so many from one address. A place is free again when the connection is really gone,
 * which can be later than the session: what a peer does not read may hold it.
 */
export class ConnectionLimits {
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(readonly limits: Pick<Limits, "connections" | "connectionsPerAddress">) {}

  /** Takes a place for a peer, or says why there is none. */
  take(hostname: string): { refusal: string } | undefined {
    const { connections, connectionsPerAddress } = this.limits;
    const here = this.#taken.get(hostname) ?? 0;
    if (this.#all >= connections) return { refusal: `${connections} sessions are open, the most allowed` };
    if (here >= connectionsPerAddress && !isLoopback(hostname)) {
      return { refusal: `${connectionsPerAddress} sessions from its address are open, the most allowed` };
    }
    this.#all++;
    this.#taken.set(hostname, here + 1);
  }

  /** Gives a place back. */
  free(hostname: string): void {
    this.#all--;
    const left = this.#taken.get(hostname)! - 1;
    if (left > 0) this.#taken.set(hostname, left);
    else this.#taken.delete(hostname);
  }

  get taken(): number {
    return this.#all;
  }
}
