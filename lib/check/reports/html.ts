import { escape } from "@std/html/entities";
import { sanitized } from "../../core/text.ts";
import { VERSION } from "../../core/version.ts";
import { type Ladder, ladderOf } from "../ladder.ts";
import { bySection, type CheckReport, countsOf, neededBesides, pointsOf, summary, VERDICTS } from "../report.ts";
import type { Verdict } from "../rule.ts";
import type { RuleResult } from "../run.ts";
import { compared, story } from "../story.ts";

const COLUMN_WIDTH = 150;
const PROGRAM_X = 50;
/** Of the font that the ladder is set in. */
const CHARACTER_WIDTH = 7.3;
const ROW_HEIGHT = 34;
const HEAD_HEIGHT = 40;
const COLUMNS = 96;

/** One page without references to anything outside: the score, the rules by section, and each failure with its ladder. */
export function htmlReport(report: CheckReport): string {
  const { suite, target, seed, results } = report;
  const { points, of } = pointsOf(results);
  const counts = countsOf(results);
  const title = `${suite.handout} ${suite.side}: ${points} of ${of} points`;
  const failed = [...results.filter(({ verdict }) => verdict === "fail"), ...neededBesides(results)];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<header>
<h1>${points} <small>of ${of} points</small></h1>
<p>${escaped(suite.title)}, tested by Partyline ${escaped(VERSION)} with seed ${seed}</p>
<p><code>${escaped(target)}</code></p>
<ul class="counts" aria-label="${escaped(summary(results))}">
${
    VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) =>
      `<li class="${verdict}">${countText(verdict, counts[verdict])}</li>`
    ).join("\n")
  }
</ul>
</header>
<main>
<h2>Rules</h2>
${bySection(report).map(([name, each]) => section(name, each)).join("\n")}
${
    failed.length === 0
      ? ""
      : `<h2 id="failures">Failures</h2>\n${failed.map((each) => failureOf(report, each)).join("\n")}`
  }
</main>
</html>
`;
}

/** The failures stand below all rules. */
function countText(verdict: Verdict, count: number): string {
  const text = `${count} ${verdict}`;
  return verdict === "fail" ? `<a href="#failures">${text}</a>` : text;
}

function section(name: string, results: readonly RuleResult[]): string {
  const rows = results.map(({ rule, verdict, points, notes: given, failure }) => {
    const unmet = verdict === "weak" && failure ? [`expected ${failure.expected}, got ${failure.got}`] : [];
    const notes = [...unmet, ...given];
    const title = verdict === "fail" ? `<a href="#${anchor(rule.id)}">${prose(rule.title)}</a>` : prose(rule.title);
    const note = notes.length === 0 ? "" : `<br><small>${escaped(notes.join("; "))}</small>`;
    const score = rule.points === 0 ? "" : `${points}/${rule.points}`;
    return `<tr><td class="${verdict}">${verdict}</td><td><code>${
      escaped(rule.id)
    }</code></td><td>${title}${note}</td><td>${score}</td></tr>`;
  });
  return `<section><h3>${escaped(name)}</h3>
<div class="wide" tabindex="0" role="region" aria-label="${escaped(name)}"><table>
<thead><tr><th scope="col">Verdict</th><th scope="col">Rule</th><th scope="col">What a right program does</th><th scope="col">Points</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div></section>`;
}

function failureOf({ again }: CheckReport, result: RuleResult): string {
  const { rule, failure, transcript } = result;
  const ladder = ladderOf(transcript, failure);
  const text = story(result, { again: again(rule), columns: COLUMNS });
  const shown = failure && compared(failure);
  const told = shown
    ? [["Expected", `${failure.where}: ${shown.expected}`], ["Got", `${failure.where}: ${shown.got}`]]
    : result.notes.map((note) => ["Weak", note]);
  return `<article id="${anchor(rule.id)}">
<h3><code>${escaped(rule.id)}</code> ${prose(rule.title)}</h3>
<blockquote>${prose(rule.quote)}</blockquote>
<dl>${told.map(([name, text]) => `<dt>${name}</dt><dd><code>${escaped(text!)}</code></dd>`).join("\n")}
<dt>Why it matters</dt><dd>${prose(rule.why)}</dd>
<dt>Usual cause</dt><dd>${prose(rule.cause)}</dd>
<dt>This rule again</dt><dd><code>${escaped(again(rule))}</code></dd></dl>
<div class="wide" tabindex="0" role="region" aria-label="Ladder diagram of ${escaped(rule.id)}">${
    svg(ladder, rule.id)
  }</div>
