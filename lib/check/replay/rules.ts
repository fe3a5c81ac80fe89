import { IM_CLIENT } from "../rules/im_client/suite.ts";
import { IM_SERVER } from "../rules/im_server/suite.ts";
import type { Judged } from "./judge.ts";

/** The rules that what went over the wire can show to be broken; the others need a program that is made to do something. */
export const JUDGEABLE: readonly string[] = [
  ...of("im/1", 2, 6),
  ...of("im/2", 1, 6, 10, 11),
  ...of("im/3", 1, 3, 4, 5, 6, 7),
  ...of("im/4", 1, 2, 3, 7, 14),
  ...of("im/5", 1, 3, 4, 5, 8, 9),
  ...of("im/6", 1, 2, 3, 6),
  ...of("im/7", 1, 7),
  ...of("im/8", 1, 2),
  ...of("im/9", 2),
  ...of("im/13", 1, 6, 8, 11),
  ...of("im/14", 1, 2, 3, 9, 11),
  ...of("im/15", 2, 10),
  ...of("im/16", 1, 3, 5, 6, 7),
  ...of("im/17", 5),
];

function of(section: string, ...numbers: readonly number[]): string[] {
  return numbers.map((number) => `${section}/${number}`);
}

/** What a trace says about the rules, by their ids. */
export interface Coverage {
  readonly kept: readonly string[];
  readonly broken: readonly string[];
  /** A trace could show it, and this one has no occasion. */
  readonly unseen: readonly string[];
  /** No trace shows it. */
  readonly beyond: readonly string[];
}

export function coverageOf(judged: ReadonlyMap<string, Judged>): Coverage {
  const all = [...IM_SERVER.rules, ...IM_CLIENT.rules].map(({ id }) => id);
  const judgeable = all.filter((id) => JUDGEABLE.includes(id));
  return {
    kept: judgeable.filter((id) => judged.get(id)?.broken === 0),
    broken: judgeable.filter((id) => (judged.get(id)?.broken ?? 0) > 0),
    unseen: judgeable.filter((id) => !judged.has(id)),
    beyond: all.filter((id) => !JUDGEABLE.includes(id)),
  };
}
