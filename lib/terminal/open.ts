import type { Face, Typist } from "./ui.ts";
import { openTerminal, type TerminalOptions } from "./console.ts";
import { openPlain, type PlainOptions } from "./plain.ts";

/** The options of both faces. */
export interface FaceOptions extends TerminalOptions, PlainOptions {}

/**
 * Opens the face that fits standard input and output: a terminal when both are one, plain otherwise.
 *
 * After `close` the program calls `Deno.exit`: on older runtimes a read under way would keep it alive until the next key.
 */
export function openFace(typist: Typist, options: FaceOptions = {}): Face {
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return interactive ? openTerminal(typist, options) : openPlain(typist, options);
}
