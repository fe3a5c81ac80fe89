import { visibleEnds } from "../../core/wire_text.ts";
import { withoutPadding } from "../../protocols/im/lines.ts";
import type { Occasion } from "./findings.ts";
import { isPort, type Reply, replyTo, type Stage, WORDS } from "./im_replies.ts";

/** A line, or what came of one. */
export interface WireLine {
  readonly text: string;
  /** `\n`, `\r\n`, or nothing where it never came. */
  readonly end: string;
  readonly time: number;
}

/** A message that the server has sent over Lb. */
export interface Message extends WireLine {
  readonly kind: string;
  readonly sender: string;
  readonly said: string;
  /** It was sent before the message before it was answered. */
  readonly overlaps: boolean;
  isAnswered: boolean;
}

/** A command and the reply to it. */
export interface Answered {
  readonly line: string;
  /** When it was sent. */
  readonly since: number;
  readonly reply: string;
}

const MESSAGE = /^(\/from|\/broadcastfrom) (\S+) (.*)$/s;
/** The handout's time for a receipt. */
const RECEIPT_MS = 5000;
/** No answer takes as long: a broadcast waits for one receipt's time, and so may the messages before it. */
export const ANSWER_MS = 20_000;
const MAX_MESSAGES = 200;

/** One session of the IM handout as the wire shows it: judges what each side says by the rules of both suites. Pure. */
export class ImSession {
  stage: Stage = "login";
  /** The name of the last login that was sent. */
  name = "";
  readonly received: Message[] = [];
  #asked: WireLine[] = [];
  #waiting: Message[] = [];
  #hasFailed = false;

  constructor(readonly say: (occasion: Occasion) => void) {}

  get isOnline(): boolean {
    return this.stage === "link" || this.stage === "chat";
  }

  /** The client has sent a line over La. */
  commanded(given: WireLine): void {
    const { end } = given;
    const text = withoutPadding(given.text);
    const endsWell = end === "\n" && text === given.text;
    const whole = visibleEnds(given.text + end);
    const ends = (rule: string) => this.#judge(rule, endsWell, "La", visibleEnds(`${text}\n`), whole);
    const waits = this.#asked.length > 0;
    const got = visibleEnds(given.text);
    if (text.startsWith("302 ")) {
      this.#judge("im/16/7", false, "La", "the receipt over Lb", got);
      return;
    }
    if (this.stage === "login") {
      const isLogin = /^\/login\b/.test(text);
      if (waits) this.#judge("im/13/8", false, "La", "nothing before the reply to /login", got);
      else if (isLogin || !this.#hasFailed) this.#judge("im/13/1", isLogin, "La", "/login NAME PASSWORD", got);
      if (this.#hasFailed) this.#judge("im/13/11", !text.startsWith("/port"), "La", "no /port after 102", got);
      if (isLogin) {
        this.name = text.split(" ").filter((word) => word !== "")[1] ?? "";
        const isExact = endsWell && !/ {2}| $/.test(text);
        this.#judge("im/13/6", isExact, "La", "/login NAME PASSWORD\\n", whole);
      }
    } else if (this.stage === "link") {
      if (waits) this.#judge("im/14/11", false, "La", "no command before 201", got);
      else {
        const isPortLine = /^\/port\b/.test(text);
        this.#judge("im/14/1", isPortLine, "La", "/port N", got);
        const isExact = endsWell && isPort(text.replace(/^\/port /, ""));
        if (isPortLine) this.#judge("im/14/3", isExact, "La", "/port N\\n", whole);
      }
    } else if (this.stage === "chat") {
      const last = this.#asked[0];
      this.#judge("im/15/10", !waits, "La", `nothing before the reply to ${visibleEnds(last?.text ?? "")}`, got);
      ends("im/15/2");
    } else if (this.stage === "refused") this.#judge("im/14/9", false, "La", "nothing after 202", got);
    else this.#judge("im/17/5", false, "La", "nothing after 310", got);
    this.#asked.push({ ...given, text });
  }

  /** The server has sent a line over La; the command that it answers. */
  replied({ text: given, end, time }: WireLine): Answered | undefined {
    const text = this.#line(given, end, "La");
    const asked = this.#asked.shift();
    const code = text.slice(0, 3);
    if (asked === undefined) {
      // A server that stops may say so.
      if (code !== "310") this.#judge("im/1/6", false, "La", "nothing: no command waits", visibleEnds(text));
    } else this.#reply(replyTo(asked.text, this.stage), asked.text, text);
    this.#advance(code);
    if (asked !== undefined && time - asked.time > ANSWER_MS) return undefined;
    return asked && { line: asked.text, since: asked.time, reply: text };
  }

  /** The server has sent a line over Lb. */
  told({ text: given, end, time }: WireLine): void {
    const text = this.#line(given, end, "Lb");
    const found = MESSAGE.exec(text);
    this.#judge("im/4/1", found !== null, "Lb", "/from SENDER TEXT, or /broadcastfrom SENDER TEXT", visibleEnds(text));
    const message = {
      text,
      end,
      time,
      kind: found?.[1] ?? "",
      sender: found?.[2] ?? "",
      said: found?.[3] ?? "",
      overlaps: this.#waiting.length > 0,
      isAnswered: false,
    };
    if (message.kind === "/broadcastfrom") {
      const isOwn = message.sender === this.name;
      this.#judge("im/5/5", !isOwn, "Lb", "no broadcast of one's own", visibleEnds(text));
    }
    this.received.push(message);
    if (this.received.length > MAX_MESSAGES) this.received.shift();
    this.#waiting.push(message);
  }

  /** The client has sent a line over Lb. */
  answered({ text, end }: WireLine): void {
    const message = this.#waiting[0];
    const isReceipt = text.startsWith("302");
    const got = visibleEnds(text + end);
    if (message === undefined) {
      return this.#judge("im/16/6", false, "Lb", "nothing: no message waits for a receipt", got);
    }
    if (!isReceipt) return this.#judge(ruleOf(message), false, "Lb", WORDS["302"]!, got);
    // Receipts that run together have no line ends.
    const count = end === "\n" ? 1 : text.split("302 ").length - 1 || 1;
    for (const each of this.#waiting.splice(0, count)) this.#receipt(each, text, end, got);
    const next = this.#waiting[0];
    if (next !== undefined && end !== "") {
      this.#judge(
        "im/9/2",
        !next.overlaps,
        "Lb",
        "the next message after the 302 for the last",
        visibleEnds(next.text),
      );
    }
  }

  /** The receipt of the message under way is not waited for any more. */
  missed(got: string): void {
    const message = this.#waiting.shift();
    if (message) this.#judge(ruleOf(message), false, "Lb", WORDS["302"]!, got);
  }

  /** The session is over, or the trace is. */
  ended(time: number, isCut: boolean): void {
    for (const message of this.#waiting) {
      if (time - message.time >= RECEIPT_MS) this.missed(`nothing within ${RECEIPT_MS} ms`);
    }
    const [asked] = this.#asked;
    const reply = asked && replyTo(asked.text, this.stage);
    // A server that the client has left owes it nothing.
    if (asked && reply && isCut && time - asked.time > ANSWER_MS) {
      this.#judge(reply.rule, false, "La", reply.codes.join(" or "), `nothing within ${ANSWER_MS} ms`);
    }
    this.#asked = [];
    this.#waiting = [];
    this.stage = "over";
  }

  #receipt(message: Message, text: string, end: string, got: string): void {
    message.isAnswered = true;
    this.#judge(ruleOf(message), true, "Lb", WORDS["302"]!, got);
    const isExact = end === "\n" && text === WORDS["302"];
    this.#judge("im/16/5", isExact, "Lb", `${WORDS["302"]}\\n`, got);
    this.#judge("im/16/6", true, "Lb", "", "");
  }

  #reply(reply: Reply | undefined, line: string, text: string): void {
    if (reply === undefined || isExtension(line, text)) return;
    const code = text.slice(0, 3);
    const words = reply.codes.map((each) => WORDS[each] ?? `${each} NAME…`).join(" or ");
    const expected = `${words}, to ${visibleEnds(line)}`;
    const isKept = reply.codes.includes(code) && !/^\d/.test(text.slice(3));
    const isWeak = isKept && WORDS[code] !== undefined && text !== WORDS[code];
    this.#judge(reply.rule, isKept && !isWeak, "La", expected, visibleEnds(text), isWeak);
    if (code === "301" && isKept) this.#list(text);
  }

