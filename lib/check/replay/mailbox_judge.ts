import { visibleEnds } from "../../core/wire_text.ts";
import { MAILBOX_CLIENT } from "../rules/mailbox_client/suite.ts";
import { MAILBOX_SERVER } from "../rules/mailbox_server/suite.ts";
import type { Traced } from "./record.ts";
import { type JudgedSession, SessionJudge } from "./session_judge.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the other side has yet to say. */
interface Due {
  readonly rule: string;
  readonly expected: string;
  readonly since: number;
  /** Whether a message is what is due. */
  readonly is: (type: string, fields: Fields) => boolean;
}

interface Session extends JudgedSession {
  /** The client has said nothing yet. */
  isNew: boolean;
  /** The rule by which the name that hello has must be refused; undefined for a name that may be one. */
  refusal: string | undefined;
  /** How the name is proven. */
  how: unknown;
  isWelcome: boolean;
  client: unknown;
  /** The highest number that the client has used, and the highest that the server has answered; undefined before `begun`. */
  highest: number | undefined;
  accepted: number;
  /** What the client has said last, by its numbers. */
  readonly said: Map<number, unknown>;
  /** The entry that was told last. */
  lastSeq: number;
  due: Due[];
}

/** Entries of the log, which have numbers that grow. */
const ENTRIES: readonly string[] = ["message", "edit", "withdrawal", "reaction", "failure"];
const NUMBERED: readonly string[] = ["say", "edit", "withdraw", "react"];
/** An answer on a busy machine takes no longer. */
const ANSWER_MS = 5000;
const MOST_NAME = 32;
const MOST_NONCES = 2000;
const MOST_KEPT = 200;

/**
 * Judges a trace of the mailbox, whose records are whole messages, by the rules of both suites. Pure.
 *
 * 1. The link beneath is not in a trace: nothing is judged about its datagrams.
 * 2. An answer is missed where the session goes on for `ANSWER_MS` without it.
 */
export class MailboxTraceJudge extends SessionJudge<Session> {
  /** The nonces that were seen, by side. */
  readonly #nonces = { up: new Set<unknown>(), down: new Set<unknown>() };

  constructor() {
    super("mailbox", ["udp"], [MAILBOX_SERVER, MAILBOX_CLIENT]);
  }

  protected begin(session: number): Session {
    return {
      ...{ session, name: "", isNew: true, refusal: undefined, how: undefined, isWelcome: false, client: undefined },
      ...{ highest: undefined, accepted: 0, said: new Map(), lastSeq: -Infinity, due: [] },
    };
  }

  protected heard(session: Session, text: string, { direction }: Traced): void {
    const value = valueIn(text);
    const fields = isObject(value) ? value : undefined;
    const type = fields?.["type"];
    if (fields !== undefined && typeof type === "string") {
      if (direction === "up") this.#said(session, type, fields, text);
      else this.#told(session, type, fields, text);
    } else if (direction === "up" && session.isWelcome) {
      const rule = value === undefined ? "mailbox/4/13" : fields === undefined ? "mailbox/8/3" : "mailbox/8/2";
      this.#expect(session, rule, "error", (answer) => answer === "error");
    }
  }

  protected over(session: Session): void {
    for (const { rule, expected, since } of session.due) {
      if (this.now - since < ANSWER_MS) continue;
      this.judge(session, rule, false, expected, `nothing within ${ANSWER_MS} ms`);
    }
  }

