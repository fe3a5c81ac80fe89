import { Outgoing } from "./outgoing.js";

/** @typedef {import("./outgoing.js").Target} Target */
/** @typedef {import("./outgoing.js").Unanswered} Unanswered */
/** @typedef {{ seq: number, from: string, to: Target, text: string, time: number, id: string | undefined }} Said */
/** @typedef {{ name: string, online: boolean }} User */
/** @typedef {{ name: string, members: number, joined: boolean }} Room */
/**
 * What is asked of the server.
 * @typedef {{ type: "users" } | { type: "rooms" } | { type: "who" | "join" | "leave", room: string }
 *   | { type: "history", of: Target, before: number | undefined, limit: number }} Question
 */
/**
 * What the page learns of the server.
 * @typedef {{ type: "in", name: string, rooms: readonly string[], fresh: boolean }
 *   | { type: "message", said: Said, own: boolean }
 *   | { type: "sent", id: string, to: Target, seq: number, time: number }
 *   | { type: "delivered", id: string, to: Target }
 *   | { type: "failed", id: string, to: Target | undefined, why: string }
 *   | { type: "presence", online: readonly string[], offline: readonly string[] }
 *   | { type: "users", users: readonly User[] }
 *   | { type: "rooms", rooms: readonly Room[] }
 *   | { type: "who", room: string, users: readonly User[] }
 *   | { type: "history", of: Target, messages: readonly Said[], more: boolean }
 *   | { type: "joined", room: string, members: number }
 *   | { type: "left", room: string }
 *   | { type: "denied", why: string, question: Question | undefined }
 *   | { type: "closing" | "elsewhere" }} Happening
 */
/**
 * @typedef {object} TalkWay
 * @property {(json: string) => void} send one message to the server that is connected now
 * @property {(happening: Happening) => void} show
 * @property {(from: string, text: string) => void} signalled another client says something that is not for people
 * @property {(to: string) => void} unheard a signal of ours has reached nobody
 * @property {(unanswered: readonly Unanswered[]) => void} keep what has no answer yet, to outlive this page
 * @property {(why: string) => void} broken the connection is of no use any more
 */

/**
 * The page's side of our own protocol, over any number of connections one after the other. Pure.
 *
 * 1. What is said is kept until it is answered, and said again under the same id after a reconnect: the server takes it once.
 * 2. Each message and each notice is shown once, in order, whatever is told again.
 * 3. `flush`, after what a turn brought, acknowledges what was shown.
 */
export class Talk {
  /** @type {Map<number, { question: Question, parts: unknown[] }>} */
  #questions = new Map();
  #lastRef = 0;
  /** What numbers are those of; undefined before anything was begun. @type {string | undefined} */
  #store;
  /** Everything up to here was shown. */
  #shown = 0;
  #told = 0;
  #acked = 0;
  #textBytes = 16 * 1024;
  /** @type {"away" | "resume" | "in"} */
  #stage = "away";

  /** @param {TalkWay} way @param {string} name @param {string} run @param {readonly Unanswered[]} earlier */
  constructor(way, name, run, earlier = []) {
    this.way = way;
    this.name = name;
    this.outgoing = new Outgoing(run, earlier);
  }

  get isIn() {
    return this.#stage === "in";
  }

  /** A connection is there, on which the server knows who we are. */
  opened() {
    this.#stage = "resume";
    this.#told = this.#acked = 0;
    this.#send({ type: "resume", ...(this.#store === undefined ? {} : { store: this.#store, after: this.#shown }) });
  }

