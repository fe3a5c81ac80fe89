import { Fault } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { encodeText } from "../../core/text.ts";
import type { Target } from "../../chat/store.ts";
import type { ClientEvent, ShownMessage } from "./client_event.ts";
import { decodeReply, type Reply } from "./client_replies.ts";
import { WORD_CHARACTERS } from "../../core/json_fields.ts";
import { ClientLogin } from "./login.ts";
import { Outgoing } from "./outgoing.ts";

/** What proves who we are, as the server asks for it. */
export type Asked = Extract<Reply, { type: "challenge" }>;

/** What a client has done for it. */
export interface NativeClientWay {
  /** Sends one message to the server that is connected now. */
  send(json: string): void;
  /** Answers a challenge; `proven` or `refused` come back. */
  prove(asked: Asked, nonce: string): void;
  /** Whether the server has proven itself too, where it can. */
  isServer(proof: Uint8Array | undefined): boolean;
  show(happening: ClientEvent): void;
  /** Another client tells us something that is not for people; `at` is where the server sees it. */
  signalled?(from: string, text: string, at: string): void;
  /** A signal of ours has reached nobody. */
  unheard?(to: string): void;
  /** The server does not let us in. */
  refused(why: string): void;
  /** Something is wrong with what the server says; the connection is of no use any more. */
  broken(why: string): void;
  /** Up to which number of a store everything was shown, as far as is known from earlier runs. */
  seen(store: string): number;
  /** Everything up to this number of the store was shown. */
  mark(store: string, seq: number): void;
}

/** What is asked of a server, and answered by one `Happening`. */
export type Question =
  | { readonly type: "users" }
  | { readonly type: "rooms" }
  | { readonly type: "who"; readonly room: string }
  | { readonly type: "join"; readonly room: string }
  | { readonly type: "leave"; readonly room: string }
  | { readonly type: "history"; readonly of: Target; readonly before?: number | undefined; readonly limit: number };

/**
 * The client's side of our own protocol, over any number of connections one after the other.
 *
 * 1. What is said is kept until it is answered, and said again under the same id after a reconnect: the server takes it once.
 * 2. Each message and each notice is shown once, in order, whatever is told again.
 * 3. `flush`, after all that a turn brought, acknowledges what was shown.
 */
export class NativeClient {
  readonly #outgoing: Outgoing;
  readonly #questions = new Map<number, { question: Question; parts: unknown[] }>();
  #lastRef = 0;
  /** What seqs are numbered by; undefined before anything was begun. */
  #store: string | undefined;
  /** Everything up to here was shown. */
  #shown = 0;
  #acked = 0;
  /** What the user has said up to here was said in earlier runs. */
  #ownFrom = 0;
  #told = 0;
  #stage: "away" | "hello" | "resume" | "in" = "away";
  readonly #introduction: ClientLogin;
  /** The server's limit, once it has told it. */
  #textBytes = LIMITS.textBytes.usual;
  #name = "";

  /** `run` tells this run from all others of the user: ids begin with it. */
  constructor(readonly way: NativeClientWay, run: string) {
    this.#outgoing = new Outgoing(run);
    this.#introduction = new ClientLogin(way, (name) => this.entered(name));
  }

  get name(): string {
    return this.#name;
  }

  /** Whether what is said goes out at once. */
  get isIn(): boolean {
    return this.#stage === "in";
  }

  /** Whether everything said and asked is answered. */
  get settled(): boolean {
    return this.#outgoing.size === 0 && this.#questions.size === 0;
  }

  /** How much was said and is not answered yet. */
  get waiting(): number {
    return this.#outgoing.size;
  }

  /** A connection is there, on which the server knows already who we are. */
  entered(name: string): void {
    this.#name = name;
    this.#resume();
  }

  /** A connection is there, on which we say who we are. */
  greet(name: string, nonce: string, key: string | undefined): void {
    this.#name = name;
    this.#stage = "hello";
    this.#introduction.greet(name, nonce, key);
  }

