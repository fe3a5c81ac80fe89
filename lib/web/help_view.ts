import { make } from "./dom.ts";
import { formatClock } from "./format.ts";
import { serverTexts } from "./texts.ts";
import type { BrokenRule, UserRow } from "../chat/server_snapshot.ts";

/** What needs help: the broken rules, and the troubles of users of whom no rule is known. */
export function helpItems(
  help: readonly BrokenRule[],
  users: readonly UserRow[],
  show: (name: string) => void,
): HTMLElement[] {
  const known = new Set(help.map(({ name }) => name));
  const troubles = users.filter(({ name, trouble }) => trouble !== undefined && !known.has(name));
  return [
    ...help.map((broken) => ruleItem(broken, show)),
    ...troubles.map(({ name, trouble }) =>
      make("li", {}, whoButton(name, show), " ", english(trouble!.text), " ", when(trouble!.time))
    ),
  ];
}

function ruleItem(
  { name, rule, title, cause, link, expected, got, time, count, isWeak }: BrokenRule,
  show: (name: string) => void,
) {
  const often = count === 1 ? "" : serverTexts.times(count);
  return make(
    "li",
    { class: isWeak ? "is-weak" : "" },
    make(
      "p",
      {},
      whoButton(name, show),
      " ",
      make("code", {}, rule),
      " ",
      english(title),
      isWeak ? serverTexts.weak : "",
      " ",
      when(time, often),
    ),
    make(
      "p",
      { class: "wire" },
      serverTexts.expected(link),
      make("code", {}, expected),
      serverTexts.found,
      make("code", {}, got),
    ),
    make("p", { class: "cause" }, serverTexts.cause(cause)),
  );
}

/** The words of `client check` and of the server's log, which are English everywhere. */
function english(text: string): HTMLElement {
  return make("span", { lang: "en" }, text);
}

function whoButton(name: string, show: (name: string) => void): HTMLElement {
  return make("button", { type: "button", class: "link", onclick: () => show(name) }, name);
}

function when(time: number, more = ""): HTMLElement {
  return make("small", {}, `${formatClock(time)}${more}`);
}
