import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** A misspelt word differs from the one that was meant in at most this many letters. */
const MISSPELT_LETTERS = 1;
/** A longer word is not compared letter by letter. */
const MOST_LETTERS = 20;

/** The known word that was probably meant: the same, one that begins with it, or one that differs by a letter. */
export function suggestion(given: string, known: readonly string[]): string | undefined {
  const typed = given.toLowerCase();
  if (typed.length < 2) return undefined;
  return known.find((each) => each === typed) ?? known.find((each) => each.startsWith(typed)) ??
    (typed.length < MOST_LETTERS
      ? known.find((each) => levenshteinDistance(each, typed) <= MISSPELT_LETTERS)
      : undefined);
}
