import type { Command } from "../chat/command.ts";
import type { Event, SessionId } from "../chat/event.ts";
import { UNPROVEN_CLIENT } from "../chat/unproven.ts";
import { type Address, formatAddress } from "../core/address.ts";
import { REQUESTS_HELD, REQUESTS_PER_FLUSH } from "../core/limits.ts";
import { oneLine, sanitized } from "../core/text.ts";

/** Text of a message in a line, in UTF-16 units. */
const SHOWN_TEXT = 200;

/** The session that requests something. */
export interface Requester {
  readonly id: SessionId;
  readonly protocol: { readonly name: string };
  readonly peer: Address;
  readonly session: { readonly name: string | undefined };
}

interface Recorded {
  readonly time: number;
  readonly by: Requester;
  /** The name as it was then. */
  readonly name: string | undefined;
  readonly request: Command | string;
  outcome: string;
}

/**
 * Records every request of every listener with what came of it, one line each.
 *
 * 1. It slows nobody: lines are made at `flush`, a bounded number each time; requests beyond `REQUESTS_HELD` are counted, and a
 *    line says how many were not recorded.
 * 2. Passwords and proofs are not in it. Receipts and signals of programs are no requests.
 */
export class RequestLog {
  /** Requests without an outcome, by session and by what answers them. */
  readonly #open = new Map<SessionId, Map<string, Recorded>>();
  /** Native sessions by user and client, as entries name them; and back. */
  readonly #sessions = new Map<string, SessionId>();
  readonly #clients = new Map<SessionId, string>();
  #closed: Recorded[] = [];
  #held = 0;
  #dropped = 0;

  constructor(readonly write: (line: string) => void, readonly wallTime: () => number) {}

  /** Before the hub takes a command. */
  command(by: Requester, command: Command): void {
    if (command.type === "leave") return this.#left(by, command.why);
    if (command.type === "resume") this.#isClient(by.id, by.session.name ?? "", command.client);
    const key = answerKey(command);
    if (key === undefined) return;
    this.#record(by, command, key);
  }

  /** A request that the hub does not hear of, with its outcome. */
  request(by: Requester, text: string, outcome: string): void {
    const recorded = this.#record(by, text, "");
    if (recorded) recorded.outcome = outcome;
  }

  /** Sessions are told something. */
  told(to: readonly SessionId[], event: Event): void {
    switch (event.type) {
      case "message":
      case "presence":
      case "signal":
      case "received":
      case "read":
      case "live":
      case "conversations":
      case "closing":
        return;
      case "entries":
        // A client's number that is kept confirms all before it.
        for (const { from, client, number } of event.entries) {
          if (client === undefined || number === undefined) continue;
          const id = this.#sessions.get(`${from} ${client}`);
          if (id !== undefined) this.#kept(id, number);
        }
        return;
      case "sent":
        for (const id of to) this.#kept(id, event.upTo);
        return;
    }
    for (const id of to) {
      for (const key of answeredKeys(event)) {
        if (this.#settle(id, key, outcomeOf(event))) break;
      }
      if (event.type === "claimed") this.#isClient(id, event.name, UNPROVEN_CLIENT);
    }
  }

  /** Writes some of what is complete. */
  flush(most = REQUESTS_PER_FLUSH): void {
    if (this.#dropped > 0) {
      this.write(`${new Date(this.wallTime()).toISOString()} (${this.#dropped} requests were not recorded)\n`);
      this.#dropped = 0;
    }
    if (this.#closed.length === 0) return;
    const some = this.#closed.splice(0, most);
    this.#held -= some.length;
    for (const recorded of some) this.write(lineOf(recorded));
  }

  /** Writes everything, also what has no outcome yet. */
  close(): void {
    for (const [id, open] of this.#open) for (const key of [...open.keys()]) this.#settle(id, key, "the server stops");
    this.flush(Infinity);
  }

  #isClient(id: SessionId, name: string, client: string): void {
    const key = `${name} ${client}`;
    this.#sessions.set(key, id);
    this.#clients.set(id, key);
  }

  #record(by: Requester, request: Command | string, key: string): Recorded | undefined {
    if (this.#held >= REQUESTS_HELD) {
      this.#dropped++;
      return undefined;
    }
    this.#held++;
    const recorded = { time: this.wallTime(), by, name: by.session.name, request, outcome: "" };
    if (key === "") {
      this.#closed.push(recorded);
      return recorded;
    }
    let open = this.#open.get(by.id);
    if (!open) this.#open.set(by.id, open = new Map());
    // The same question again: the former one has its answer, or never gets one.
    if (open.has(key)) this.#settle(by.id, key, "asked again");
    open.set(key, recorded);
    return recorded;
  }

  #settle(id: SessionId, key: string, outcome: string): boolean {
    const open = this.#open.get(id);
    const recorded = open?.get(key);
    if (!recorded) return false;
    open!.delete(key);
    recorded.outcome = outcome;
    this.#closed.push(recorded);
    return true;
  }

