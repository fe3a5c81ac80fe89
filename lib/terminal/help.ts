import { sanitized } from "../core/text.ts";
import { type ChatMode, commandOf, type Known } from "./chat_style.ts";

/** The answer to `/help` or `/help COMMAND`. */
export function helpText<Q>(topic: string | undefined, style: ChatMode<Q>): string[] {
  if (topic === undefined) return overview(style);
  // "join" in small letters is the command.
  const word = Object.hasOwn(style.words, topic) ? style.words[topic] : undefined;
  if (word) return [word.usage, `  ${word.short}`];
  const command = commandOf(style, topic);
  if (command) return [command.usage, ...command.long.map((text) => `  ${text}`), `  Example: ${command.example}`];
  const bare = topic.replace(/^\//, "");
  if (Object.hasOwn(style.absent, bare)) return [style.absent[bare]!];
  return [`there is no command ${sanitized(topic)}; these there are:`, ...overview(style)];
}

/** What could stand where the cursor is: commands and words at the beginning of the line, then names. */
export function completions<Q>(before: string, known: Known, style: ChatMode<Q>): string[] {
  const [verb = "", ...behind] = before.split(" ");
  const at = behind.length;
  const begun = behind.at(-1);
  if (begun === undefined) {
    const verbs = Object.keys(style.commands).map((name) => `/${name}`);
    return beginning(verb, [...verbs, ...Object.keys(style.words)]);
  }
  if (verb === "/help" && at === 1) {
    return beginning(begun, [...Object.keys(style.commands), ...Object.keys(style.words)]);
  }
  const word = Object.hasOwn(style.words, verb) ? style.words[verb] : undefined;
  const topic = verb.startsWith("/") ? commandOf(style, verb) : word;
  return beginning(begun, topic?.names?.(known, at) ?? []);
}

// A name that would steer the terminal is not put into the line being typed.
function beginning(begun: string, words: Iterable<string>): string[] {
  return [...words].filter((word) => word.startsWith(begun) && sanitized(word) === word && !/\s/.test(word)).sort();
}

function overview<Q>(style: ChatMode<Q>): string[] {
  const topics = [...Object.values(style.words), ...Object.values(style.commands)];
  const width = Math.max(...topics.map(({ usage }) => usage.length)) + 2;
  return [
    ...topics.map(({ usage, short }) => `  ${usage.padEnd(width)}${short}`),
    'Other lines are said where you are; //text says "/text".',
  ];
}