  #said(session: Session, type: string, fields: Fields, text: string): void {
    const got = visibleEnds(text);
    if (session.isNew) {
      session.isNew = false;
      const isHello = type === "hello" && fields["version"] === 2 &&
        [fields["name"], fields["nonce"], fields["key"]].every((each) => typeof each === "string");
      this.judge(session, "mailbox/13/1", isHello, "hello with version 2, name, nonce and key", got);
    }
    this.#answers(session, type, fields);
    switch (type) {
      case "hello":
        this.#nonce(session, "mailbox/13/8", "up", fields["nonce"]);
        session.refusal = refusalOf(String(fields["name"]));
        if (session.refusal) return this.#expect(session, session.refusal, "refused", is("refused"));
        return this.#expect(session, "mailbox/3/1", "challenge", is("challenge"));
      case "resume":
        session.client = fields["client"];
        session.said.clear();
        [session.highest, session.lastSeq] = [undefined, -Infinity];
        return this.#expect(session, "mailbox/4/1", "begun", is("begun"));
      case "ping": {
        const { ref } = fields;
        const expected = `pong with ref ${ref}`;
        return this.#expect(
          session,
          "mailbox/4/8",
          expected,
          (answer, { ref: its }) => answer === "pong" && its === ref,
        );
      }
      default:
        if (NUMBERED.includes(type)) this.#numbered(session, type, fields, got);
    }
  }

  #numbered(session: Session, type: string, fields: Fields, got: string): void {
    const { number } = fields;
    if (session.highest === undefined || typeof number !== "number") return;
    const next = session.highest + 1;
    const { said } = session;
    // A number that comes again with another text is counted wrongly, and not said again.
    const isOther = said.has(number) && said.get(number) !== fields["text"];
    this.judge(session, "mailbox/14/6", number <= next && !isOther, `number ${next}`, got);
    if (isOther) return;
    const isAnswered = number <= session.accepted;
    this.judge(session, "mailbox/16/2", !isAnswered, `no number up to ${session.accepted}, which is answered`, got);
    session.highest = Math.max(session.highest, number);
    if (type !== "say" || isAnswered) return;
    said.set(number, fields["text"]);
    for (const oldest of said.keys()) if (said.size > MOST_KEPT) said.delete(oldest);
    const rule = fields["room"] === undefined ? "mailbox/6/2" : "mailbox/5/2";
    const expected = `the own entry ${number}, sent up to it, or failed`;
    this.#expect(session, rule, expected, () => number <= session.accepted);
  }

  #told(session: Session, type: string, fields: Fields, text: string): void {
    const got = visibleEnds(text);
    session.accepted = Math.max(session.accepted, acceptedBy(type, fields, session) ?? 0);
    this.#answers(session, type, fields);
    switch (type) {
      case "refused":
        // Nothing of this login is due any more.
        session.due = [];
        return;
      case "challenge":
        return this.#challenged(session, fields, got);
      case "welcome":
        return this.#welcomed(session, fields, got);
      case "begun":
        session.highest = session.accepted = numberOr(fields["accepted"], 0);
        return this.judge(session, "mailbox/3/9", session.isWelcome, "welcome before it", got);
      default:
        if (ENTRIES.includes(type)) this.#entry(session, type, fields, got);
    }
  }

  #challenged(session: Session, fields: Fields, got: string): void {
    if (session.refusal !== undefined) {
      this.judge(session, session.refusal, false, "refused", got);
      session.due = [];
    }
    session.how = fields["how"];
    this.#nonce(session, "mailbox/3/7", "down", fields["nonce"]);
    const rule = session.how === "password" ? "mailbox/13/3" : "mailbox/13/2";
    this.#expect(session, rule, "proof", (type, { proof }) => type === "proof" && typeof proof === "string");
  }

  #welcomed(session: Session, { proof }: Fields, got: string): void {
    if (session.how === undefined) {
      this.judge(session, "mailbox/3/1", false, "challenge", got);
      session.due = [];
    } else if (session.how === "password") {
      this.judge(session, "mailbox/3/15", typeof proof === "string", "welcome with the server's proof", got);
    } else this.judge(session, "mailbox/3/17", proof === undefined, "welcome without proof", got);
    session.isWelcome = true;
    this.#expect(session, "mailbox/13/5", "resume with client and answered", isResume);
  }

  #entry(session: Session, type: string, fields: Fields, got: string): void {
    const { seq, from, to, room, number } = fields;
    if (typeof seq !== "number") return;
    this.judge(session, "mailbox/7/2", seq !== session.lastSeq, `no second entry ${seq}`, got);
    this.judge(session, "mailbox/5/3", seq >= session.lastSeq, `an entry after ${session.lastSeq}`, got);
    session.lastSeq = Math.max(session.lastSeq, seq);
    if (type !== "message") return;
    const isWhole = typeof from === "string" && typeof fields["time"] === "number";
    const rule = room === undefined ? "mailbox/6/1" : "mailbox/5/1";
    this.judge(session, rule, isWhole, "a message with from and time", got);
    const { name, said } = session;
    if (room === undefined) {
      this.judge(session, "mailbox/6/3", from === name || to === name, `nothing that is not said to ${name}`, got);
    }
    if (from !== name) {
      return this.#expect(
        session,
        "mailbox/15/3",
        `ack with seq ${seq}`,
        (type, { seq: its }) => type === "ack" && numberOr(its, -1) >= seq,
      );
    }
    if (!isSaidBy(session, fields) || typeof number !== "number") return;
    const text = said.get(number);
    if (text !== undefined) {
      this.judge(session, "mailbox/6/11", text === fields["text"], `the text ${JSON.stringify(text)}`, got);
    }
  }

  /** Each challenge and each hello has a nonce of its own. */
  #nonce(session: Session, rule: string, side: "up" | "down", nonce: unknown): void {
    const seen = this.#nonces[side];
    this.judge(session, rule, !seen.has(nonce), "another nonce than before", String(nonce));
    seen.add(nonce);
    if (seen.size > MOST_NONCES) seen.delete(seen.values().next().value);
  }

  #expect(session: Session, rule: string, expected: string, is: Due["is"]): void {
    session.due.push({ rule, expected, is, since: this.now });
    if (session.due.length > MOST_KEPT) session.due.shift();
  }

  /** What a message is the answer to. */
  #answers(session: Session, type: string, fields: Fields): void {
    session.due = session.due.filter(({ rule, expected, is }) => {
      const isMet = is(type, fields);
      if (isMet) this.judge(session, rule, true, expected, "");
      return !isMet;
    });
  }
}

/** The rule that a name breaks which no user may have. */
function refusalOf(name: string): string | undefined {
  if (/\s/.test(name)) return "mailbox/3/10";
  if ([...name].length > MOST_NAME) return "mailbox/3/11";
  return name.startsWith("/") ? "mailbox/3/12" : undefined;
}

/** Up to which number a message says that the server has answered. */
function acceptedBy(type: string, fields: Fields, session: Session): number | undefined {
  if (type === "sent") return numberOr(fields["upTo"], 0);
  const isOwn = ENTRIES.includes(type) && isSaidBy(session, fields);
  return type === "failed" || isOwn ? numberOr(fields["number"], 0) : undefined;
}

/** Whether an entry is what the client of a session has said itself; two users may have named their clients alike. */
function isSaidBy({ name, client }: Session, fields: Fields): boolean {
  return fields["from"] === name && fields["client"] !== undefined && fields["client"] === client;
}

function is(expected: string): Due["is"] {
  return (type) => type === expected;
}

function isResume(type: string, { client, answered }: Fields): boolean {
  return type === "resume" && typeof client === "string" && /^.{1,64}$/u.test(client) && typeof answered === "number";
}

function numberOr(value: unknown, other: number): number {
  return typeof value === "number" ? value : other;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