  #kept(id: SessionId, upTo: number): void {
    for (const key of this.#open.get(id)?.keys() ?? []) {
      if (key.startsWith("say ") && Number(key.slice(4)) <= upTo) this.#settle(id, key, "kept");
    }
  }

  #left(by: Requester, why: string): void {
    for (const key of [...this.#open.get(by.id)?.keys() ?? []]) this.#settle(by.id, key, "left before the answer");
    this.#open.delete(by.id);
    const key = this.#clients.get(by.id);
    this.#clients.delete(by.id);
    if (key !== undefined && this.#sessions.get(key) === by.id) this.#sessions.delete(key);
    this.request(by, "leave", why);
  }
}

/** What answers a command; empty where nothing does, undefined for what is no request of a user. */
function answerKey(command: Command): string | undefined {
  switch (command.type) {
    case "login":
    case "checkPassword":
    case "authenticated":
    case "claim":
    case "hello":
    case "prove":
      return "login";
    case "register":
      return "register";
    case "who":
      return "who";
    case "resume":
      return "resume";
    case "become":
    case "enterAsGuest":
    case "announce":
      return "";
    case "send":
    case "sendAll":
      return `outcome ${command.ref}`;
    case "say":
    case "edit":
    case "withdraw":
      return `say ${command.number}`;
    case "users":
    case "rooms":
    case "inRoom":
    case "join":
    case "leaveRoom":
    case "history":
    case "search":
    case "versions":
      return `ref ${command.ref}`;
    default:
      return undefined;
  }
}

function answeredKeys(event: Event): readonly string[] {
  switch (event.type) {
    case "welcome":
    case "claimed":
    case "challenge":
    case "turnedAway":
      return ["login"];
    case "registered":
      return ["register"];
    case "present":
      return ["who"];
    case "begun":
      return ["resume"];
    case "outcome":
      return [`outcome ${event.ref}`];
    case "notSent":
      return [`say ${event.number}`];
    default:
      return "ref" in event ? [`ref ${event.ref}`] : [];
  }
}

function outcomeOf(event: Event): string {
  switch (event.type) {
    case "turnedAway":
      if (typeof event.why === "object") return `refused: ${event.why.text}`;
      return `refused: ${event.why === "credentials" ? "name or password" : event.why}`;
    case "challenge":
      return "a proof is asked for";
    case "registered":
      return event.why === undefined ? "registered" : `refused: ${event.why}`;
    case "outcome":
      return event.delivered ? "delivered" : "not delivered";
    case "notSent":
    case "denied":
      return `refused: ${event.why}`;
    default:
      return "done";
  }
}

function lineOf({ time, by, name, request, outcome }: Recorded): string {
  const what = typeof request === "string" ? request : requestText(request);
  const who = name ?? by.session.name ?? "-";
  const start = `${new Date(time).toISOString()} ${by.protocol.name} ${who} ${formatAddress(by.peer)}`;
  return `${sanitized(oneLine(`${start} ${what}${outcome === "" ? "" : ` -> ${outcome}`}`))}\n`;
}

function requestText(command: Command): string {
  switch (command.type) {
    case "login":
    case "checkPassword":
    case "register":
      return `${command.type} ${command.name} ********`;
    case "authenticated":
    case "claim":
    case "hello":
      return `${command.type} ${command.name}`;
    case "announce":
      return `announce ${quoted(command.text)}`;
    case "send":
      return `send ${command.to} ${quoted(command.text)}`;
    case "sendAll":
      return `send all ${quoted(command.text)}`;
    case "say":
      return `say ${targetText(command.to)} ${quoted(command.text)}`;
    case "edit":
      return `edit ${command.of} ${quoted(command.text)}`;
    case "withdraw":
    case "versions":
      return `${command.type} ${command.of}`;
    case "inRoom":
    case "join":
    case "leaveRoom":
      return `${command.type} ${command.room}`;
    case "history":
      return `history ${targetText(command.of)}`;
    case "search":
      return `search ${quoted(command.words)}`;
    default:
      return command.type;
  }
}

function targetText(to: { readonly user: string } | { readonly room: string }): string {
  return "user" in to ? to.user : `#${to.room}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text);
}
