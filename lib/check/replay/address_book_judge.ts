import { visibleEnds } from "../../core/wire_text.ts";
import { ADDRESS_BOOK_CLIENT } from "../rules/address_book_client/suite.ts";
import { ADDRESS_BOOK_SERVER } from "../rules/address_book_server/suite.ts";
import type { Traced } from "./record.ts";
import { type JudgedSession, SessionJudge } from "./session_judge.ts";

/** One visit: what was asked and answered so far. */
interface Visit extends JudgedSession {
  readonly time: number;
  asked: string;
  answer: string;
}

/** What the table should have of a client. */
interface Entry {
  readonly name: string;
  /** When it was said last that it is there. */
  readonly time: number;
  readonly isGone: boolean;
}

const REQUEST = /^([RK]):([^:]*):(\d{1,5}):([^\n]+)(\r?\n)?$/;
/** The handout's time; a server may look at its table now and then. */
const KEPT_MS = 90_000;
const DROPPED_MS = 105_000;
/** Two requests of a client that follow closer than this have no pause between them. */
const PAUSE_MS = 500;
const MAX_ENTRIES = 2000;

/** Judges a trace of the address book's table server and its clients, by the rules of both suites. Pure. */
export class AddressBookTraceJudge extends SessionJudge<Visit> {
  readonly #table = new Map<string, Entry>();

  constructor() {
    super("address-book", ["tcp", "table"], [ADDRESS_BOOK_SERVER, ADDRESS_BOOK_CLIENT]);
  }

  protected begin(session: number): Visit {
    return { session, name: "", time: this.now, asked: "", answer: "" };
  }

  protected heard(visit: Visit, text: string, { direction }: Traced): void {
    if (direction === "up") visit.asked += text;
    else visit.answer += text;
  }

  protected over(visit: Visit): void {
    const { asked, answer, name } = visit;
    if (asked === "") return;
    const [, type = "R", claimed = "", port = "", user = "", end = ""] = REQUEST.exec(asked) ?? [];
    const isRequest = port !== "" && Number(port) >= 1 && Number(port) <= 65_535;
    const rule = asked.startsWith("K") ? "address-book/14/2" : "address-book/11/3";
    this.judge(visit, rule, isRequest && end === "", `${type}:IP:UDPPORT:USERID`, visibleEnds(asked));
    // The trace of a client has no address of its own.
    const host = /^(.*):\d+$/.exec(name)?.[1] ?? claimed;
    const key = `${host}:${port}`;
    if (!isRequest) {
      const isShort = /^[RK](:[^:]*){0,2}$/.test(asked);
      if (isShort) this.judge(visit, "address-book/4/1", answer === "", "the close, without an answer", answer);
    } else if (type === "K") this.#leaves(visit, key, user);
    else this.#comes(visit, key, user);
  }

  #comes(visit: Visit, key: string, name: string): void {
    const { time, answer } = visit;
    const earlier = this.#table.get(key);
    if (earlier && !earlier.isGone) {
      const pause = time - earlier.time;
      this.judge(visit, "address-book/13/4", pause >= PAUSE_MS, "a pause between two requests", `${pause} ms`);
    }
    const listed = Array.from(answer.matchAll(/R:([^:-]+):(\d+)/g), ([, host, port]) => `${host}:${port}`);
    const got = answer === "" ? "an empty answer" : visibleEnds(answer);
    this.judge(visit, "address-book/2/6", !listed.includes(key), `an answer without ${key}`, got);
    this.judge(visit, "address-book/2/8", new Set(listed).size === listed.length, "each entry once", got);
    for (const [other, { time: since, isGone }] of this.#table) {
      if (other === key) continue;
      const age = time - since;
      if (isGone) this.judge(visit, "address-book/3/1", !listed.includes(other), `an answer without ${other}`, got);
      else if (age < KEPT_MS) this.judge(visit, "address-book/2/7", listed.includes(other), `R:${other} in it`, got);
      else if (age > DROPPED_MS) {
        this.judge(visit, "address-book/6/1", !listed.includes(other), `an answer without ${other}`, got);
      }
    }
    this.#enter(key, { name, time, isGone: false });
  }

  #leaves(visit: Visit, key: string, name: string): void {
    const { answer, time } = visit;
    const expected = "the close, without an answer";
    this.judge(visit, "address-book/3/2", answer === "", expected, visibleEnds(answer));
    const entry = this.#table.get(key);
    // A client that was there before the trace began is not in it.
    if (entry) {
      this.judge(visit, "address-book/14/7", !entry.isGone, "one K", "a second one");
      const got = visibleEnds(visit.asked);
      this.judge(visit, "address-book/14/3", entry.name === name, `the name of R, ${visibleEnds(entry.name)}`, got);
    }
    this.#enter(key, { name, time, isGone: true });
  }

  #enter(key: string, entry: Entry): void {
    this.#table.delete(key);
    this.#table.set(key, entry);
    for (const oldest of this.#table.keys()) {
      if (this.#table.size <= MAX_ENTRIES) break;
      this.#table.delete(oldest);
    }
  }
}
