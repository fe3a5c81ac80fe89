import { cleaned } from "../core/text.ts";
import { printError } from "../terminal/print.ts";

/** How a client ended: the status of the program, and why, where there is something to say. */
export interface Over {
  readonly status: number;
  readonly why: string | undefined;
}

/** Waits until a client is over, lets go of what it has, and says why; the status of the program. */
export async function ending(over: Promise<Over>, ...closed: readonly (() => void | Promise<void>)[]): Promise<number> {
  const { status, why } = await over;
  for (const close of closed) await close();
  if (why !== undefined) printError(`client: ${cleaned(why)}\n`);
  return status;
}

/** What is done when somebody stops the program from outside. */
export function onStop(interrupt: () => void): void {
  const windows = Deno.build.os === "windows";
  for (const signal of windows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, interrupt);
  }
}
