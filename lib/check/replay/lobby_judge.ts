import { visibleEnds } from "../../core/wire_text.ts";
import { LOBBY_CLIENT } from "../rules/lobby_client/suite.ts";
import { LOBBY_SERVER } from "../rules/lobby_server/suite.ts";
import type { Traced } from "./record.ts";
import { type JudgedSession, SessionJudge } from "./session_judge.ts";

/** A text that a guest has yet to hear. */
interface Due {
  readonly from: Guest;
  readonly text: string;
  readonly since: number;
}

interface Guest extends JudgedSession {
  isGreeted: boolean;
  /** What came without its line end yet. */
  half: string;
  readonly due: Due[];
  /** What it has said and heard last. */
  readonly said: string[];
  readonly heard: string[];
}

const GREETING = "Welcome to this chatroom!";
/** A line on a busy machine takes no longer. */
const HEARD_MS = 5000;
const REMEMBERED = 50;

/**
 * Judges a trace of the lobby handout's protocol, by the rules of both suites. Pure.
 *
 * 1. A text is due at each guest who was greeted before it was said, and at no other.
 * 2. A guest who leaves is owed nothing any more.
 */
export class LobbyTraceJudge extends SessionJudge<Guest> {
  constructor() {
    super("lobby", ["tcp"], [LOBBY_SERVER, LOBBY_CLIENT]);
  }

  protected begin(session: number): Guest {
    return { session, name: "", isGreeted: false, half: "", due: [], said: [], heard: [] };
  }

  protected heard(guest: Guest, text: string, { direction }: Traced): void {
    if (direction === "up") this.#up(guest, text);
    else this.#down(guest, text);
  }

  protected over(guest: Guest): void {
    for (const { text, since, from } of guest.due) {
      if (this.now - since < HEARD_MS) continue;
      const expected = `<${from.name.replace(/:\d+$/, "")}> ${visibleEnds(text)}`;
      this.judge(guest, "lobby/2/5", false, expected, `nothing within ${HEARD_MS} ms`);
    }
  }

  #up(guest: Guest, text: string): void {
    const lines = (guest.half + text).split("\n");
    guest.half = lines.pop()!;
    for (const given of lines) {
      const line = given.replace(/\r$/, "");
      this.judge(guest, "lobby/13/2", given === line, visibleEnds(`${line}\n`), visibleEnds(`${given}\n`));
      this.judge(guest, "lobby/14/12", line !== "/exit", "nothing: /exit ends the client", line);
      const isEcho = line !== "" && guest.heard.includes(line);
      this.judge(guest, "lobby/13/8", !isEcho, "nothing of what the server has said", visibleEnds(line));
      if (line === "") continue;
      remember(guest.said, line);
      for (const other of this.sessions.values()) {
        if (other !== guest && other.isGreeted) other.due.push({ from: guest, text: line, since: this.now });
      }
    }
  }

  #down(guest: Guest, text: string): void {
    const shown = visibleEnds(text);
    if (!guest.isGreeted) {
      guest.isGreeted = true;
      const isText = /^<[^>]*> /.test(text);
      this.judge(guest, "lobby/1/2", !isText, "a greeting", shown);
      if (isText) return this.#text(guest, text);
      this.judge(guest, "lobby/1/3", text.trimEnd() === GREETING, GREETING, shown);
      return this.judge(guest, "lobby/1/4", text.endsWith("\n"), visibleEnds(`${text.trimEnd()}\n`), shown);
    }
    this.#text(guest, text);
  }

  #text(guest: Guest, text: string): void {
    this.judge(guest, "lobby/2/3", text.endsWith("\n"), visibleEnds(`${text}\n`), visibleEnds(text));
    const line = text.replace(/\r?\n$/, "");
    const shown = visibleEnds(line);
    const at = guest.due.findIndex(({ text: said }) => line.endsWith(said));
    const due = guest.due[at];
    if (due !== undefined) {
      // A server that is not ours may have other names for its sessions.
      const address = due.from.name.replace(/:\d+$/, "");
      const isNamed = line === `<${address}> ${due.text}`;
      this.judge(guest, "lobby/2/2", isNamed, `<${address}> ${visibleEnds(due.text)}`, shown);
      this.judge(guest, "lobby/2/5", true, "", "");
      const isFirst = guest.due.findIndex(({ from }) => from === due.from) === at;
      this.judge(guest, "lobby/2/14", isFirst, "what was said before it", shown);
      guest.due.splice(at, 1);
    } else {
      const said = line.replace(/^<[^>]*> /, "");
      const isOwn = guest.said.includes(said);
      const isAgain = guest.heard.includes(line) && this.#others(guest).some((other) => other.said.includes(said));
      this.judge(guest, "lobby/2/4", !isOwn, "nothing: the guest has said it", shown);
      if (!isOwn) this.judge(guest, "lobby/2/6", !isAgain, "nothing: the guest has heard it", shown);
    }
    remember(guest.heard, line);
  }

  #others(guest: Guest): Guest[] {
    return [...this.sessions.values()].filter((each) => each !== guest);
  }
}

function remember(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > REMEMBERED) lines.shift();
}
