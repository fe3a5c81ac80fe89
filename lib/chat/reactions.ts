/** The marks that a user can put to a message. */
export const REACTIONS: readonly string[] = ["👍", "❤️", "😄", "🎉", "👀", "✅"];

/** Before a mark: the user takes it back. */
const BACK = "-";

/** A mark, and the users who have put it to a message, in that order. */
export interface Reaction {
  readonly mark: string;
  readonly by: readonly string[];
}

/** A reaction as it is written: the mark, or that it is taken back. */
export function reactionText(mark: string, isTakenBack: boolean): string {
  return isTakenBack ? BACK + mark : mark;
}

/** Reads what `reactionText` has written; undefined for what is no reaction. */
export function readReaction(text: string): { readonly mark: string; readonly isTakenBack: boolean } | undefined {
  const isTakenBack = text.startsWith(BACK);
  const mark = isTakenBack ? text.slice(BACK.length) : text;
  return REACTIONS.includes(mark) ? { mark, isTakenBack } : undefined;
}

/** The reactions to a message after one more: each user counts once a mark, and marks are in the order of the set. */
export function withReaction(reactions: readonly Reaction[], from: string, text: string): readonly Reaction[] {
  const read = readReaction(text);
  if (!read) return reactions;
  const { mark, isTakenBack } = read;
  const others = (reactions.find((each) => each.mark === mark)?.by ?? []).filter((name) => name !== from);
  const by = isTakenBack ? others : [...others, from];
  const rest = reactions.filter((each) => each.mark !== mark);
  const all = by.length === 0 ? rest : [...rest, { mark, by }];
  return all.sort((one, other) => REACTIONS.indexOf(one.mark) - REACTIONS.indexOf(other.mark));
}
