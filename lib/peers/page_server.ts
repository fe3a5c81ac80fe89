import { Fault } from "../core/errors.ts";
import { Outputs } from "../core/machine.ts";
import { LIMITS } from "../core/limits.ts";
import type { Target } from "../chat/store.ts";
import { type PageOutput, SingleWindow } from "../protocols/native/single_window.ts";
import { decodeNative, type NativeRequest } from "../protocols/native/requests.ts";
import type { PeerEvent, PeerQuestion } from "./event.ts";

/** What the house of a page has done for it. */
export interface PageServerWay {
  say(to: Target, text: string): { readonly id: string } | { readonly why: string };
  ask(question: PeerQuestion): void;
  /** False when nobody hears it. */
  signal(to: string, text: string): boolean;
  now(): number;
}

type Request<Type extends NativeRequest["type"]> = Extract<NativeRequest, { type: Type }>;

/** One thing that the page was told, or would have been. */
interface Entry {
  readonly seq: number;
  readonly json: Record<string, unknown>;
}

/** What was said, and what became of it, is remembered up to here; the oldest goes first. */
const ENTRIES = 2000;
/** Ids whose first answer is given again when they are said again. */
const ANSWERS = 10_000;

/**
 * Chat between peers for a page: speaks our own protocol to it as a server does. What was said is remembered as long as the program
 * runs. Questions are answered in the turn they are asked in, but for `join`, which others have a say in.
 */
export class PageServer {
  readonly isLoggedIn = true;
  readonly #entries: Entry[] = [];
  readonly #answers = new Map<string, Record<string, unknown>>();
  /** What the page calls what the peer calls otherwise. */
  readonly #spoken = new Map<string, { readonly id: string; readonly seq: number; readonly to: Target }>();
  readonly #rooms = new Map<string, Set<string>>();
  readonly #joining = new Map<string, number>();
  readonly #outputs = new Outputs<PageOutput>();
  readonly #window = new SingleWindow(this.#outputs);
  #lastSeq = 0;
  /** The number of the question that is being asked. */
  #asking: number | undefined;

  /** `store` tells this run from all others. */
  constructor(readonly name: string, readonly store: string, readonly way: PageServerWay) {}

  takeOutputs(): readonly PageOutput[] {
    return this.#outputs.take();
  }

  pageOpened(page: number): void {
    this.#window.open(page);
  }

  pageClosed(page: number): void {
    this.#window.closed(page);
  }

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
        if (this.way.signal(request.to, request.text)) return;
        return this.#tell({ type: "unheard", to: request.to, why: `no program of ${request.to} is there` });
      case "users":
      case "rooms":
        return this.#ask(request.ref, { type: request.type });
      case "join":
        this.#joining.set(request.room, request.ref);
        return this.#ask(request.ref, request);
      case "leaveRoom":
        return this.#ask(request.ref, { type: "leave", room: request.room });
      case "inRoom":
        return this.#who(request);
      case "history":
        return this.#history(request);
      case "ping":
        return this.#tell({ type: "pong", ref: request.ref });
    }
  }

  /** Somebody has said something with this program otherwise than in the page. */
  spoken(id: string, to: Target, text: string): void {
    this.#spoke(id, id, to, text);
  }

  /** Somebody's program says something to the page that is not for people. */
  signalled(from: string, text: string, at: string): void {
    this.#tell({ type: "signal", from, at, text });
  }

  /** Something has happened among the peers. */
  happened(event: PeerEvent): void {
    switch (event.type) {
      case "message": {
        const { from, to, text, time } = event.message;
        return this.#keep({ type: "message", from, ...placeOf(to), text, time });
      }
      case "delivered":
      case "failed":
        return this.#settled(event);
      case "online":
      case "offline":
        return this.#tell({ type: "presence", online: [], offline: [], [event.type]: [event.name] });
      case "users":
        return this.#answer({ type: "users", users: event.users, more: false });
      case "rooms":
        return this.#answer({ type: "rooms", rooms: event.rooms, more: false });
      case "joined":
        return this.#joined(event.room, event.members);
      case "left":
        this.#rooms.delete(event.room);
        return this.#tell({ type: "left", ref: this.#asking ?? 0, room: event.room });
      case "members":
        for (const name of event.names) this.#rooms.get(event.room)?.add(name);
        return;
      case "came":
        this.#rooms.get(event.room)?.add(event.name);
        return;
      case "went":
        this.#rooms.get(event.room)?.delete(event.name);
        return;
      case "denied":
        return this.#answer({ type: "denied", why: event.why });
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
    const said = this.way.say(to, text);
    const answer = "why" in said ? { type: "failed", id, why: said.why } : this.#spoke(said.id, id, to, text);
    this.#answers.set(id, answer);
    forgetOldest(this.#answers);
    this.#tell(answer);
  }

  /** Remembers what was said here; the answer to whoever said it. */
  #spoke(spoken: string, id: string, to: Target, text: string): Record<string, unknown> {
    const time = this.#time;
    const seq = ++this.#lastSeq;
    this.#spoken.set(spoken, { id, seq, to });
    forgetOldest(this.#spoken);
    this.#remember({ seq, json: { type: "message", seq, from: this.name, ...placeOf(to), text, time, id } });
    return { type: "sent", id, seq, time };
  }

  #settled(event: Extract<PeerEvent, { type: "delivered" | "failed" }>): void {
    const said = this.#spoken.get(event.id);
    if (!said) return;
    const { id, seq: of, to } = said;
    if (event.type === "delivered") return this.#keep({ type: "delivered", id, to: event.to, of, time: event.time });
    // Of a group one may not have it, and all the others do.
    const who = "room" in to && event.to && "user" in event.to ? `${event.to.user}: ` : "";
    this.#keep({ type: "failed", id, ...placeOf(to), of, time: this.#time, why: who + event.why });
  }

  #ask(ref: number, question: PeerQuestion): void {
    this.#asking = ref;
    this.way.ask(question);
    this.#asking = undefined;
  }

  /** The answer to what is being asked, if it was the page that asked. */
  #answer(json: Record<string, unknown>): void {
    if (this.#asking !== undefined) this.#tell({ ...json, ref: this.#asking });
  }

  #joined(room: string, members: number): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, new Set([this.name]));
    const ref = this.#joining.get(room) ?? 0;
    this.#joining.delete(room);
    this.#tell({ type: "joined", ref, room, members });
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

  get #time(): number {
    return Math.round(this.way.now());
  }

  #tell(json: Record<string, unknown>): void {
    this.#window.send(JSON.stringify(json));
  }
}

function placeOf(to: Target): Record<string, string> {
  return "user" in to ? { to: to.user } : { room: to.room };
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= ANSWERS) return;
    map.delete(key);
  }
}
