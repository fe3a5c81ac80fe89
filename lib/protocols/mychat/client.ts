import { Fault } from "../../core/errors.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import type { JsonObject } from "./json.ts";
import { field, messagesOf, type MychatListed, type MychatUser, usersOf } from "./lists.ts";
import { decodeObject, encodeObject, message, withFields } from "./messages.ts";

/** What a client of the mailbox authors' server learns, and wants done. Where `to` is undefined, the group is meant. */
export type MychatClientOutput =
  | { readonly type: "send"; readonly datagram: Uint8Array }
  /** A request to connect is sent; the first one, or one more. */
  | { readonly type: "attempt" }
  | { readonly type: "connected"; readonly name: string }
  /** The server does not take the name; `connect` takes another. */
  | { readonly type: "refused" }
  | { readonly type: "users"; readonly users: readonly MychatUser[] }
  | { readonly type: "joined" }
  | { readonly type: "list"; readonly with: string | undefined; readonly messages: readonly MychatListed[] }
  | { readonly type: "message"; readonly to: string | undefined; readonly message: MychatListed }
  | { readonly type: "sent" | "delivered"; readonly id: number; readonly time: string }
  | { readonly type: "failed"; readonly id: number; readonly why: string }
  /** A question has no answer, however often it was asked. */
  | { readonly type: "unanswered"; readonly key: string }
  /** The end. Nothing follows; `reached` is whether the server has answered at all. */
  | { readonly type: "ended"; readonly reached: boolean };

/** As in the handout: how often a request to connect is sent, and for how long. */
const CONNECT_EVERY_MS = 200;
const CONNECT_MS = 15_000;
/** A LAN answers within milliseconds. Questions are asked again; messages are not, since the server could not tell them apart. */
const ASK_EVERY_MS = 1000;
const ASK_TIMES = 5;
const CONFIRM_MS = 5000;
const LOGOUT_EVERY_MS = 200;
const LOGOUT_TIMES = 3;
/** Messages whose receipt may still come; the oldest are forgotten. */
const MAX_AWAITED = 1000;

interface Said {
  readonly id: number;
  readonly to: string | undefined;
  readonly text: string;
  readonly until: number;
}

interface Question {
  readonly object: JsonObject;
  asked: number;
  againAt: number;
}

/**
 * The client of the mailbox authors' server.
 *
 * 1. It sends nothing but their JSON: anything else crashes their server.
 * 2. A message is confirmed, or fails with the reason after five seconds; it is never sent twice.
 */
export class MychatClient implements Machine<MychatClientOutput> {
  readonly #outputs = new Outputs<MychatClientOutput>();
  readonly #connectMs: number;
  #state: "idle" | "connecting" | "connected" | "leaving" | "ended" = "idle";
  #name = "";
  #deadline = Infinity;
  #nextAt = Infinity;
  #logouts = 0;
  #leaves = false;
  #lastId = 0;
  #said: Said[] = [];
  #awaited: Said[] = [];
  readonly #questions = new Map<string, Question>();

  /** `connectMs`: for how long it tries to connect. */
  constructor(connectMs = CONNECT_MS) {
    this.#connectMs = connectMs;
  }

  get name(): string {
    return this.#name;
  }

