import { VERSION } from "../core/version.ts";
import { executable } from "./completions.ts";
import type { Option } from "./flags.ts";
import { type Command, optionsOf, type Program } from "./program_help.ts";

/** The manual page of a program, as `man` reads it. */
export function manualPage(program: Program): string {
  const name = executable(program);
  return [
    `.TH ${name.toUpperCase()} 1 "" "Partyline ${VERSION}"`,
    ".SH NAME",
    `${name} \\- ${escaped(program.summary.replace(/^[^:]*: /, "").replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ...program.commands.flatMap(({ synopsis }) => synopsis).flatMap((form) => [".br", `.B ${name}`, escaped(form)]),
    ".SH COMMANDS",
    ...program.commands.flatMap((command) => section(program, command, name)),
    ".SH OPTIONS",
    ...program.options.flatMap(entry),
    "",
  ].join("\n");
}

function section(program: Program, command: Command, name: string): string[] {
  return [
    ...command.synopsis.map((form) => `.SS "${escaped(`${name} ${form}`).replaceAll('"', "''")}"`),
    ...paragraphs(command.text),
    ...options(optionsOf(program, command)),
    ...command.examples.length === 0 ? [] : [".PP", "Examples:", ".nf", ...command.examples.map(escaped), ".fi"],
  ];
}

/** Running text, and the lists of it as they stand. */
function paragraphs(text: string): string[] {
  return text.split("\n\n").flatMap((paragraph) => {
    const lines = paragraph.split("\n").map(escaped);
    return paragraph.includes("\n  ") || paragraph.startsWith("  ")
      ? [".PP", ".nf", ...lines, ".fi"]
      : [".PP", ...lines];
  });
}

function options(of: readonly Option[]): string[] {
  if (of.length === 0) return [];
  return [".PP", `Options: ${of.map(({ name }) => `\\fB\\-\\-${escaped(name)}\\fR`).join(", ")}`];
}

function entry({ name, value, help }: Option): string[] {
  const argument = value === undefined ? "" : ` \\fI${escaped(value)}\\fR`;
  return [".TP", `\\fB\\-\\-${escaped(name)}\\fR${argument}`, escaped(help)];
}

/** A text in which no character is a request or an escape of roff. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replace(
      /[^ -~]/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
