import { visible } from "../core/wire_text.ts";
import { listenerLabel, translated } from "./addresses.ts";
import { make, setText } from "./dom.ts";
import { durationText, formatClock, formatNumber } from "./format.ts";
import { serverTexts, sharedTexts } from "./texts.ts";
import type { UserRow } from "../chat/server_snapshot.ts";

/** What a click in the table does. */
export interface UserActions {
  /** Shows the wire of a user. */
  readonly show: (name: string) => void;
  /** Ends all sessions of a user. */
  readonly end: (name: string) => void;
}

const COLUMNS = ["since", "sent", "confirmed", "missed", "refused", "line", "idle"] as const;
/** The head of a column, which stands at each value where the window is narrow. */
const headOf = (column: typeof COLUMNS[number]): string => ({
  ...{ since: sharedTexts.since, sent: serverTexts.sent, confirmed: serverTexts.confirmed, missed: serverTexts.missed },
  ...{ refused: "401", line: serverTexts.lastLine, idle: serverTexts.idle },
}[column]);
/** After this time without a byte, the idle time is shown. */
const IDLE_MS = 10_000;

interface Row {
  readonly element: HTMLElement;
  readonly who: HTMLElement;
  readonly program: HTMLElement;
  readonly cells: Readonly<Record<typeof COLUMNS[number], HTMLElement>>;
  readonly end: HTMLElement;
}

/** The rows of the users: an element for each stays, so that a click and the focus do. */
export class UserTable {
  readonly #body: HTMLElement;
  readonly #actions: UserActions;
  #rows = new Map<string, Row>();

  constructor(body: HTMLElement, actions: UserActions) {
    this.#body = body;
    this.#actions = actions;
  }

  /** `broken` has the number of broken rules of each user; `chosen` is the one whose wire is shown. */
  draw(users: readonly UserRow[], broken: ReadonlyMap<string, number>, now: number, chosen: string | undefined): void {
    const before = [...this.#rows.keys()].join(" ");
    this.#rows = new Map(users.map((user) => [user.name, this.#rows.get(user.name) ?? this.#rowFor(user.name)]));
    for (const user of users) drawRow(this.#rows.get(user.name)!, user, broken.get(user.name) ?? 0, now, chosen);
    if ([...this.#rows.keys()].join(" ") === before) return;
    const focused = document.activeElement;
    this.#body.replaceChildren(...[...this.#rows.values()].map(({ element }) => element));
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
  }

  #rowFor(name: string): Row {
    const cell = (column: typeof COLUMNS[number]) => make("td", { class: column, "data-head": headOf(column) });
    const cells = {
      ...{ since: cell("since"), sent: cell("sent"), confirmed: cell("confirmed"), missed: cell("missed") },
      ...{ refused: cell("refused"), line: cell("line"), idle: cell("idle") },
    };
    const who = make("button", { type: "button", class: "link", onclick: () => this.#actions.show(name) }, name);
    const program = make("td", { class: "program" });
    const onclick = () => this.#actions.end(name);
    const end = make(
      "button",
      { type: "button", class: "quiet", "aria-label": serverTexts.endOf(name), onclick },
      serverTexts.end,
    );
    const element = make(
      "tr",
      {},
      make("th", { scope: "row" }, who),
      program,
      ...COLUMNS.map((column) => cells[column]),
      make("td", { class: "act" }, end),
    );
    return { element, who, program, cells, end };
  }
}

function drawRow(row: Row, user: UserRow, broken: number, now: number, chosen: string | undefined): void {
  const { isLoggedIn, isGuest, listeners, programs, confirms, hasDeadline, line, trouble } = user;
  const where = `${listeners.map(listenerLabel).join(", ")}, ${programs.map(translated).join(", ")}`;
  setText(row.program, isLoggedIn ? where : `${where}, ${isGuest ? serverTexts.guest : serverTexts.noLogin}`);
  setText(row.cells.since, formatClock(user.since));
  setText(row.cells.sent, formatNumber(user.sent));
  setText(row.cells.confirmed, confirms ? formatNumber(user.confirmed) : "–");
  setText(row.cells.missed, hasDeadline ? formatNumber(user.missed) : "–");
  setText(row.cells.refused, formatNumber(user.refused));
  setText(row.cells.line, line === undefined ? "–" : visible(line));
  row.cells.line.title = line === undefined ? "" : visible(line);
  const idle = Math.max(0, now - user.heardAt);
  setText(row.cells.idle, idle < IDLE_MS ? "–" : durationText(Math.floor(idle / 1000) * 1000));
  row.cells.missed.classList.toggle("is-bad", hasDeadline && user.missed > 0);
  row.cells.refused.classList.toggle("is-bad", user.refused > 0);
  row.element.classList.toggle("needs-help", broken > 0 || trouble !== undefined);
  row.who.setAttribute("aria-pressed", String(user.name === chosen));
  row.end.hidden = !isLoggedIn && !isGuest;
}
