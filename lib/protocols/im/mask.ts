import { stars } from "../../core/wire_trace.ts";

/** Commands without a password. */
const OTHER = /^\/(?:to|toall|port|list|exit|partyline)$/;
const VERB = /^(?:\/?(?:login|register)|\/[a-z]+)$/i;
/** `/login:joe:12345`: there is no telling where the name ends. */
const JOINED = /^(\/?(?:login|register))\S/i;
/** What separates words in a line that may be malformed. */
const SEPARATOR = /[\s\p{Cc}]+/gu;

interface Word {
  readonly start: number;
  readonly end: number;
}

/**
 * A line that a client sends on La, with the password masked: one `*` a character, and spaces and control characters as they are.
 *
 * Before the login any line may hold a password, even a malformed one: what follows `/login NAME`, however it is spaced; the
 * second word of a line without a command; and a line of one word, which is the answer to the password's prompt unless it is
 * the `first` line. Later a password stands only in a complete `/login NAME PASSWORD`, of a client that logs in again.
 */
export function maskPassword(line: string, beforeLogin: boolean, first: boolean): string {
  const words = wordsOf(line);
  const from = beforeLogin ? passwordAt(line, words, first) : repeatedLoginAt(line, words);
  return from === undefined ? line : line.slice(0, from) + stars(line.slice(from));
}

/** Where the password may begin. */
function passwordAt(line: string, words: readonly Word[], first: boolean): number | undefined {
  const [verb, name, password] = words;
  if (!verb) return undefined;
  const text = line.slice(verb.start, verb.end);
  if (OTHER.test(text)) return undefined;
  if (!VERB.test(text) || JOINED.test(text)) {
    const joined = JOINED.exec(text)?.[1];
    if (joined !== undefined) return verb.start + joined.length;
    return name ? name.start : first ? undefined : verb.start;
  }
  if (password) return password.start;
  // The name may be empty: `/login  12345`.
  return name && name.start > verb.end + 1 ? name.start : undefined;
}

function repeatedLoginAt(line: string, words: readonly Word[]): number | undefined {
  return words.length === 3 && /^\/(?:login|register)$/.test(line.slice(words[0]!.start, words[0]!.end))
    ? words[2]!.start
    : undefined;
}

function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  let start = 0;
  for (const { 0: separator, index } of line.matchAll(SEPARATOR)) {
    if (index > start) words.push({ start, end: index });
    start = index + separator.length;
  }
  if (start < line.length) words.push({ start, end: line.length });
  return words;
}
