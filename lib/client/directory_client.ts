import { type Address, formatAddress, unwrapped } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy, sanitized } from "../core/text.ts";
import { ListingDecoder } from "../protocols/directory/listing.ts";
import { encodeDirectoryRequest } from "../protocols/directory/request.ts";
import type { Direction } from "../protocols/session.ts";
import { connect } from "../net/dial.ts";

/** What is asked of a table server; our own address is found out. */
export interface DirectoryQuery {
  readonly type: "R" | "K";
  /** Our UDP port. */
  readonly port: number;
  readonly user: string;
}

/** What a table server has answered. */
export interface DirectoryAnswer {
  /** Who is online; we ourselves may be among them. */
  readonly addresses: readonly Address[];
  /** Our own address, as it is towards the server. */
  readonly local: string;
}

/** How long a request may take, and who watches it. */
export interface DirectoryQueryOptions {
  /** In all. */
  readonly withinMs?: number;
  /** Of silence, after which what has come is all, if it is whole. */
  readonly quietMs?: number;
  trace?(direction: Direction, line: string): void;
}

const WITHIN_MS = 5000;
const QUIET_MS = 500;
const READ_BYTES = 4096;

/**
 * Asks a table server once: connects, sends one request, reads its answer, closes.
 *
 * 1. The answer is all there when the server closes, when nothing more can belong to it, or when nothing more has come for
 *    `quietMs` and what there is is whole. Servers that never close are therefore fine; nothing at all is no answer.
 * 2. After `K`, which has no answer, `quietMs` are enough.
 * 3. It rejects with words when the server cannot be reached, says what is no answer, or takes longer than `withinMs`.
 */
export async function askDirectory(
  server: Address,
  request: DirectoryQuery,
  options: DirectoryQueryOptions = {},
): Promise<DirectoryAnswer> {
  const withinMs = options.withinMs ?? WITHIN_MS;
  const until = performance.now() + withinMs;
  const where = `the table server at ${formatAddress(server)}`;
  let conn: Deno.TcpConn;
  try {
    conn = await connect(server.hostname, server.port, withinMs);
  } catch (error) {
    const why = error instanceof Deno.errors.TimedOut ? `no answer within ${withinMs} ms` : reason(error);
    throw new Error(`${where} cannot be reached: ${why}`, { cause: error });
  }
  const local = unwrapped(conn.localAddr.hostname);
  const answer = await new Visit(conn, request.type === "K", options).ask(
    encodeDirectoryRequest({ ...request, hostname: local }),
    until - performance.now(),
  );
  if (!(answer instanceof Fault)) return { addresses: answer, local };
  throw new Error(`${where}: ${sanitized(answer.message)}`);
}

/** One connection to a table server. */
class Visit {
  readonly #listing = new ListingDecoder();
  readonly #quietMs: number;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(readonly conn: Deno.TcpConn, readonly leaving: boolean, readonly options: DirectoryQueryOptions) {
    this.#quietMs = options.quietMs ?? QUIET_MS;
  }

  async ask(request: Uint8Array, withinMs: number): Promise<readonly Address[] | Fault> {
    let late = false;
    const timer = setTimeout(() => (late = true, this.#close()), Math.max(0, withinMs));
    let broken: unknown;
    try {
      await this.#send(request);
      await this.#read();
    } catch (error) {
      if (!this.#closed) broken = error;
    }
    clearTimeout(timer);
    clearTimeout(this.#quiet);
    this.#close();
    if (this.leaving && broken === undefined) return [];
    if (!this.#listing.begun && late) return new Fault("malformed", "it says nothing, and does not close either");
    // A reset may follow an answer; one without an answer is none.
    if (!this.#listing.begun && broken !== undefined) {
      return new Fault("malformed", `the connection is lost: ${reason(broken)}`);
    }
    return this.#listing.finish();
  }

  async #send(request: Uint8Array): Promise<void> {
    this.options.trace?.("up", decodeLossy(request));
    for (let rest = request; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
    if (this.leaving) this.#closeWhenQuiet();
  }

  /** Reads until the server closes, we do, or the answer is complete. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    for (let count = await this.conn.read(buffer); count !== null; count = await this.conn.read(buffer)) {
      const bytes = buffer.subarray(0, count);
      this.options.trace?.("down", decodeLossy(bytes));
      this.#listing.push(bytes);
      if (this.#listing.answer !== undefined) return;
      this.#closeWhenQuiet();
    }
  }

  #closeWhenQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      if (this.leaving || this.#listing.whole) this.#close();
    }, this.#quietMs);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.conn.close();
  }
}
