import type { CheckListPlan } from "./command_line.ts";
import type { Rule, Suite } from "./rule.ts";

/** The rules as `--list` shows them. */
export function listRules({ suites, rules, form }: CheckListPlan): string {
  if (form === "json") {
    return JSON.stringify(rules.map(({ steps: _, ...rest }) => rest), null, 2) + "\n";
  }
  return suites.map((suite) => {
    const mine = rules.filter((rule) => suite.rules.includes(rule));
    return form === "markdown" ? markdown(suite, mine) : text(suite, mine);
  }).join("\n").replace(/\n+$/, "\n");
}

function text(suite: Suite, rules: readonly Rule[]): string {
  const lines = rules.flatMap((rule) => [
    `${rule.id.padEnd(12)} ${rule.level.padEnd(6)} ${pointsText(rule).padEnd(8)} ${rule.title}`,
    `${" ".repeat(29)}"${rule.quote}"`,
  ]);
  return [`${suite.title}: ${rules.length} ${rules.length === 1 ? "rule" : "rules"}`, ...lines, ""].join("\n");
}

function markdown(suite: Suite, rules: readonly Rule[]): string {
  const lines = [`# Rules for ${suite.title}`, ""];
  lines.push(
    `\`client check ${suite.handout} ${suite.side}\` plays these ${rules.length} rules. ` +
      "This page is made from them by `client check --list --markdown`.",
    "",
  );
  let section: string | undefined;
  for (const rule of rules) {
    const [, number = ""] = rule.id.split("/");
    if (number !== section) lines.push(`## ${number}. ${suite.sections[number] ?? ""}`, "");
    section = number;
    lines.push(
      `### \`${rule.id}\` ${prose(rule.title)}`,
      "",
      `> ${prose(rule.quote)}`,
      "",
      `- ${rule.level === "open" ? "open: noted, not judged" : `${rule.level}, ${pointsText(rule)}`}`,
      `- Why it matters: ${prose(rule.why)}`,
      `- Usual cause: ${prose(rule.cause)}`,
      ...(rule.longSeconds === undefined ? [] : [`- Played with \`--long\` alone: it waits ${rule.longSeconds} s`]),
      ...(rule.needs.length > 0 ? [`- Needs: ${rule.needs.map((id) => `\`${id}\``).join(", ")}`] : []),
      "",
    );
  }
  return lines.join("\n");
}

/** A text of Markdown without HTML: `<NAME>` stays what it is. */
function prose(text: string): string {
  return text.split("`").map((part, i) => i % 2 === 0 ? part.replaceAll("<", "\\<") : part).join("`");
}

function pointsText({ points }: Rule): string {
  return points === 1 ? "1 point" : `${points} points`;
}
