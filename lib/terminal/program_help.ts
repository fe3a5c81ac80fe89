import { UserError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { helpColumns, type Option, optionHelp } from "./flags.ts";

/** One command of a program; the help, the completions and the manual page are made from it. */
export interface Command {
  readonly name: string;
  /** The forms of the command line, without the name of the program; the first, without options, is that of the overview. */
  readonly synopsis: readonly string[];
  /** Half a line. */
  readonly summary: string;
  /** Paragraphs, and lists of what can be typed. */
  readonly text: string;
  /** The names of its options. */
  readonly options: readonly string[];
  readonly examples: readonly string[];
}

/** A further page of help, such as the list of all limits. */
export interface Topic {
  readonly name: string;
  /** Made when it is asked for: a list of all options takes as long as all else before a server listens. */
  readonly text: () => string;
}

/** One of the two programs. */
export interface Program {
  readonly name: "server" | "client";
  readonly summary: string;
  /** The text below the list of commands on the first page, which has at most 24 lines in all. */
  readonly more: string;
  readonly commands: readonly Command[];
  readonly topics: readonly Topic[];
  readonly options: readonly Option[];
}

/** The options that every command has. */
export const COMMON_OPTIONS: readonly Option[] = [
  { name: "help", help: "show the help of the command" },
  { name: "version", help: "show the version" },
];

/** The command that writes completions and the manual page of a program. */
export function completionsCommand(program: Program["name"]): Command {
  return {
    name: "completions",
    synopsis: ["completions bash|zsh|fish"],
    summary: "completions for a shell",
    text: `Writes a script that completes the command line of partyline-${program}; its first
line says where it belongs. The manual page is written by \`${program} man\`.`,
    options: [],
    examples: [`${program} completions bash >partyline-${program}`],
  };
}

/** The first page of help: the commands, and where to read on. */
export function overview({ name, summary, commands, more }: Program): string {
  const rows = commands.map(({ synopsis, summary }) => [`${name} ${synopsis[0]!}`.trim(), summary] as const);
  return `${summary}\n\n${helpColumns(rows)}\n\n${more}\n`;
}

/** The help of one command. */
export function commandHelp(program: Program, command: Command): string {
  const lines = command.synopsis.map((form) => `  ${program.name} ${form}`.trimEnd()).join("\n");
  const options = optionsOf(program, command);
  const examples = command.examples.map((example) => `  ${example}`).join("\n");
  return [
    lines,
    command.text,
    ...options.length > 0 ? [`Options\n${optionHelp(options)}`] : [],
    ...examples === "" ? [] : [`Examples\n${examples}`],
  ].join("\n\n") + "\n";
}

/** The options of a command, in the order of the program's. */
export function optionsOf({ options }: Program, command: Command): Option[] {
  return options.filter(({ name }) => command.options.includes(name));
}

/** The text of `help WORD…`; without a word, the overview. Throws a `UserError` for an unknown word. */
export function helpOn(program: Program, words: readonly string[]): string {
  const [word, ...more] = words;
  if (word === undefined) return overview(program);
  if (more.length > 0) throw new UserError(`help takes one command, found "${more[0]}" after ${word}`);
  const command = program.commands.find(({ name }) => name === word);
  if (command) return commandHelp(program, command);
  const topic = program.topics.find(({ name }) => name === word);
  if (topic) return topic.text();
  const known = [...program.commands, ...program.topics].map(({ name }) => name);
  const meant = suggestion(word, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${program.name} help ${meant}"?`;
  throw new UserError(`there is no help for "${word}"; ${hint}`);
}

/** Refuses an option that the command does not have; throws a `UserError` that names a command that has it. */
export function refuseForeignOptions(program: Program, command: Command, given: readonly string[]): void {
  const common = COMMON_OPTIONS.map(({ name }) => name);
  const foreign = given.find((name) => !command.options.includes(name) && !common.includes(name));
  if (foreign === undefined) return;
  const owners = program.commands.filter(({ options }) => options.includes(foreign)).map(({ name }) => name);
  const whose = owners.length === 0 ? "" : `; ${owners.join(", ")} ${owners.length === 1 ? "has" : "have"} it`;
  throw new UserError(
    `${command.name} has no option --${foreign}${whose}: "${program.name} help ${
      owners[0] ?? command.name
    }" shows more`,
  );
}