  /** The connection is gone. */
  lost() {
    this.#stage = "away";
    const asked = [...this.#questions.values()];
    this.#questions.clear();
    for (const { question } of asked) {
      this.way.show({ type: "denied", why: "the connection was lost before the answer came", question });
    }
  }

  /**
   * Says something, or says why it is not taken.
   * @param {Target} to
   * @param {string} text
   * @param {number} time
   * @returns {Unanswered | { why: string }}
   */
  say(to, text, time) {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > this.#textBytes) return { why: `a text has at most ${this.#textBytes} bytes here, found ${bytes}` };
    const said = this.outgoing.push(to, text, time);
    if ("why" in said) return said;
    this.way.keep(this.outgoing.all);
    this.#sayMore();
    return said;
  }

  /**
   * Asks something; what is answered is shown.
   * @param {Question} question
   */
  ask(question) {
    if (this.#stage !== "in") return this.way.show({ type: "denied", why: "there is no connection now", question });
    const ref = ++this.#lastRef;
    this.#questions.set(ref, { question, parts: [] });
    if (question.type !== "history") return this.#send({ ...question, ref });
    const { of, before, limit } = question;
    this.#send({ type: "history", ref, ...("user" in of ? { with: of.user } : of), before, limit });
  }

  /**
   * Tells the clients of somebody something that is not for people, now or never.
   * @param {string} to
   * @param {string} text
   */
  signal(to, text) {
    if (this.#stage === "in") this.#send({ type: "signal", to, text });
    else this.way.unheard(to);
  }

  /** Asks whether the server is there; anything that comes is the answer. */
  ping() {
    if (this.#stage === "in") this.#send({ type: "ping", ref: ++this.#lastRef });
  }

  /**
   * One message of the server.
   * @param {string} text
   */
  received(text) {
    if (this.#stage === "away") return;
    const reply = parsed(text);
    if (!reply) return this.way.broken("the server has said something that cannot be read");
    switch (reply.type) {
      case "begun":
        return this.#begun(reply);
      case "message":
        if (!this.#isNew(reply.seq)) return;
        return this.way.show({ type: "message", said: saidOf(reply), own: reply.from === this.name });
      case "sent":
        return this.#answered(reply.id, (to) => ({ type: "sent", id: reply.id, to, seq: reply.seq, time: reply.time }));
      case "delivered":
        if (!this.#isNew(reply.seq)) return;
        return this.way.show({ type: "delivered", id: reply.id, to: { user: reply.to } });
      case "failed":
        return this.#failed(reply);
      case "presence":
        return this.way.show({ type: "presence", online: reply.online, offline: reply.offline });
      case "signal":
        return this.way.signalled(reply.from, reply.text);
      case "unheard":
        return this.way.unheard(reply.to);
      case "error":
        return this.way.show({ type: "denied", why: reply.why, question: undefined });
      case "closing":
      case "elsewhere":
        return this.way.show({ type: reply.type });
      case "refused":
        this.way.show({ type: "denied", why: `You are not let in: ${reply.why}.`, question: undefined });
        return this.way.broken(reply.why);
      default:
        return this.#replied(reply);
    }
  }

  /** Acknowledges what was shown. */
  flush() {
    if (this.#stage !== "in" || this.#told <= this.#acked) return;
    this.#acked = this.#told;
    this.#send({ type: "ack", seq: this.#told });
  }

  /** @param {any} reply */
  #begun({ store, rooms, textBytes }) {
    // Another store counts anew.
    const fresh = this.#store !== store;
    if (fresh) this.#shown = 0;
    this.#store = store;
    this.#textBytes = textBytes;
    this.#stage = "in";
    this.way.show({ type: "in", name: this.name, rooms, fresh });
    this.outgoing.again();
    this.#sayMore();
  }

  /** Whether number `seq` was not shown yet; from now on it was. @param {number} seq */
  #isNew(seq) {
    // Told on a connection that another page had before: what comes after `begun` tells it again, with what was before it.
    if (this.#stage !== "in") return false;
    this.#told = Math.max(this.#told, seq);
    if (seq <= this.#shown) return false;
    this.#shown = seq;
    return true;
  }

  /** @param {any} reply */
  #failed({ id, seq, to, room, why }) {
    if (seq === undefined) return this.#answered(id, (target) => ({ type: "failed", id, to: target, why }));
    if (!this.#isNew(seq)) return;
    const target = room !== undefined ? { room } : to !== undefined ? { user: to } : undefined;
    this.way.show({ type: "failed", id, to: target, why });
  }

  /** The first answer to what was said counts. @param {string} id @param {(to: Target) => Happening} happening */
  #answered(id, happening) {
    const said = this.outgoing.answered(id);
    if (!said) return;
    this.way.keep(this.outgoing.all);
    this.way.show(happening(said.to));
    this.#sayMore();
  }

  /** @param {any} reply */
  #replied(reply) {
    const asked = this.#questions.get(reply.ref);
    // Nobody has asked: others have taken us into a room, or out of one.
    if (reply.ref === 0 && (reply.type === "joined" || reply.type === "left")) return this.ask({ type: "rooms" });
    // What a later version says, and the answer to a ping.
    if (!asked) return;
    const { question, parts } = asked;
    if (reply.type === "users" || reply.type === "rooms" || reply.type === "who") {
      parts.push(...(reply.type === "rooms" ? reply.rooms : reply.users));
      if (reply.more) return;
    }
    this.#questions.delete(reply.ref);
    const all = /** @type {any[]} */ (parts);
    if (reply.type === "users") this.way.show({ type: "users", users: all });
    else if (reply.type === "rooms") this.way.show({ type: "rooms", rooms: all });
    else if (reply.type === "who") this.way.show({ type: "who", room: reply.room, users: all });
    else if (reply.type === "joined") this.way.show({ type: "joined", room: reply.room, members: reply.members });
    else if (reply.type === "left") this.way.show({ type: "left", room: reply.room });
    else if (reply.type === "denied") this.way.show({ type: "denied", why: reply.why, question });
    else if (reply.type === "history" && question.type === "history") {
      this.way.show({ type: "history", of: question.of, messages: reply.messages.map(saidOf), more: reply.more });
    }
  }

  /** Says what was not said yet, as long as not too much is under way. */
  #sayMore() {
    if (this.#stage !== "in") return;
    for (let said = this.outgoing.next(); said; said = this.outgoing.next()) {
      const { id, to, text } = said;
      this.#send({ type: "say", id, ...("user" in to ? { to: to.user } : to), text });
    }
  }

  /** @param {Record<string, unknown>} message */
  #send(message) {
    this.way.send(JSON.stringify(message));
  }
}

/** @param {any} message @returns {Said} */
function saidOf({ seq, from, to, room, text, time, id }) {
  return { seq, from, to: room === undefined ? { user: to } : { room }, text, time, id };
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