  get wakeAt(): number {
    const times = [...this.#questions.values()].map(({ againAt }) => againAt);
    return Math.min(this.#nextAt, this.#deadline, this.#said[0]?.until ?? Infinity, ...times);
  }

  takeOutputs(): readonly MychatClientOutput[] {
    return this.#outputs.take();
  }

  connect(name: string, now: number): void {
    if (this.#state !== "idle") return;
    this.#name = name;
    this.#state = "connecting";
    this.#deadline = now + this.#connectMs;
    this.#sendConnect(now);
  }

  /** Says something to a user, or to the group; the number of its later states. */
  say(to: string | undefined, text: string, now: number): number {
    const id = ++this.#lastId;
    this.#said.push({ id, to, text, until: now + CONFIRM_MS });
    this.#send(
      to === undefined
        ? message("SENT_TO_GROUP", { msg: text, sentfrom: this.#name })
        : message("SENT_TO", { msg: text, sendto: to, sentfrom: this.#name }),
    );
    return id;
  }

  askUsers(now: number): void {
    this.#ask(message("GET_USERS", { username: this.#name }), now);
  }

  /** Joins the group; then what was said there is asked for. */
  join(now: number): void {
    this.#ask(message("REQUEST_JOIN_GROUP", { username: this.#name }), now);
  }

  askGroup(now: number): void {
    this.#ask(message("GET_GROUP_DATA", { username: this.#name }), now);
  }

  askConversation(find: string, now: number): void {
    this.#ask(message("GET_DATA", { find, username: this.#name }), now);
  }

  /** Leaves once what was said is confirmed or has failed. */
  leave(now: number): void {
    if (this.#state !== "connected") return this.#end(false);
    this.#leaves = true;
    this.#leaveIfDone(now);
  }

  /** Leaves at once. */
  stop(now: number): void {
    if (this.#state !== "connected") return this.#end(this.#state === "leaving");
    this.#said = [];
    this.leave(now);
  }

  receive(datagram: Uint8Array, now: number): void {
    const object = decodeObject(datagram);
    if (object instanceof Fault) return;
    if (this.#state === "connecting") {
      if (field(object, "key") === "CONNECT") this.#answered(object);
    } else if (this.#state === "connected") this.#take(object, now);
    else if (this.#state === "leaving" && field(object, "key") === "LOGOUT") this.#end(true);
    if (this.#leaves) this.#leaveIfDone(now);
  }

  tick(now: number): void {
    if (now >= this.#deadline) return this.#end(false);
    if (now >= this.#nextAt) {
      if (this.#state === "connecting") this.#sendConnect(now);
      else this.#logOut(now);
    }
    for (const said of this.#said.splice(0, this.#said.findLastIndex(({ until }) => until <= now) + 1)) {
      const why = `no confirmation within ${CONFIRM_MS / 1000} s; it may have arrived all the same`;
      this.#outputs.push({ type: "failed", id: said.id, why });
    }
    for (const [key, question] of this.#questions) {
      if (question.againAt > now) continue;
      if (question.asked < ASK_TIMES) this.#sendQuestion(question, now);
      else {
        this.#questions.delete(key);
        this.#outputs.push({ type: "unanswered", key: key.split(" ", 1)[0]! });
      }
    }
    if (this.#leaves) this.#leaveIfDone(now);
  }

  #answered(object: JsonObject): void {
    this.#deadline = this.#nextAt = Infinity;
    if (object.get("isConnected") === true) {
      this.#state = "connected";
      this.#outputs.push({ type: "connected", name: this.#name });
    } else {
      this.#state = "idle";
      this.#outputs.push({ type: "refused" });
    }
  }

  #take(object: JsonObject, now: number): void {
    const key = field(object, "key");
    const [msg, from, to] = [field(object, "msg"), field(object, "sentfrom"), field(object, "sendto")];
    const time = field(object, "time") ?? "";
    switch (key) {
      case "GET_USERS":
        return this.#listed(key, object, "users", () => this.#outputs.push({ type: "users", users: usersOf(object) }));
      case "REQUEST_JOIN_GROUP":
        if (!this.#questions.delete(key)) return;
        this.#outputs.push({ type: "joined" });
        return this.askGroup(now);
      case "GET_GROUP_DATA":
        return this.#listed(
          key,
          object,
          "group_data",
          (messages) => this.#outputs.push({ type: "list", with: undefined, messages }),
        );
      case "GET_DATA": {
        const find = field(object, "find");
        return this.#listed(
          `${key} ${find}`,
          object,
          "data",
          (messages) => this.#outputs.push({ type: "list", with: find, messages }),
        );
      }
      case "CONFIRM_MSG": {
        const said = taken(this.#said, (each) => each.text === msg && each.to === to);
        if (!said) return;
        this.#outputs.push({ type: "sent", id: said.id, time });
        if (said.to !== undefined) this.#awaited.push(said);
        if (this.#awaited.length > MAX_AWAITED) this.#awaited.shift();
        return;
      }
      case "CONFIRM_MSG_2": {
        const said = taken(this.#awaited, (each) => each.text === msg && (from === undefined || each.to === from)) ??
          taken(this.#awaited, (each) => each.text === msg);
        if (said) this.#outputs.push({ type: "delivered", id: said.id, time });
        return;
      }
      case "SENT_FROM":
        if (msg === undefined || from === undefined) return;
        this.#outputs.push({ type: "message", to: this.#name, message: { from, text: msg, time } });
        return this.#send(withFields(object, { key: "CONFIRM_MSG_2", sendto: from, sentfrom: this.#name }));
      case "SENT_TO_GROUP":
        // Own messages are on the screen already.
        if (msg === undefined || from === undefined || from === this.#name) return;
        return this.#outputs.push({ type: "message", to: undefined, message: { from, text: msg, time } });
    }
  }

  /** An answer with a list, unless it was not asked for. */
  #listed(
    question: string,
    object: JsonObject,
    list: string,
    show: (messages: readonly MychatListed[]) => void,
  ): void {
    if (this.#questions.delete(question)) show(messagesOf(object, list));
  }

  #ask(object: JsonObject, now: number): void {
    const find = field(object, "find");
    const key = `${field(object, "key")}${find === undefined ? "" : ` ${find}`}`;
    const question = { object, asked: 0, againAt: now };
    this.#questions.set(key, question);
    this.#sendQuestion(question, now);
  }

  #sendQuestion(question: Question, now: number): void {
    question.asked++;
    question.againAt = now + ASK_EVERY_MS;
    this.#send(question.object);
  }

  #sendConnect(now: number): void {
    this.#nextAt = now + CONNECT_EVERY_MS;
    this.#outputs.push({ type: "attempt" });
    this.#send(message("CONNECT", { isConnected: false, username: this.#name, isStach: false }));
  }

  #leaveIfDone(now: number): void {
    if (this.#state !== "connected" || this.#said.length > 0) return;
    this.#state = "leaving";
    this.#questions.clear();
    this.#logOut(now);
  }

  #logOut(now: number): void {
    if (this.#logouts++ === LOGOUT_TIMES) return this.#end(true);
    this.#nextAt = now + LOGOUT_EVERY_MS;
    this.#send(message("LOGOUT", { username: this.#name }));
  }

  #send(object: JsonObject): void {
    this.#outputs.push({ type: "send", datagram: encodeObject(object) });
  }

  #end(reached: boolean): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#deadline = this.#nextAt = Infinity;
    this.#said = [];
    this.#questions.clear();
    this.#outputs.push({ type: "ended", reached });
  }
}

/** Takes the first item that fits out of a list. */
function taken(list: Said[], fits: (each: Said) => boolean): Said | undefined {
  const at = list.findIndex(fits);
  return at < 0 ? undefined : list.splice(at, 1)[0];
}
