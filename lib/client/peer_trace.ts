import { type Address, formatAddress } from "../core/address.ts";
import { counted, type Direction } from "../core/wire_trace.ts";
import { decodeWire } from "../core/wire_text.ts";
import type { DatagramTap } from "../net/datagram_outbox.ts";
import { openTraceFile } from "../store/trace_file.ts";
import { TraceWriter } from "../terminal/trace_writer.ts";
import { isTraced, type TracePlan } from "./client_trace.ts";

/** The link of the connections to the table server. */
export const TABLE_LINK = "table";

/**
 * Traces the UDP port of a peer, a datagram a line, and its connections to the table server. A link has the name of the address at
 * its other end; `>` is what this program sends. What is sealed is shown sealed.
 */
export class PeerTrace implements DatagramTap {
  readonly #writer: TraceWriter;

  /** Undefined where nothing is to be traced. Throws a `UserError` when the file cannot be opened. */
  static open(plan: TracePlan, name: string, show: (line: string) => void): PeerTrace | undefined {
    return isTraced(plan) ? new PeerTrace(plan, name, show) : undefined;
  }

  private constructor({ trace, traceFile }: TracePlan, readonly name: string, show: (line: string) => void) {
    const file = traceFile === undefined ? undefined : openTraceFile(traceFile);
    this.#writer = new TraceWriter({ show: trace ? show : undefined, file });
  }

  received(address: Address, datagram: Uint8Array): void {
    this.bytes(formatAddress(address), "down", datagram);
  }

  sent(address: Address, datagram: Uint8Array): void {
    this.bytes(formatAddress(address), "up", datagram);
  }

  notSent(address: Address, datagram: Uint8Array): void {
    this.#write(formatAddress(address), "up", undefined, `${counted(datagram.length)} of that could not be sent`);
  }

  bytes(link: string, direction: Direction, bytes: Uint8Array): void {
    this.#write(link, direction, decodeWire(bytes), undefined);
  }

  /** Resolves when everything is written. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  #write(link: string, direction: Direction, text: string | undefined, remark: string | undefined): void {
    const { name } = this;
    const kind = text === undefined ? "remark" : "piece";
    this.#writer.write({ time: Date.now(), session: 1, name, user: name, link, direction, text, kind, remark });
  }
}
