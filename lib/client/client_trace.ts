import type { WireTap } from "../core/transport.ts";
import { timeOfDay } from "../core/log.ts";
import { type Mask, type TraceEntry, type TraceFraming, type TraceRecord, WireTrace } from "../core/wire_trace.ts";
import type { Link } from "../protocols/session.ts";
import { openTraceFile } from "../store/trace_file.ts";
import { TraceWriter } from "../terminal/trace_writer.ts";
import { Runner } from "./runner.ts";

/** The options of a client's trace. */
export interface TracePlan {
  readonly trace: boolean;
  readonly traceFile: string | undefined;
}

export interface ClientTraceParts {
  readonly links: readonly string[];
  readonly framing: TraceFraming;
  /** The user, once known. */
  readonly name: () => string;
  /** Takes lines for people. */
  readonly show: (line: string) => void;
  readonly mask?: (link: Link) => Mask | undefined;
  /** Takes the mistakes of the server that a record shows. */
  readonly judge?: (record: TraceRecord) => readonly string[];
}

export function isTraced({ trace, traceFile }: TracePlan): boolean {
  return trace || traceFile !== undefined;
}

/** Traces what goes over the connections of a client. Each connection to the server is a session of its own. */
export class ClientTrace {
  readonly #runner: Runner<TraceEntry, WireTrace>;
  readonly #writer: TraceWriter;
  #session = 0;

  /** Undefined where nothing is to be traced. Throws a `UserError` when the file cannot be opened. */
  static open(plan: TracePlan, parts: ClientTraceParts): ClientTrace | undefined {
    return isTraced(plan) ? new ClientTrace(plan, parts) : undefined;
  }

  private constructor({ trace, traceFile }: TracePlan, { links, framing, name, show, mask, judge }: ClientTraceParts) {
    const file = traceFile === undefined ? undefined : openTraceFile(traceFile);
    const writer = this.#writer = new TraceWriter({ show: trace ? show : undefined, file });
    const machine = new WireTrace(links, "down", framing, (link) => mask?.(link));
    this.#runner = new Runner(machine, (entry) => {
      const user = name() || undefined;
      const record: TraceRecord = { time: Date.now(), session: this.#session, name: user ?? "-", user, ...entry };
      writer.write(record);
      for (const remark of judge?.(record) ?? []) {
        writer.write({ ...record, text: undefined, kind: "complaint", remark });
        if (trace) show(`${timeOfDay(record.time)} warning the server ${remark}\n`);
      }
    });
  }

  /** A connection to the server begins. */
  opened(): void {
    this.#session++;
  }

  received(link: Link, bytes: Uint8Array): void {
    this.#runner.input((trace, now) => trace.received(link, bytes, now));
  }

  closed(link: Link): void {
    this.#runner.input((trace) => trace.closed(link));
  }

  remark(link: Link, text: string): void {
    this.#runner.input((trace) => trace.remark(link, "down", text));
  }

  tap(link: Link): WireTap {
    return {
      sent: (bytes) => this.#runner.input((trace) => trace.sent(link, bytes)),
      notTaken: (bytes) => this.#runner.input((trace) => trace.notTaken(link, bytes)),
      late: (bytes) => this.#runner.input((trace, now) => trace.received(link, bytes, now, true)),
    };
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    this.#runner.close();
    await this.#writer.close();
  }
}