  /** The answer to a challenge. */
  proven(proof: string): void {
    if (this.#stage === "hello") this.#introduction.proven(proof);
  }

  /** The connection is gone. */
  lost(): void {
    this.#stage = "away";
    for (const { question } of this.#questions.values()) {
      this.way.show({ type: "denied", why: `the connection was lost before ${question.type} was answered` });
    }
    this.#questions.clear();
  }

  /** Says something; its id, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    const why = this.#fault(to, text);
    if (why !== undefined) return { why };
    const said = this.#outgoing.push(to, text);
    this.#sayMore();
    return said;
  }

  /** Asks something; what is answered is shown. */
  ask(question: Question): void {
    if (this.#stage !== "in") {
      return this.way.show({ type: "denied", why: `${question.type} cannot be asked while there is no connection` });
    }
    const ref = ++this.#lastRef;
    this.#questions.set(ref, { question, parts: [] });
    if (question.type !== "history") return this.#send({ ...question, ref });
    const { of, before, limit } = question;
    this.#send({ type: "history", ref, ...("user" in of ? { with: of.user } : of), before, limit });
  }

  /** Tells the clients of somebody something that is not for people, now or never. */
  signal(to: string, text: string): void {
    if (this.#stage === "in") this.#send({ type: "signal", to, text });
    else this.way.unheard?.(to);
  }

  /** Asks whether the server is there; anything that comes is the answer. */
  ping(): void {
    if (this.#stage === "in") this.#send({ type: "ping", ref: ++this.#lastRef });
  }

  /** Says good bye. */
  leave(): void {
    if (this.#stage !== "away") this.#send({ type: "bye" });
  }

  /** One message of the server. */
  received(text: string): void {
    if (this.#stage === "away") return;
    const reply = decodeReply(text);
    if (reply instanceof Fault) return this.way.broken(reply.message);
    switch (reply.type) {
      case "challenge":
      case "welcome":
      case "refused":
        return this.#introduction.received(reply);
      case "begun":
        return this.#begun(reply);
      case "sent":
        return this.#answered(reply.id, (to) => ({ type: "sent", id: reply.id, to, time: reply.time }));
      case "closing":
        return this.way.show(reply);
      case "error":
        return this.way.show({ type: "denied", why: reply.why });
      case "presence":
        for (const name of reply.online) if (name !== this.#name) this.way.show({ type: "online", name });
        for (const name of reply.offline) if (name !== this.#name) this.way.show({ type: "offline", name });
        return;
      case "message":
        if (this.#isNew(reply.seq)) this.#message(reply);
        return;
      case "delivered":
      case "failed":
        return this.#notice(reply);
      case "users":
      case "rooms":
      case "who":
      case "joined":
      case "left":
      case "history":
      case "denied":
        return this.#replied(reply);
      case "signal":
        return this.way.signalled?.(reply.from, reply.text, reply.at);
      case "unheard":
        return this.way.unheard?.(reply.to);
      case "unknown":
        return;
    }
  }

  /** Acknowledges what was shown. */
  flush(): void {
    if (this.#stage !== "in" || this.#told <= this.#acked || this.#store === undefined) return;
    this.#acked = this.#told;
    this.way.mark(this.#store, this.#shown);
    this.#send({ type: "ack", seq: this.#told });
  }

  /** Why the server would not even read it. */
  #fault(to: Target, text: string): string | undefined {
    const name = "user" in to ? to.user : to.room;
    if (name.length > WORD_CHARACTERS) return `a name has at most ${WORD_CHARACTERS} characters, found ${name.length}`;
    const bytes = encodeText(text).length;
    return bytes <= this.#textBytes ? undefined : `a text has at most ${this.#textBytes} bytes here, found ${bytes}`;
  }

  #resume(): void {
    this.#stage = "resume";
    this.#told = this.#acked = 0;
    this.#send({ type: "resume", ...(this.#store === undefined ? {} : { store: this.#store, after: this.#shown }) });
  }

  #begun({ store, last, rooms, textBytes }: Extract<Reply, { type: "begun" }>): void {
    this.#textBytes = textBytes;
    const again = this.#store !== undefined;
    // What an earlier run has said is no news.
    if (this.#store !== store) this.#ownFrom = last;
    // Another store counts anew.
    if (this.#store !== store) this.#shown = this.way.seen(store);
    this.#store = store;
    this.#stage = "in";
    this.way.show({ type: "in", name: this.#name, rooms, again });
    this.#outgoing.again();
    this.#sayMore();
  }

  /** Whether number `seq` was not shown yet; from now on it was. */
  #isNew(seq: number): boolean {
    this.#told = Math.max(this.#told, seq);
    if (seq <= this.#shown) return false;
    this.#shown = seq;
    return true;
  }

  #message({ seq, from, to, text, time, id }: ShownMessage & { id?: string | undefined }): void {
    const own = from === this.#name;
    // What this client has said is on its screen already.
    if (own && (seq <= this.#ownFrom || (id !== undefined && this.#outgoing.has(id)))) return;
    this.way.show({ type: "message", said: { seq, from, to, text, time }, own });
  }

  #notice(reply: Extract<Reply, { type: "delivered" | "failed" }>): void {
    if (reply.seq !== undefined && !this.#isNew(reply.seq)) return;
    if (reply.type === "delivered") {
      return this.way.show({ type: "delivered", id: reply.id, to: reply.to, time: reply.time });
    }
    if (reply.seq === undefined) {
      return this.#answered(reply.id, (to) => ({ type: "failed", id: reply.id, to, why: reply.why }));
    }
    const to = reply.to === undefined ? undefined : { user: reply.to };
    this.way.show({ type: "failed", id: reply.id, to, why: reply.why });
  }

  /** The server has answered what was said; the first answer counts. */
  #answered(id: string, happening: (to: Target) => ClientEvent): void {
    const said = this.#outgoing.answered(id);
    if (!said) return;
    this.way.show(happening(said.to));
    this.#sayMore();
  }

  #replied(reply: Extract<Reply, { ref: number }>): void {
    const asked = this.#questions.get(reply.ref);
    if (!asked) return;
    if (reply.type === "users" || reply.type === "rooms" || reply.type === "who") {
      asked.parts.push(...reply.list);
      if (reply.more) return;
    }
    this.#questions.delete(reply.ref);
    switch (reply.type) {
      case "users":
        return this.way.show({ type: "users", users: asked.parts as typeof reply.list });
      case "rooms":
        return this.way.show({ type: "rooms", rooms: asked.parts as typeof reply.list });
      case "who": {
        const { question, parts } = asked;
        if (question.type !== "who") return;
        return this.way.show({ type: "inRoom", room: question.room, users: parts as typeof reply.list });
      }
      case "history": {
        const { messages, more } = reply;
        return asked.question.type === "history"
          ? this.way.show({ type: "history", of: asked.question.of, messages, more })
          : undefined;
      }
      default:
        return this.way.show(reply);
    }
  }

  /** Says what was not said yet, as long as not too much is under way. */
  #sayMore(): void {
    if (this.#stage !== "in") return;
    for (let said = this.#outgoing.next(); said; said = this.#outgoing.next()) {
      const { id, to, text } = said;
      this.#send({ type: "say", id, ...("user" in to ? { to: to.user } : to), text });
    }
  }

  #send(message: Record<string, unknown>): void {
    this.way.send(JSON.stringify(message));
  }
}
