// `unicodeWidth` of @std/cli is not used: in deno-std 1.4.0 it imports a data file that the package lacks, and it adds up code
// points, where a terminal draws a joined emoji or a flag as one picture of two columns.

let segmenter: Intl.Segmenter | undefined;
/** Made when it is first asked for: it takes 20 ms, and most programs never ask. */
const clusters = () => segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });

// East Asian Wide and Fullwidth (UAX 11); emoji are covered by their own property.
const wide = new RegExp(
  "^[\\p{Emoji_Presentation}\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3" +
    "\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6" +
    "\\u{16fe0}-\\u{18dff}\\u{1aff0}-\\u{1b2ff}\\u{1f200}-\\u{1f265}\\u{20000}-\\u{3fffd}]",
  "u",
);
const without = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u1160-\u11ff]/u;
// One picture on modern terminals: joined emoji, skin tones, emoji presentation, flags.
const joined = /\ufe0f|\u200d\p{Extended_Pictographic}|\p{Emoji_Modifier}|^\p{Regional_Indicator}/u;

/** The grapheme clusters of a text: the characters as people count them. */
export function graphemes(text: string): string[] {
  const found: string[] = [];
  for (const { segment } of clusters().segment(text)) found.push(segment);
  return found;
}

/** Begin and end of the cluster around `index`; both are the text's length after the last cluster. */
export function graphemeAt(text: string, index: number): { begin: number; end: number } {
  const found = clusters().segment(text).containing(index);
  if (found === undefined) return { begin: text.length, end: text.length };
  return { begin: found.index, end: found.index + found.segment.length };
}

/** The terminal columns of one grapheme cluster: 0, 1, 2, or more for clusters of several letters. */
export function columnsOf(cluster: string): number {
  if (cluster.length === 1 && cluster >= " " && cluster < "\x7f") return 1;
  if (joined.test(cluster)) return 2;
  let columns = 0;
  for (const point of cluster) columns += without.test(point) ? 0 : wide.test(point) ? 2 : 1;
  return columns;
}
