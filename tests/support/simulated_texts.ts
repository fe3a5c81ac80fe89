// The texts of a simulation: `ann.5` is the fifth that ann says, `ann.5e9` one of its edits. What is done to a message without a
// text has one all the same, by which it is known: `ann.5w` withdraws it, `ann.5r` is a reaction to it.

/** What is shown of a withdrawn message. */
export const WITHDRAWN = "withdrawn";

export function withdrawalOf(text: string): string {
  return `${originalOf(text)}w`;
}

export function isWithdrawal(text: string): boolean {
  return text.endsWith("w");
}

export function reactionTo(text: string): string {
  return `${originalOf(text)}r`;
}

/** The message that a text is about. */
export function originalOf(text: string): string {
  return text.replace(/(e\d+|w|r)$/, "");
}

/** The number of an edit, which grows; 0 of what is not edited. */
export function editOf(text: string): number {
  return Number(/e(\d+)$/.exec(text)?.[1] ?? 0);
}

/** The number of a text: each sender counts what it says. */
export function numberOf(text: string): number {
  return Number(originalOf(text).slice(text.indexOf(".") + 1));
}

export function senderOf(text: string): string {
  return text.slice(0, text.indexOf("."));
}
