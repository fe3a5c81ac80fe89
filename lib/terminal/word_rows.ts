import { fit } from "./chat_text.ts";

const WORDS_PER_ROW = 5;

/** The words of a key in numbered rows of five, as two people read them to each other. */
export function wordRows(words: readonly string[]): string[] {
  const fitting = words.map(fit);
  const width = Math.max(0, ...fitting.map((word) => word.length));
  const digits = String(words.length).length;
  const cells = fitting.map((word, index) => `${String(index + 1).padStart(digits)} ${word.padEnd(width)}`);
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += WORDS_PER_ROW) {
    rows.push(`     ${cells.slice(at, at + WORDS_PER_ROW).join("   ").trimEnd()}`);
  }
  return rows;
}