<details><summary>The story as text</summary><pre tabindex="0">${escaped(text)}</pre></details>
</article>`;
}

/** The ladder as a picture: the program under test is the line on the left. */
function svg({ columns, rungs }: Ladder, id: string): string {
  const longest = Math.max(12, ...rungs.map(({ text }) => text.length)) * CHARACTER_WIDTH;
  const firstX = PROGRAM_X + Math.round(longest) + 30;
  const x = (column: string) => firstX + columns.indexOf(column) * COLUMN_WIDTH;
  const width = firstX + (columns.length - 0.5) * COLUMN_WIDTH;
  const height = HEAD_HEIGHT + rungs.length * ROW_HEIGHT + 20;
  const lines = [
    `<line class="life" x1="${PROGRAM_X}" y1="${HEAD_HEIGHT}" x2="${PROGRAM_X}" y2="${height}"/>`,
    `<text class="head" x="${PROGRAM_X}" y="22" text-anchor="middle">program</text>`,
    ...columns.flatMap((column) => [
      `<line class="life" x1="${x(column)}" y1="${HEAD_HEIGHT}" x2="${x(column)}" y2="${height}"/>`,
      `<text class="head" x="${x(column)}" y="22" text-anchor="middle">${escaped(column)}</text>`,
    ]),
    ...rungs.flatMap((rung, i) => {
      const y = HEAD_HEIGHT + (i + 1) * ROW_HEIGHT;
      const at = x(rung.column);
      const text = `<text class="said${rung.mark ? ` ${rung.mark}` : ""}" x="${at - 8}" y="${
        y - 6
      }" text-anchor="end">${escaped(rung.text)}</text>`;
      if (rung.way === "event") {
        return [`<circle class="event" cx="${at}" cy="${y - 4}" r="3"/>`, text];
      }
      const [from, to] = rung.way === "out" ? [at, PROGRAM_X] : [PROGRAM_X, at];
      const head = to > from
        ? `${to - 7},${y - 4} ${to},${y} ${to - 7},${y + 4}`
        : `${to + 7},${y - 4} ${to},${y} ${to + 7},${y + 4}`;
      const kind = `arrow ${rung.mark ?? ""}`;
      return [
        `<line class="${kind}" x1="${from}" y1="${y}" x2="${to}" y2="${y}"/><polyline class="${kind}" points="${head}"/>`,
        text,
      ];
    }),
  ];
  const label = `${rungs.length} steps between the program and ${columns.join(", ")}`;
  return `<svg role="img" aria-labelledby="l-${
    anchor(id)
  }" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><title id="l-${anchor(id)}">${
    escaped(label)
  }</title>${lines.join("")}</svg>`;
}

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --text: #1c1c1e; --soft: #5b5f66; --line: #d5d8dd; --good: #1a6b3a; --bad: #b3261e; --warn: #7a5200; --note: #1f5fa8; }
@media screen and (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #ececee; --soft: #a5abb3; --line: #3a3f46; --good: #6fd08f; --bad: #ff8a80; --warn: #e5b567; --note: #8fc1ff; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; background: var(--back); color: var(--text); max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 2.2rem; margin: .5rem 0 0; } h1 small { font-size: 1.1rem; color: var(--soft); font-weight: normal; }
h2 { margin: 2rem 0 .5rem; } h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-wrap: normal; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; list-style: none; padding: 0; font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } td:nth-child(-n + 2), th:nth-child(-n + 2) { width: 6.5rem; } td code { white-space: nowrap; } th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; } td:last-child, th:last-child { text-align: right; padding-right: 0; }
small, blockquote { color: var(--soft); } blockquote { margin: .25rem 0; padding-left: .75rem; border-left: 3px solid var(--line); }
.pass { color: var(--good); } .fail { color: var(--bad); font-weight: 600; } .weak { color: var(--warn); } .info { color: var(--note); } .blocked { color: var(--soft); }
article { border-top: 1px solid var(--line); padding-top: .5rem; break-inside: avoid; } dt { color: var(--soft); font-size: .85rem; margin-top: .5rem; } dd { margin: 0; }
a { color: inherit; }
svg { font: 12px ui-monospace, monospace; max-width: none; margin-top: .75rem; } .life { stroke: var(--line); } .arrow { stroke: var(--text); fill: none; stroke-width: 1.2; }
.head { fill: var(--text); font-weight: 600; } .said { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 4px; } .event { fill: var(--soft); }
.arrow.missing { stroke: var(--bad); stroke-dasharray: 5 4; } .arrow.wrong { stroke: var(--bad); } .said.missing, .said.wrong { fill: var(--bad); }
@media screen and (max-width: 36rem) {
  table, tbody { display: block; } thead { position: absolute; clip-path: inset(50%); }
  tr { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .75rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 0; } td:nth-child(-n + 2) { width: auto; } td:nth-child(3) { order: 1; grid-column: 1 / -1; }
}
@media print { :root { color-scheme: light; } body { max-width: none; } details::details-content { display: block; content-visibility: visible; } .wide, pre { overflow: visible; } pre, code, td code { white-space: pre-wrap; overflow-wrap: anywhere; } svg { max-width: 100%; height: auto; } }
`;

function escaped(text: string): string {
  return escape(text.toWellFormed().split("\n").map(sanitized).join("\n"));
}

/** A text of a rule, in which backquotes mark what goes over the wire. */
function prose(text: string): string {
  const parts = text.split("`");
  // A backquote that is not closed is one.
  if (parts.length % 2 === 0) return escaped(text);
  return parts.map((part, i) => i % 2 === 0 ? escaped(part) : `<code>${escaped(part)}</code>`).join("");
}

function anchor(id: string): string {
  return id.replaceAll("/", "-");
}
