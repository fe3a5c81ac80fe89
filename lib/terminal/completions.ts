import { UserError } from "../core/errors.ts";
import type { Option } from "./flags.ts";
import { type Command, COMMON_OPTIONS, optionsOf, type Program } from "./program_help.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The script that completes the command line of a program; throws a `UserError` for an unknown shell. */
export function completions(program: Program, [shell, ...more]: readonly string[]): string {
  const known = SHELLS.find((each) => each === shell);
  if (known === undefined || more.length > 0) {
    const found = shell === undefined ? "nothing" : `"${[shell, ...more].join(" ")}"`;
    throw new UserError(`completions takes one shell (${SHELLS.join(", ")}), found ${found}`);
  }
  return { bash, zsh, fish }[known](program);
}

/** The name of the executable. */
export function executable({ name }: Program): string {
  return `partyline-${name}`;
}

/** A word of the first argument, and the options that follow it. */
interface Row {
  readonly word: string;
  readonly summary: string;
  readonly options: readonly Option[];
}

/** The commands that are a word of their own; the form without one has the options of the first command. */
function rowsOf(program: Program): { words: Row[]; bare: Row } {
  const row = (command: Command): Row => ({
    word: command.name,
    summary: command.summary,
    options: [...optionsOf(program, command), ...COMMON_OPTIONS],
  });
  const words = program.commands.filter(({ name, synopsis }) => synopsis.some((form) => isWord(form, name)));
  const help = { word: "help", summary: "explain a command", options: [] };
  return { words: [...words.map(row), help], bare: row(program.commands[0]!) };
}

function isWord(form: string, name: string): boolean {
  return form.replace(/^\[/, "").split(/[ \]]/, 1)[0] === name;
}

/** The words that `help` and `completions` take. */
function pages(program: Program): string[] {
  return [...program.commands, ...program.topics].map(({ name }) => name);
}

function bash(program: Program): string {
  const { words, bare } = rowsOf(program);
  const flags = (options: readonly Option[]) => options.map(({ name }) => `--${name}`).join(" ");
  const files = fileOptions(program).map((name) => `--${name}`).join("|");
  const cases = words.filter(({ options }) => options.length > 0)
    .map(({ word, options }) => `    ${word}) options="${flags(options)}" ;;`).join("\n");
  const fn = `_${executable(program).replaceAll("-", "_")}`;
  return `# bash: put this file into ~/.local/share/bash-completion/completions/${executable(program)}
${fn}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options
  COMPREPLY=()
  case $before in
    help) mapfile -t COMPREPLY < <(compgen -W "${pages(program).join(" ")}" -- "$word"); return ;;
    completions) mapfile -t COMPREPLY < <(compgen -W "${SHELLS.join(" ")}" -- "$word"); return ;;
    ${files}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases}
    *) options="${flags(bare.options)}" ;;
  esac
  if [[ $word == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif ((COMP_CWORD == 1)); then mapfile -t COMPREPLY < <(compgen -A hostname -W "${
    words.map(({ word }) => word).join(" ")
  }" -- "$word")
  else mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F ${fn} ${executable(program)}
`;
}

function zsh(program: Program): string {
  const { words, bare } = rowsOf(program);
  const specs = (options: readonly Option[]) =>
    options.map(({ name, value, help }) => {
      const argument = value === undefined ? "" : `:${value}:${isFile(value) ? "_files" : ""}`;
      return `'--${name}[${zshText(help)}]${zshText(argument, false)}'`;
    }).join(" ");
  const cases = words.filter(({ options }) => options.length > 0)
    .map(({ word, options }) => `      ${word}) _arguments ${specs(options)} '*:file:_files' ;;`).join("\n");
  const fn = `_${executable(program)}`;
  return `#compdef ${executable(program)}
# zsh: put this file, as ${fn}, into a folder of $fpath
${fn}() {
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    local -a commands=(${words.map(({ word, summary }) => `'${word}:${zshText(summary, false)}'`).join(" ")})
    _describe command commands
    _hosts
  elif [[ $words[2] == help ]]; then
    compadd ${pages(program).join(" ")}
  elif [[ $words[2] == completions ]]; then
    compadd ${SHELLS.join(" ")}
  else
    case $words[2] in
${cases}
      *) _arguments ${specs(bare.options)} '*:file:_files' ;;
    esac
  fi
}
${fn} "$@"
`;
}

function fish(program: Program): string {
  const { words, bare } = rowsOf(program);
  const name = executable(program);
  const taken = words.map(({ word }) => word);
  const condition = (row: Row) =>
    row === bare ? `not __fish_seen_subcommand_from ${taken.join(" ")}` : `__fish_seen_subcommand_from ${row.word}`;
  const lines = [
    ...words.map(({ word, summary }) =>
      `complete -c ${name} -n __fish_use_subcommand -f -a ${word} -d '${fishText(summary)}'`
    ),
    `complete -c ${name} -n '__fish_seen_subcommand_from help' -f -a '${pages(program).join(" ")}'`,
    `complete -c ${name} -n '__fish_seen_subcommand_from completions' -f -a '${SHELLS.join(" ")}'`,
    ...[...words, bare].flatMap((row) =>
      row.options.map(({ name: option, value, help }) => {
        const argument = value === undefined ? "" : isFile(value) ? " -r" : " -x";
        return `complete -c ${name} -n '${condition(row)}' -l ${option}${argument} -d '${fishText(help)}'`;
      })
    ),
  ];
  return `# fish: put this file into ~/.config/fish/completions/${name}.fish\n${lines.join("\n")}\n`;
}

/** Whether the value of an option is a file or a folder. */
function isFile(value: string): boolean {
  return value.startsWith("FILE") || value === "DIR";
}

function fileOptions({ options }: Program): string[] {
  return options.filter(({ value }) => value !== undefined && isFile(value)).map(({ name }) => name);
}

/** A text within an option of `_arguments`, in single quotes. */
function zshText(text: string, isHelp = true): string {
  const quoted = text.replaceAll("'", "'\\''");
  return isHelp ? quoted.replace(/[[\]:]/g, "\\$&") : quoted;
}

function fishText(text: string): string {
  return text.replace(/[\\']/g, "\\$&");
}
