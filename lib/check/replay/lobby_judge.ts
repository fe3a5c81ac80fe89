import { visibleEnds } from "../../core/wire_text.ts";
import { LOBBY_CLIENT } from "../rules/lobby_client/suite.ts";
import { LOBBY_SERVER } from "../rules/lobby_server/suite.ts";
import { type Finding, Findings, type Judged, type TraceJudge } from "./findings.ts";
import { isOf, type Traced } from "./record.ts";

/** A text that a guest has yet to hear. */
interface Due {
  readonly from: Guest;
  readonly text: string;
  readonly since: number;
}

interface Guest {
  readonly session: number;
  name: string;
  isGreeted: boolean;
  /** What came without its line end yet. */
  half: string;
  due: Due[];
  /** What it has said and heard last. */
  readonly said: string[];
  readonly heard: string[];
}

const GREETING = "Welcome to this chatroom!";
/** A line on a busy machine takes no longer. */
const HEARD_MS = 5000;
const REMEMBERED = 50;
const MAX_GUESTS = 2000;

/**
 * Judges a trace of the lobby handout's protocol, by the rules of both suites. Pure.
 *
 * 1. A text is due at each guest who was greeted before it was said, and at no other.
 * 2. A guest who leaves is owed nothing any more.
 */
export class LobbyTraceJudge implements TraceJudge {
  readonly #findings = new Findings([LOBBY_SERVER, LOBBY_CLIENT]);
  readonly #guests = new Map<number, Guest>();
  #now = 0;

  get judged(): ReadonlyMap<string, Judged> {
    return this.#findings.judged;
  }

  feed(record: Traced): readonly Finding[] {
    const { session, link, direction, text, remark, time, name } = record;
    if (link !== "tcp" || !isOf(record, "lobby")) return [];
    this.#now = time;
    const guest = this.#guests.get(session) ?? this.#comes(session);
    guest.name = name;
    if (text === undefined) {
      if (remark?.startsWith("left: ")) this.#leaves(guest);
      return this.#findings.take();
    }
    this.#findings.show(record);
    if (direction === "up") this.#up(guest, text);
    else this.#down(guest, text);
    return this.#findings.take();
  }

  end(): readonly Finding[] {
    for (const guest of this.#guests.values()) this.#overdue(guest);
    return this.#findings.take();
  }

  #comes(session: number): Guest {
    const guest: Guest = { session, name: "", isGreeted: false, half: "", due: [], said: [], heard: [] };
    this.#guests.set(session, guest);
    for (const oldest of this.#guests.values()) {
      if (this.#guests.size <= MAX_GUESTS) break;
      this.#leaves(oldest);
    }
    return guest;
  }

  #leaves(guest: Guest): void {
    this.#overdue(guest);
    this.#guests.delete(guest.session);
    this.#findings.forget(guest.session);
  }

  #up(guest: Guest, text: string): void {
    const lines = (guest.half + text).split("\n");
    guest.half = lines.pop()!;
    for (const given of lines) {
      const line = given.replace(/\r$/, "");
      this.#judge(guest, "lobby/13/2", given === line, visibleEnds(`${line}\n`), visibleEnds(`${given}\n`));
      this.#judge(guest, "lobby/14/12", line !== "/exit", "nothing: /exit ends the client", line);
      const isEcho = line !== "" && guest.heard.includes(line);
      this.#judge(guest, "lobby/13/8", !isEcho, "nothing of what the server has said", visibleEnds(line));
      if (line === "") continue;
      remember(guest.said, line);
      for (const other of this.#guests.values()) {
        if (other !== guest && other.isGreeted) other.due.push({ from: guest, text: line, since: this.#now });
      }
    }
  }

  #down(guest: Guest, text: string): void {
    const shown = visibleEnds(text);
    if (!guest.isGreeted) {
      guest.isGreeted = true;
      const isText = /^<[^>]*> /.test(text);
      this.#judge(guest, "lobby/1/2", !isText, "a greeting", shown);
      if (isText) return this.#heard(guest, text);
      this.#judge(guest, "lobby/1/3", text.trimEnd() === GREETING, GREETING, shown);
      return this.#judge(guest, "lobby/1/4", text.endsWith("\n"), visibleEnds(`${text.trimEnd()}\n`), shown);
    }
    this.#heard(guest, text);
  }

  #heard(guest: Guest, text: string): void {
    this.#judge(guest, "lobby/2/3", text.endsWith("\n"), visibleEnds(`${text}\n`), visibleEnds(text));
    const line = text.replace(/\r?\n$/, "");
    const shown = visibleEnds(line);
    const at = guest.due.findIndex(({ text: said }) => line.endsWith(said));
    const due = guest.due[at];
    if (due !== undefined) {
      // A server that is not ours may have other names for its sessions.
      const address = due.from.name.replace(/:\d+$/, "");
      const isNamed = line === `<${address}> ${due.text}`;
      this.#judge(guest, "lobby/2/2", isNamed, `<${address}> ${visibleEnds(due.text)}`, shown);
      this.#judge(guest, "lobby/2/5", true, "", "");
      const isFirst = guest.due.findIndex(({ from }) => from === due.from) === at;
      this.#judge(guest, "lobby/2/14", isFirst, "what was said before it", shown);
      guest.due.splice(at, 1);
    } else {
      const said = line.replace(/^<[^>]*> /, "");
      const isOwn = guest.said.includes(said);
      const isAgain = guest.heard.includes(line) && this.#others(guest).some((other) => other.said.includes(said));
      this.#judge(guest, "lobby/2/4", !isOwn, "nothing: the guest has said it", shown);
      if (!isOwn) this.#judge(guest, "lobby/2/6", !isAgain, "nothing: the guest has heard it", shown);
    }
    remember(guest.heard, line);
  }

  #others(guest: Guest): Guest[] {
    return [...this.#guests.values()].filter((each) => each !== guest);
  }

  #overdue(guest: Guest): void {
    for (const { text, since, from } of guest.due) {
      if (this.#now - since < HEARD_MS) continue;
      const expected = `<${from.name.replace(/:\d+$/, "")}> ${visibleEnds(text)}`;
      this.#judge(guest, "lobby/2/5", false, expected, `nothing within ${HEARD_MS} ms`);
    }
    guest.due = [];
  }

  #judge({ session, name }: Guest, rule: string, isKept: boolean, expected: string, got: string): void {
    this.#findings.occasion({ session, time: this.#now, name }, { rule, isKept, link: "tcp", expected, got });
  }
}

function remember(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > REMEMBERED) lines.shift();
}
