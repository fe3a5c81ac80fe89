import { type Failure, NOTHING } from "./expectations.ts";
import { type Seen, seenText } from "./transcript.ts";

/** One arrow of a ladder diagram, between a person's link and the program under test. */
export interface Rung {
  readonly column: string;
  readonly way: Seen["way"];
  readonly text: string;
  readonly at: number;
  /** What was expected and did not come, or what came and should not have. */
  readonly mark: "missing" | "wrong" | undefined;
}

export interface Ladder {
  /** The links of the persons, in the order in which they appear. */
  readonly columns: readonly string[];
  readonly rungs: readonly Rung[];
}

const MAX_TEXT = 60;

/** A transcript as a ladder: one column a link, time downwards, what was missed at the end. */
export function ladderOf(transcript: readonly Seen[], failure?: Failure): Ladder {
  const columns: string[] = [];
  const columnOf = (who: string, link: string) => {
    const name = link === "" ? who : `${who} ${link}`;
    if (!columns.includes(name)) columns.push(name);
    return name;
  };
  const rungs: Rung[] = transcript.map((seen) => ({
    column: columnOf(seen.who, seen.link),
    way: seen.way,
    text: seenText(seen, MAX_TEXT),
    at: seen.at,
    mark: undefined,
  }));
  if (failure) {
    const [who = "", ...link] = failure.where.split(" ");
    const column = columnOf(who, link.join(" "));
    const wrong = rungs.findLastIndex((rung) => rung.column === column && rung.way === "in");
    if (failure.isUnexpected && wrong >= 0) rungs[wrong] = { ...rungs[wrong]!, mark: "wrong" };
    if (failure.expected !== NOTHING) {
      const at = rungs.at(-1)?.at ?? 0;
      rungs.push({ column, way: "in", text: shortened(failure.expected), at, mark: "missing" });
    }
  }
  return { columns, rungs };
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_TEXT ? text : characters.slice(0, MAX_TEXT - 1).join("") + "…";
}
