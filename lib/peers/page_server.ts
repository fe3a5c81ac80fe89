import { Fault } from "../core/errors.ts";
import { Outputs } from "../core/machine.ts";
import { LIMITS } from "../core/limits.ts";
import type { Target } from "../chat/store.ts";
import { type PageOutput, SingleWindow } from "../protocols/native/single_window.ts";
import { decodeNative, type NativeRequest } from "../protocols/native/requests.ts";
import type { PeerEvent, PeerQuestion } from "./event.ts";

/** What the server of a page wants done. */
export type PageServerOutput =
  | PageOutput
  /** Send a message; answer with `sent`. */
  | SayOutput
  /** Ask the peer; its answer comes by `event`, with this `ref`. */
  | { readonly type: "ask"; readonly ref: number; readonly question: PeerQuestion }
  /** Send text to a person's program; if it is not there, say so with `unheard`. */
  | { readonly type: "signal"; readonly to: string; readonly text: string };

interface SayOutput {
  readonly type: "say";
  readonly id: string;
  readonly to: Target;
  readonly text: string;
}

type Request<Type extends NativeRequest["type"]> = Extract<NativeRequest, { type: Type }>;

/** A message or an outcome that the page was told, or would have been if it had been open. */
interface Entry {
  readonly seq: number;
  readonly json: Record<string, unknown>;
}

/** Messages and outcomes that are remembered; the oldest is forgotten first. */
const ENTRIES = 2000;
/** Message ids whose answer is remembered, for when the page sends the message again. */
const ANSWERS = 10_000;

/**
 * The server of a page that chats with peers: speaks our own protocol to it, as a chat server does. Messages are remembered as
 * long as the program runs.
 */
export class PageServer {
  readonly isLoggedIn = true;
  readonly #outputs = new Outputs<PageServerOutput>();
  readonly #entries: Entry[] = [];
  readonly #answers = new Map<string, Record<string, unknown>>();
  /** By the peer's id of a message: the page's id, and the entry. */
  readonly #messages = new Map<string, { readonly id: string; readonly seq: number; readonly to: Target }>();
  readonly #rooms = new Map<string, Set<string>>();
  /** Rooms that are being joined or left, and the page's request. */
  readonly #joining = new Map<string, number>();
  readonly #leaving = new Map<string, number>();
  readonly #window = new SingleWindow(this.#outputs);
  #lastSeq = 0;

  /** `store` identifies this run. */
  constructor(readonly name: string, readonly store: string) {}

  takeOutputs(): readonly PageServerOutput[] {
    return this.#outputs.take();
  }

  pageOpened(page: number): void {
    this.#window.open(page);
  }

  pageClosed(page: number): void {
    this.#window.closed(page);
  }

