import { openPlainUi, type PlainUiOptions } from "./plain_ui.ts";
import { openTerminalUi, type TerminalUiOptions } from "./terminal_ui.ts";
import type { Ui, UserInput } from "./ui.ts";

/**
 * Opens the user interface that fits standard input and output: a terminal when both are one, plain otherwise.
 *
 * After `close` the program calls `Deno.exit`: on older runtimes a pending read would keep it alive until the next key.
 */
export function openUi(input: UserInput, options: TerminalUiOptions & PlainUiOptions = {}): Ui {
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return interactive ? openTerminalUi(input, options) : openPlainUi(input, options);
}
