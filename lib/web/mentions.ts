import type { State } from "./state.ts";

/** Names that are offered at once. */
const MAX_OFFERED = 6;

/** The word behind an `@` before the cursor: where the `@` stands, and what is typed of the name. */
export function mentionBefore(
  text: string,
  cursor: number,
): { readonly at: number; readonly begun: string } | undefined {
  const begun = /(?:^|[\s([{"'])@([^\s@]{0,40})$/u.exec(text.slice(Math.max(0, cursor - 42), cursor))?.[1];
  return begun === undefined ? undefined : { at: cursor - begun.length - 1, begun };
}

/** The users whose names begin so, whatever the case: those online first. */
export function candidates(begun: string, { people, user }: Pick<State, "people" | "user">): string[] {
  const start = begun.toLowerCase();
  return [...people].filter(([name]) => name !== user && name.toLowerCase().startsWith(start))
    .sort(([one, isOn], [other, isOtherOn]) => Number(isOtherOn) - Number(isOn) || one.localeCompare(other))
    .slice(0, MAX_OFFERED).map(([name]) => name);
}