  /** The page has sent a message of the protocol. */
  pageReceived(page: number, json: string): void {
    if (!this.#window.is(page)) return;
    const request = decodeNative(json);
    if (request instanceof Fault) return this.#tell({ type: "error", why: request.message });
    switch (request.type) {
      case "resume":
        return this.#resume(request);
      case "say":
        return this.#say(request);
      case "missaid":
        return this.#tell({ ...request, type: "failed" });
      case "signal":
        return this.#outputs.push({ type: "signal", to: request.to, text: request.text });
      case "users":
      case "rooms":
        return this.#ask(request.ref, { type: request.type });
      case "join":
        this.#joining.set(request.room, request.ref);
        return this.#ask(request.ref, request);
      case "leaveRoom":
        this.#leaving.set(request.room, request.ref);
        return this.#ask(request.ref, { type: "leave", room: request.room });
      case "inRoom":
        return this.#who(request);
      case "history":
        return this.#history(request);
      case "ping":
        return this.#tell({ type: "pong", ref: request.ref });
    }
  }

  /** A "say" was done: the peer's id of the message, or why it was not sent. */
  sent({ id, to, text }: SayOutput, outcome: { id: string } | { why: string }, now: number): void {
    const answer = "why" in outcome
      ? { type: "failed", id, why: outcome.why }
      : this.#record(outcome.id, id, to, text, now);
    this.#answers.set(id, answer);
    forgetOldest(this.#answers);
    this.#tell(answer);
  }

  /** The user has sent a message by other means than the page. */
  sentElsewhere(id: string, to: Target, text: string, now: number): void {
    this.#record(id, id, to, text, now);
  }

  /** A "signal" was not received. */
  unheard(to: string): void {
    this.#tell({ type: "unheard", to, why: `no program of ${to} is there` });
  }

  /** Text from another program for the page. */
  signalled(from: string, text: string, at: string): void {
    this.#tell({ type: "signal", from, at, text });
  }

  /** An event of the peer; with `ref`, it is the answer to the "ask" of this number. */
  event(event: PeerEvent, ref: number | undefined, now: number): void {
    switch (event.type) {
      case "message": {
        const { from, to, text, time } = event.message;
        return this.#keep({ type: "message", from, ...targetOf(to), text, time });
      }
      case "delivered":
      case "failed":
        return this.#settled(event, now);
      case "online":
      case "offline":
        return this.#tell({ type: "presence", online: [], offline: [], [event.type]: [event.name] });
      case "users":
        return this.#answer(ref, { type: "users", users: event.users, more: false });
      case "rooms":
        return this.#answer(ref, { type: "rooms", rooms: event.rooms, more: false });
      case "joined":
        return this.#joined(event.room, event.members);
      case "left":
        return this.#left(event.room);
      case "members":
        for (const name of event.names) this.#rooms.get(event.room)?.add(name);
        return;
      case "memberJoined":
        this.#rooms.get(event.room)?.add(event.name);
        return;
      case "memberLeft":
        this.#rooms.get(event.room)?.delete(event.name);
        return;
      case "denied":
        return this.#answer(ref, { type: "denied", why: event.why });
    }
  }

  #resume({ store, after }: Request<"resume">): void {
    const from = store === this.store ? after ?? 0 : 0;
    const rooms = [...this.#rooms.keys()];
    this.#tell({ type: "begun", store: this.store, last: this.#lastSeq, rooms, textBytes: LIMITS.textBytes.default });
    for (const { seq, json } of this.#entries) if (seq > from) this.#tell(json);
  }

  #say({ id, to, text }: Request<"say">): void {
    const before = this.#answers.get(id);
    if (before) return this.#tell(before);
    this.#outputs.push({ type: "say", id, to, text });
  }

  /** Records a message of the user; the answer to its sender. */
  #record(peerId: string, id: string, to: Target, text: string, time: number): Record<string, unknown> {
    time = Math.round(time);
    const seq = ++this.#lastSeq;
    this.#messages.set(peerId, { id, seq, to });
    forgetOldest(this.#messages);
    this.#remember({ seq, json: { type: "message", seq, from: this.name, ...targetOf(to), text, time, id } });
    return { type: "sent", id, seq, time };
  }

  #settled(event: Extract<PeerEvent, { type: "delivered" | "failed" }>, now: number): void {
    const message = this.#messages.get(event.id);
    if (!message) return;
    const { id, seq: of, to } = message;
    if (event.type === "delivered") return this.#keep({ type: "delivered", id, to: event.to, of, time: event.time });
    // It may have failed for one member of a group alone.
    const who = "room" in to && event.to && "user" in event.to ? `${event.to.user}: ` : "";
    this.#keep({ type: "failed", id, ...targetOf(to), of, time: Math.round(now), why: who + event.why });
  }

  #ask(ref: number, question: PeerQuestion): void {
    this.#outputs.push({ type: "ask", ref, question });
  }

  #answer(ref: number | undefined, json: Record<string, unknown>): void {
    if (ref !== undefined) this.#tell({ ...json, ref });
  }

  #joined(room: string, members: number): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, new Set([this.name]));
    const ref = this.#joining.get(room) ?? 0;
    this.#joining.delete(room);
    this.#tell({ type: "joined", ref, room, members });
  }

  #left(room: string): void {
    this.#rooms.delete(room);
    const ref = this.#leaving.get(room) ?? 0;
    this.#leaving.delete(room);
    this.#tell({ type: "left", ref, room });
  }

  #who({ ref, room }: Request<"inRoom">): void {
    const names = this.#rooms.get(room);
    if (!names) return this.#tell({ type: "denied", ref, why: `you are not in ${JSON.stringify(room)}` });
    const users = [...names].map((name) => ({ name, online: true }));
    this.#tell({ type: "who", ref, room, users, more: false });
  }

  #history({ ref, of, before = Infinity, limit }: Request<"history">): void {
    const all = this.#entries.filter(({ seq, json }) =>
      seq < before && json.type === "message" && this.#isOf(json, of)
    );
    const messages = all.slice(Math.max(0, all.length - limit)).map(({ json }) => json);
    this.#tell({ type: "history", ref, messages, more: messages.length < all.length });
  }

  #isOf(json: Record<string, unknown>, of: Target): boolean {
    if ("room" in of) return json.room === of.room;
    return json.room === undefined && (json.from === this.name ? json.to : json.from) === of.user;
  }

  #keep(json: Record<string, unknown>): void {
    const seq = ++this.#lastSeq;
    const entry = { seq, json: { ...json, seq } };
    this.#remember(entry);
    this.#tell(entry.json);
  }

  #remember(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES) this.#entries.splice(0, this.#entries.length - ENTRIES);
  }

  #tell(json: Record<string, unknown>): void {
    this.#window.send(JSON.stringify(json));
  }
}

function targetOf(to: Target): Record<string, string> {
  return "user" in to ? { to: to.user } : { room: to.room };
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= ANSWERS) return;
    map.delete(key);
  }
}