  #list(text: string): void {
    const names = text.slice(3).split(" ").filter((name) => name !== "");
    const got = visibleEnds(text);
    this.#judge("im/6/1", names.includes(this.name), "La", `a list with ${this.name} in it`, got);
    this.#judge("im/6/2", new Set(names).size === names.length, "La", "each name once", got);
    if (names.includes(this.name)) {
      this.#judge("im/6/3", names[0] === this.name, "La", `${this.name} first`, got, true);
    }
  }

  #advance(code: string): void {
    if (this.stage === "login" && code === "101") this.stage = "link";
    else if (this.stage === "login" && code === "102") this.#hasFailed = true;
    else if (this.stage === "link" && code === "201") this.#linked(true, "201");
    else if (this.stage === "link" && code === "202") this.#linked(false, "202: the server could not connect");
    if (code === "310") this.stage = "over";
  }

  #linked(isKept: boolean, got: string): void {
    this.stage = isKept ? "chat" : "refused";
    this.#judge("im/14/2", isKept, "La", "a port that takes the server's connection", got);
  }

  /** A line of the server without NULs before it, which are the end of a buffer that was sent whole with the line before. */
  #line(given: string, end: string, link: string): string {
    const text = withoutPadding(given);
    const endsWell = end === "\n" && text === given;
    this.#judge("im/1/2", endsWell, link, visibleEnds(`${text}\n`), visibleEnds(given + end));
    return text;
  }

  #judge(rule: string, isKept: boolean, link: string, expected: string, got: string, isWeak = false): void {
    this.say({ rule, isKept, link, expected, got, isWeak });
  }
}

/** Whether a server knows a command of ours, which the handout does not have. */
function isExtension(line: string, reply: string): boolean {
  return line.startsWith("/partyline ") && (reply.startsWith("110 partyline ") || reply.startsWith("113 tls ")) ||
    line.startsWith("/register ") && /^11[12] /.test(reply);
}

/** The rule of `im client` about the receipt of a message. */
function ruleOf({ kind }: Message): string {
  return kind === "/broadcastfrom" ? "im/16/3" : "im/16/1";
}
