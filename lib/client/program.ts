import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";
import type { Identity } from "../store/identity.ts";
import type { ChatTerminal } from "../terminal/chat_terminal.ts";
import { printError } from "../terminal/print.ts";
import type { Joined, ProgramOutput } from "./join.ts";

/** The command that starts this program. */
export const THIS_CLIENT = Deno.build.standalone ? "partyline-client" : "deno task client";

/** How a program ends: its exit status, and why, where there is something to say. */
export interface ProgramEnd {
  readonly status: number;
  readonly why?: string | undefined;
}

/** Waits for the end of a client, closes what it has open, and says why it ended; the exit status. */
export async function ending(
  end: Promise<ProgramEnd>,
  ...closed: readonly (() => void | Promise<void>)[]
): Promise<number> {
  const { status, why } = await end;
  for (const close of closed) await close();
  if (why !== undefined) printError(`client: ${sanitized(why)}\n`);
  return status;
}

/** Calls `interrupt` when the program is to stop: Ctrl-C, or a signal. */
export function onStop(interrupt: () => void): void {
  const windows = Deno.build.os === "windows";
  for (const signal of windows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, interrupt);
  }
}

/** Runs a joined client until it ends; the exit status. `close` closes what has to be closed before the terminal. */
export async function runJoined(
  client: Pick<Joined<never>, "start" | "interrupt">,
  terminal: ChatTerminal,
  end: Promise<ProgramEnd>,
  close: () => Promise<void>,
): Promise<number> {
  onStop(() => client.interrupt());
  client.start();
  const { status, why } = await end;
  await close();
  if (why !== undefined) terminal.ended(why);
  await terminal.close();
  return status;
}

/** Performs the outputs that all chat programs handle in the same way: those to be shown, and those that end the program. */
export function performCommon(
  output: ProgramOutput,
  terminal: ChatTerminal,
  end: (end: ProgramEnd) => void,
): void {
  switch (output.type) {
    case "attempt":
      return terminal.attempt();
    case "connected":
      return terminal.connected();
    case "retrying":
      return terminal.lost(output.why, output.inMs, output.move);
    case "refused":
      return terminal.problem(output.why);
    case "waits":
      return terminal.remark(`the login waits: ${output.why}`);
    case "raw":
      return terminal.raw(output.line);
    case "ask":
      if (output.prompt === "name") return terminal.askName();
      if (output.prompt === "password") return terminal.askPassword();
      if (output.prompt === "command") return terminal.chat();
      return output.prompt === null ? undefined : terminal.askNewPassword(output.prompt);
    case "trace":
      return terminal.note(output.line);
    case "remark":
      return terminal.remark(output.line);
    case "ended":
      return end(output);
  }
}

/** Records which messages were shown; a failing disk is reported once. */
export class ShownRecorder {
  #complained = false;

  constructor(readonly identity: Identity, readonly terminal: Pick<ChatTerminal, "problem">) {}

  shown(name: string, store: string, seq: number): void {
    try {
      this.identity.markShown(name, store, seq);
    } catch (error) {
      // The next run may show these messages again.
      if (!this.#complained) this.terminal.problem(reason(error));
      this.#complained = true;
    }
  }
}
