import { sanitized } from "../core/text.ts";
import type { KnownNames, Topic } from "./commands.ts";

/** The tables that help and completion read: the commands of a mode, and a handout's words that need no slash. */
export interface HelpTables {
  readonly commands: Readonly<Record<string, Topic>>;
  readonly words?: Readonly<Record<string, Topic>>;
  /** Commands of other modes, and the reason why this mode has none. */
  readonly absent?: Readonly<Record<string, string>>;
  /** The last line of the overview. */
  readonly footer?: string;
}

/** The answer to `/help` or `/help COMMAND`. */
export function helpText(topic: string | undefined, tables: HelpTables): string[] {
  if (topic === undefined) return overview(tables);
  const bare = topic.replace(/^\//, "");
  // "JOIN" is the handout's word, "join" the command.
  const found = lookUp(tables.words, topic) ?? lookUp(tables.commands, bare);
  if (found) {
    const { usage, short, long = [short], example } = found;
    return [usage, ...long.map((text) => `  ${text}`), ...(example === undefined ? [] : [`  Example: ${example}`])];
  }
  const absent = lookUp(tables.absent, bare);
  return absent === undefined
    ? [`there is no command ${sanitized(topic)}; the commands are:`, ...overview(tables)]
    : [absent];
}

/** The words that fit at the cursor: commands at the beginning of the line, then what the command names. */
export function completions(before: string, known: KnownNames, tables: HelpTables): string[] {
  const [verb = "", ...behind] = before.split(" ");
  const { commands, words = {} } = tables;
  const at = behind.length;
  const begun = behind.at(-1);
  if (begun === undefined) {
    return beginning(verb, [...Object.keys(commands).map((name) => `/${name}`), ...Object.keys(words)]);
  }
  if (verb === "/help" && at === 1) return beginning(begun, [...Object.keys(commands), ...Object.keys(words)]);
  const topic = verb.startsWith("/") ? lookUp(commands, verb.slice(1)) : lookUp(words, verb);
  return beginning(begun, topic?.names?.(known, at) ?? []);
}

function lookUp<T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}

// A name that could steer the terminal is never put into the line being typed.
function beginning(begun: string, words: Iterable<string>): string[] {
  return [...words].filter((word) => word.startsWith(begun) && sanitized(word) === word && !/\s/.test(word)).sort();
}

function overview({ words = {}, commands, footer }: HelpTables): string[] {
  const topics = [...Object.values(words), ...Object.values(commands)];
  const width = Math.max(...topics.map(({ usage }) => usage.length)) + 2;
  return [
    ...topics.map(({ usage, short }) => `  ${usage.padEnd(width)}${short}`),
    ...(footer === undefined ? [] : [footer]),
  ];
}
