import { type Address, formatAddress } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";
import { clock } from "../net/clock.ts";
import { connect } from "../net/dial.ts";
import {
  type DirectoryAnswer,
  DirectoryQuery,
  type DirectoryRequest,
  type DirectoryTimes,
} from "../protocols/directory/client.ts";
import type { Direction } from "../core/wire_trace.ts";

export interface DirectoryQueryOptions extends DirectoryTimes {
  trace?(direction: Direction, bytes: Uint8Array): void;
}

const READ_BYTES = 4096;

/** Asks a directory server, by a connection of its own; rejects with a message for the user. */
export async function askDirectory(
  server: Address,
  request: DirectoryRequest,
  options: DirectoryQueryOptions = {},
): Promise<DirectoryAnswer> {
  const answer = await new QueryRunner(server, new DirectoryQuery(request, options, clock()), options).run();
  if (!(answer instanceof Fault)) return answer;
  const colon = answer.message.startsWith("cannot be reached") ? "" : ":";
  throw new Error(`the table server at ${formatAddress(server)}${colon} ${sanitized(answer.message)}`);
}

class QueryRunner {
  readonly #done = Promise.withResolvers<DirectoryAnswer | Fault>();
  #conn: Deno.TcpConn | undefined;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly server: Address,
    readonly query: DirectoryQuery,
    readonly options: DirectoryQueryOptions,
  ) {}

  run(): Promise<DirectoryAnswer | Fault> {
    this.#drain();
    return this.#done.promise;
  }

  #drain(): void {
    for (const output of this.query.takeOutputs()) {
      if (output.type === "connect") this.#connect(output.withinMs);
      else if (output.type === "send") this.#send(output.bytes);
      else this.#close(output.answer);
    }
    clearTimeout(this.#timer);
    const { wakeAt } = this.query;
    if (wakeAt === Infinity) return;
    this.#timer = setTimeout(() => {
      this.query.tick(clock());
      this.#drain();
    }, Math.max(0, wakeAt - clock()));
  }

  async #connect(withinMs: number): Promise<void> {
    try {
      this.#conn = await connect(this.server.hostname, this.server.port, withinMs);
      this.query.connected(this.#conn.localAddr.hostname, clock());
      this.#drain();
    } catch (error) {
      const isLate = error instanceof Deno.errors.TimedOut;
      this.query.unreachable(isLate ? `no answer within ${withinMs} ms` : reason(error));
      return this.#drain();
    }
    await this.#read(this.#conn);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.options.trace?.("up", bytes);
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#conn!.write(rest));
    } catch {
      // Reading fails too, and says why.
    }
  }

  async #read(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
        const bytes = buffer.subarray(0, count);
        this.options.trace?.("down", bytes);
        this.query.receive(bytes, clock());
        this.#drain();
      }
      this.query.closed();
    } catch (error) {
      if (this.#closed) return;
      this.query.closed(reason(error));
    }
    this.#drain();
  }

  #close(answer: DirectoryAnswer | Fault): void {
    this.#closed = true;
    this.#conn?.close();
    this.#done.resolve(answer);
  }
}
