import type { Sink } from "./output.ts";
import { writeNow } from "./print.ts";

/** Standard input, output and error, and the terminal behind them. */
export interface Device extends Sink {
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  /** Reads into the buffer; `null` at the end of the input. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes to standard output at once, for the end of a process. */
  writeNow(text: string): void;
  /** Writes to standard error at once. */
  complain(text: string): void;
  /** Raw: single keys without echo; otherwise whole lines, edited by the terminal. */
  setRaw(raw: boolean): void;
  size(): { columns: number; rows: number };
  /** Calls back after each change of size; the returned function stops that. */
  onResize(listener: () => void): () => void;
  /** Calls back when the process ends, also by an uncaught error or a signal to abort; the returned function stops that. */
  onExit(listener: () => void): () => void;
  /**
   * Stops the process until it is continued, then calls back; false where that cannot be done: on Windows, and under a parent
   * process that would not stop with it.
   */
  suspend(continued: () => void): boolean;
  closeInput(): void;
}

/** Signals that end a program at once, with the exit status that a shell shows for them. Windows has neither. */
const ABORTS: readonly (readonly ["SIGQUIT" | "SIGABRT", number])[] = Deno.build.os === "windows"
  ? []
  : [["SIGQUIT", 131], ["SIGABRT", 134]];

/** The process's own standard streams. */
export function standardDevice(): Device {
  let size = { columns: 80, rows: 24 };
  return {
    inputIsTerminal: Deno.stdin.isTerminal(),
    outputIsTerminal: Deno.stdout.isTerminal(),
    read: (buffer) => Deno.stdin.read(buffer),
    write: (bytes) => Deno.stdout.write(bytes),
    writeNow: (text) => writeNow(Deno.stdout, text),
    complain: (text) => writeNow(Deno.stderr, text),
    setRaw: (raw) => Deno.stdin.setRaw(raw),
    size: () => {
      try {
        const { columns, rows } = Deno.consoleSize();
        // Some terminals do not know their size and report 0.
        if (columns > 0 && rows > 0) size = { columns, rows };
      } catch {
        return size;
      }
      return size;
    },
    onResize: (listener) => {
      // Windows has no such signal; there the next output uses the new size.
      if (Deno.build.os === "windows") return () => {};
      Deno.addSignalListener("SIGWINCH", listener);
      return () => Deno.removeSignalListener("SIGWINCH", listener);
    },
    onExit: (listener) => {
      const events = ["unload", "error", "unhandledrejection"];
      for (const event of events) globalThis.addEventListener(event, listener);
      const handlers = ABORTS.map(([signal, status]) => [signal, () => (listener(), Deno.exit(status))] as const);
      for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
      return () => {
        for (const event of events) globalThis.removeEventListener(event, listener);
        for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
      };
    },
    suspend: (continued) => {
      // `deno task` and `npm run` set this variable; the shell waits for them, and they would go on.
      if (Deno.build.os === "windows" || Deno.env.has("INIT_CWD")) return false;
      const again = () => {
        Deno.removeSignalListener("SIGCONT", again);
        continued();
      };
      Deno.addSignalListener("SIGCONT", again);
      Deno.kill(Deno.pid, "SIGTSTP");
      return true;
    },
    closeInput: () => Deno.stdin.close(),
  };
}
