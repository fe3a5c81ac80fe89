import { visibleEnds } from "../../core/wire_text.ts";
import { MYCHAT_CLIENT } from "../rules/mychat_client/suite.ts";
import { MYCHAT_SERVER } from "../rules/mychat_server/suite.ts";
import type { Traced } from "./record.ts";
import { type JudgedSession, SessionJudge } from "./session_judge.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A message on its way from one user to another. */
interface Message {
  readonly text: unknown;
  readonly from: unknown;
  readonly to: unknown;
  readonly since: number;
}

interface Session extends JudgedSession {
  /** The requests that have no answer so far, by their key. */
  readonly asked: Map<string, Fields>;
  /** SENT_FROM that has no CONFIRM_MSG_2 so far. */
  readonly unconfirmed: Message[];
}

/** The fields of each request, and the rule of the client that says so. */
const REQUESTS: Readonly<Record<string, { readonly rule: string; readonly fields: readonly string[] }>> = {
  CONNECT: { rule: "mychat/11/2", fields: ["isConnected", "username", "isStach"] },
  GET_USERS: { rule: "mychat/12/1", fields: ["username"] },
  REQUEST_JOIN_GROUP: { rule: "mychat/13/1", fields: ["username"] },
  GET_GROUP_DATA: { rule: "mychat/13/2", fields: ["username"] },
  SENT_TO_GROUP: { rule: "mychat/13/5", fields: ["msg", "sentfrom"] },
  GET_DATA: { rule: "mychat/14/1", fields: ["find", "username"] },
  SENT_TO: { rule: "mychat/14/3", fields: ["msg", "sendto", "sentfrom"] },
  LOGOUT: { rule: "mychat/15/1", fields: ["username"] },
};
/** What an answer has besides, and the rule of the server that says so. */
const ANSWERS: Readonly<Record<string, readonly [rule: string, field: string, is: (value: unknown) => boolean]>> = {
  CONNECT: ["mychat/1/1", "isConnected", (value) => value === true],
  GET_USERS: ["mychat/2/1", "users", Array.isArray],
  REQUEST_JOIN_GROUP: ["mychat/3/1", "joined", (value) => value === true],
  GET_GROUP_DATA: ["mychat/4/1", "group_data", Array.isArray],
  GET_DATA: ["mychat/6/1", "data", Array.isArray],
  LOGOUT: ["mychat/7/1", "Loggedout", (value) => value === true],
};
/** A client confirms at once, and a busy machine takes no longer. */
const CONFIRM_MS = 5000;

/** Judges a trace of the mailbox authors' protocol, by the rules of both suites. Pure. */
export class MychatTraceJudge extends SessionJudge<Session> {
  constructor() {
    super("mychat", ["udp"], [MYCHAT_SERVER, MYCHAT_CLIENT]);
  }

  protected begin(session: number): Session {
    return { session, name: "", asked: new Map(), unconfirmed: [] };
  }

  protected heard(session: Session, text: string, { direction }: Traced): void {
    const fields = objectIn(text);
    const key = fields?.["key"];
    if (!fields || typeof key !== "string") return;
    if (direction === "up") this.#asked(session, key, fields, text);
    else this.#told(session, key, fields, text);
  }

  protected over(session: Session): void {
    for (const { from, since } of session.unconfirmed) {
      if (this.now - since < CONFIRM_MS) continue;
      this.judge(session, "mychat/14/4", false, `CONFIRM_MSG_2 to ${from}`, `nothing within ${CONFIRM_MS} ms`);
    }
  }

  #asked(session: Session, key: string, fields: Fields, text: string): void {
    if (key === "CONFIRM_MSG_2") return this.#confirmed(session, fields, text);
    const request = REQUESTS[key];
    if (request === undefined) return;
    const missing = request.fields.filter((field) => fields[field] === undefined);
    const isRight = missing.length === 0 && (key !== "CONNECT" || fields["isConnected"] === false);
    const expected = `${key} with ${request.fields.join(", ")}`;
    this.judge(session, request.rule, isRight, expected, visibleEnds(text));
    session.asked.set(key, fields);
  }

  #confirmed(session: Session, fields: Fields, text: string): void {
    const at = session.unconfirmed.findIndex((message) => message.text === fields["msg"]);
    const message = session.unconfirmed[at];
    if (message === undefined) return;
    session.unconfirmed.splice(at, 1);
    const isRight = fields["sendto"] === message.from && fields["sentfrom"] === message.to;
    const expected = `CONFIRM_MSG_2 with sendto ${message.from} and sentfrom ${message.to}`;
    this.judge(session, "mychat/14/4", isRight, expected, visibleEnds(text));
  }

  #told(session: Session, key: string, fields: Fields, text: string): void {
    const got = visibleEnds(text);
    if (key === "SENT_FROM") {
      const [said, from, to] = ["msg", "sentfrom", "sendto"].map((field) => fields[field]);
      const isWhole = [said, from, to].every((value) => typeof value === "string");
      this.judge(session, "mychat/5/2", isWhole, "SENT_FROM with msg, sendto and sentfrom", got);
      session.unconfirmed.push({ text: said, from, to, since: this.now });
      return;
    }
    if (key === "CONFIRM_MSG") return this.#sent(session, fields, got);
    const answer = ANSWERS[key];
    const asked = session.asked.get(key);
    if (answer === undefined || asked === undefined) return;
    session.asked.delete(key);
    const [rule, field, is] = answer;
    this.judge(session, rule, is(fields[field]), `${key} with ${field}`, got);
    if (key === "CONNECT") {
      const isSame = Object.entries(asked).every(([name, value]) => name === "isConnected" || fields[name] === value);
      this.judge(session, "mychat/1/2", isSame, "the fields of the request, unchanged", got);
    }
    if (key === "GET_USERS" && Array.isArray(fields["users"])) {
      const names = fields["users"].map((user) => (user as Fields | null)?.["username"]);
      this.judge(session, "mychat/2/3", !names.includes(asked["username"]), "a list without the asker", got);
    }
  }

  /** The server has a message. */
  #sent(session: Session, fields: Fields, got: string): void {
    const key = ["SENT_TO", "SENT_TO_GROUP"].find((each) => session.asked.get(each)?.["msg"] === fields["msg"]);
    if (key === undefined) return;
    session.asked.delete(key);
    const rule = key === "SENT_TO" ? "mychat/5/1" : "mychat/3/4";
    this.judge(session, rule, fields["sent"] === true, "CONFIRM_MSG with sent true", got);
    const isTime = /^\d\d:\d\d:\d\d$/.test(String(fields["time"]));
    if (key === "SENT_TO_GROUP") this.judge(session, "mychat/3/10", isTime, "a time as hh:mm:ss", got);
  }
}

function objectIn(text: string): Fields | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
