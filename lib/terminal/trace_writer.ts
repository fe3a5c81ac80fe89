import { TRACE_FILE_WAITING_BYTES } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { TraceFilter } from "../core/trace_filter.ts";
import { traceJson, type TraceRecord, traceText } from "../core/wire_trace.ts";
import { Output, type Sink } from "./output.ts";

/** An open file, which takes what is written to its end. */
export interface TraceFile extends Sink {
  readonly path: string;
  close(): void;
}

/**
 * Writes what went over the wire, for people and for programs.
 *
 * 1. It never waits. What a slow reader or disk cannot take is dropped, and the trace says how many lines those were.
 * 2. A file that cannot be written is logged once; the program goes on.
 */
export class TraceWriter {
  readonly #filter: TraceFilter | undefined;
  readonly #json: Output | undefined;

  /** `show` takes lines for people. With `only`, the records of these users alone are written. */
  constructor(
    readonly parts: {
      readonly show?: ((line: string) => void) | undefined;
      readonly file?: TraceFile | undefined;
      readonly only?: readonly string[] | undefined;
    },
  ) {
    const { file, only } = parts;
    this.#filter = only && new TraceFilter(only);
    this.#json = file && new Output({
      sink: complaining(file),
      compose: (lines) => lines.join(""),
      broken: () => {},
      waitingBytes: TRACE_FILE_WAITING_BYTES,
      droppedLine: (count) => droppedJson(Date.now(), count),
    });
  }

  write(record: TraceRecord): void {
    for (const each of this.#filter?.take(record) ?? [record]) {
      // The log has complaints too, on the same stream.
      if (each.kind !== "complaint") this.parts.show?.(traceText(each));
      this.#json?.push(traceJson(each));
    }
  }

  /** Resolves when everything is in the file, which is closed then. */
  async close(): Promise<void> {
    await this.#json?.flushed();
    this.parts.file?.close();
  }
}

function complaining(file: TraceFile): Sink {
  return {
    async write(bytes) {
      try {
        return await file.write(bytes);
      } catch (error) {
        log.error(`the trace file ${file.path} cannot be written any more: ${reason(error)}`);
        throw error;
      }
    },
  };
}

function droppedJson(time: number, count: number): string {
  const verdict = `${count} lines were dropped, since the file is written too slowly`;
  const when = new Date(time).toISOString();
  return JSON.stringify({ time: when, session: 0, name: "", link: "", direction: null, bytes: "", verdict }) + "\n";
}
