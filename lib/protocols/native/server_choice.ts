import type { ServersEvent } from "../../chat/event.ts";
import { formatAddress, isLoopback } from "../../core/address.ts";

/** A server that a client can connect to. */
export interface ChosenServer {
  readonly host: string;
  readonly port: number;
  /** What it is called; undefined before that is told. */
  readonly name: string | undefined;
  /** The fingerprint of its key, as another server has told it. */
  readonly key: string | undefined;
}

/** A client goes from a server that does not answer to the next. */
export interface ServerMove {
  readonly from: string;
  readonly to: string;
  /** The address of the next. */
  readonly at: string;
  /** Whether all were tried, so that there is a pause first. */
  readonly isRoundOver: boolean;
}

/** Servers that a client keeps; a chat of more has enough of them. */
const MAX_SERVERS = 32;

/**
 * Which server a client connects to: the one that the user has named or, when that does not answer, another one of the same chat.
 *
 * 1. A lost connection is tried once more at the same server, since most come back; then the others are tried in turn.
 * 2. Over TLS, others are those of which a server that was verified has told the key. Without TLS they are those that have none:
 *    the password goes to them as it went to the first.
 * 3. A loopback address is that of this machine, and not used where the user has named a server elsewhere.
 */
export class ServerChoice {
  /** By their addresses, that of the user's first. */
  readonly #servers = new Map<string, ChosenServer>();
  readonly #named: string;
  #current: string;
  /** The server of the last login. */
  #last: string;
  /** Failures since then. */
  #failures = 0;
  /** Whether servers are reached over TLS. */
  isSecure = false;

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    this.#named = this.#current = this.#last = this.#keep({ host, port, name: undefined, key: undefined });
  }

  get current(): ChosenServer {
    return this.#servers.get(this.#current)!;
  }

  /** Whether it is another one than the user has named. */
  get hasMoved(): boolean {
    return this.#current !== this.#named;
  }

  /** What the server of this connection has told. */
  told({ name, list }: ServersEvent): void {
    this.#keep({ ...this.current, name });
    for (const { name, host, port, key } of list) {
      const address = addressOf({ host, port });
      const known = this.#servers.get(address);
      if (address === this.#named) this.#keep({ ...known!, name });
      else if (this.#isUsable(host, port, key) && (known || this.#servers.size < MAX_SERVERS)) {
        this.#keep({ host, port, name, key });
      }
    }
  }

  loggedIn(): void {
    this.#last = this.#current;
    this.#failures = 0;
  }

  /** The connection is lost, or there is none; returns the move to another server, if that is to be tried. */
  failed(): ServerMove | undefined {
    const addresses = [...this.#servers.keys()];
    if (++this.#failures === 1 || addresses.length === 1) return undefined;
    const from = this.#current;
    this.#current = addresses[(addresses.indexOf(from) + 1) % addresses.length]!;
    return {
      from: this.#nameOf(from),
      to: this.#nameOf(this.#current),
      at: this.#current,
      isRoundOver: this.#current === this.#last,
    };
  }

  #isUsable(host: string, port: number, key: string | undefined): boolean {
    const { host: named } = this.#servers.get(this.#named)!;
    if (isLoopback(host) && !isLoopback(named) && named !== "localhost") return false;
    return this.isSecure === (key !== undefined) && port >= 1 && port <= 65535;
  }

  #nameOf(address: string): string {
    return this.#servers.get(address)!.name ?? address;
  }

  #keep(server: ChosenServer): string {
    const address = addressOf(server);
    this.#servers.set(address, server);
    return address;
  }
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return formatAddress({ hostname: host, port });
}
