import { Fault } from "../core/errors.ts";
import { Outputs } from "../core/machine.ts";
import { LIMITS } from "../core/limits.ts";
import type { Target } from "../chat/entry.ts";
import { encodeServerMessage, type ServerMessage } from "../protocols/native/messages.ts";
import { type PageOutput, SingleWindow } from "../protocols/native/single_window.ts";
import { decodeNative, type NativeRequest } from "../protocols/native/requests.ts";
import type { PeerEvent, PeerQuestion } from "./event.ts";
import { PageLog } from "./page_log.ts";

/** What the server of a page wants done. */
export type PageServerOutput =
  | PageOutput
  /** Send a message; answer with `sent`, once what is said before it is answered. */
  | SayOutput
  /** Ask the peer; its answer comes by `event`, with this `ref`. */
  | { readonly type: "ask"; readonly ref: number; readonly question: PeerQuestion }
  /** Send text to a person's program; if it is not there, say so with `unheard`. */
  | { readonly type: "signal"; readonly to: string; readonly text: string };

interface SayOutput {
  readonly type: "say";
  /** The tab that it is from, and its number there. */
  readonly client: string;
  readonly number: number;
  readonly to: Target;
  readonly text: string;
}

type Request<Type extends NativeRequest["type"]> = Extract<NativeRequest, { type: Type }>;

/** One client of the page: a tab. */
interface Producer {
  /** Its highest number that was taken, and up to where all are answered. */
  taken: number;
  number: number;
  readonly refused: Map<number, string>;
}

/**
 * The server of a page that chats with peers, or at a server that does not speak our own protocol: speaks it to the page, as a
 * chat server does. Messages are remembered as long as the program runs.
 */
export class PageServer {
  readonly isLoggedIn = true;
  readonly #outputs = new Outputs<PageServerOutput>();
  readonly #producers = new Map<string, Producer>();
  /** The client that the open page is. */
  #client = "";
  readonly #log: PageLog;
  /** The members of each room; undefined where they are not known. */
  readonly #rooms = new Map<string, Set<string> | undefined>();
  /** Rooms that are being joined or left, and the page's request. */
  readonly #joining = new Map<string, number>();
  readonly #leaving = new Map<string, number>();
  readonly #window = new SingleWindow(this.#outputs);

  /** `store` identifies this run. */
  constructor(readonly name: string, readonly store: string) {
    this.#log = new PageLog(name);
  }

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
      case "unreadable":
        return this.#refuse(this.#producer(this.#client), request.number, request.why);
      case "edit":
      case "withdraw":
      case "react":
        return this.#refuse(this.#producer(this.#client), request.number, "a message cannot be changed here");
      case "read":
        return this.#log.read(request.of, request.upTo);
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
        return this.#tell({ type: "history", ref: request.ref, ...this.#log.history(request) });
      case "ping":
        return this.#tell({ type: "pong", ref: request.ref });
    }
  }

  /** A "say" was done: the peer's id of the message, or why it was not sent. */
  sent({ client, number, to, text }: SayOutput, outcome: { id: string } | { why: string }, now: number): void {
    const producer = this.#producer(client);
    if ("why" in outcome) return this.#refuse(producer, number, outcome.why);
    producer.number = Math.max(producer.number, number);
    this.#tell(this.#log.addOwn(outcome.id, to, text, Math.round(now), { client, number }));
  }

  /** The user has sent a message by other means than the page. */
  sentElsewhere(id: string, to: Target, text: string, now: number): void {
    this.#tell(this.#log.addOwn(id, to, text, Math.round(now), {}));
  }

  /** A "signal" was not received. */
  unheard(to: string): void {
    this.#tell({ type: "unheard", to, why: `${to} is not online` });
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
        return this.#tell(this.#log.add(from, to, text, time));
      }
      case "delivered":
      case "failed": {
        const message = this.#log.settled(event, Math.round(now));
        return message && this.#tell(message);
      }
      case "online":
      case "offline":
        return this.#tell({
          type: "presence",
          online: event.type === "online" ? [event.name] : [],
          offline: event.type === "offline" ? [event.name] : [],
        });
      case "users":
        return this.#answer(ref, (ref) => ({ type: "users", ref, list: event.users, more: false }));
      case "rooms":
        return this.#answer(ref, (ref) => ({ type: "rooms", ref, list: event.rooms, more: false }));
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
        return this.#answer(ref, (ref) => ({ type: "denied", ref, why: event.why }));
    }
  }

  #resume({ client, answered, store, after }: Request<"resume">): void {
    this.#client = client;
    const producer = this.#producer(client);
    producer.number = Math.max(producer.number, answered);
    producer.taken = Math.max(producer.taken, answered);
    const from = store === this.store ? after ?? 0 : 0;
    this.#tell({
      type: "begun",
      store: this.store,
      last: this.#log.last,
      accepted: producer.number,
      refused: [...producer.refused].flatMap(([number, why]) => number > answered ? [{ number, why }] : []),
      rooms: [...this.#rooms.keys()],
      textBytes: LIMITS.textBytes.default,
      textLines: LIMITS.textLines.default,
      searches: false,
      replies: false,
    });
    this.#tell({ type: "conversations", list: this.#log.conversations() });
    for (const entry of this.#log.after(from)) this.#tell(entry);
    for (const [by, upTo] of this.#log.received) this.#tell({ type: "received", by, upTo });
    this.#tell({ type: "live", upTo: this.#log.last });
  }

  #say({ number, to, text }: Request<"say">): void {
    const producer = this.#producer(this.#client);
    if (number > producer.taken) {
      producer.taken = number;
      return this.#outputs.push({ type: "say", client: this.#client, number, to, text });
    }
    // Its outcome is told once it is known.
    if (number > producer.number) return;
    const why = producer.refused.get(number);
    this.#tell(why === undefined ? { type: "sent", upTo: number } : { type: "failed", number, why });
  }

  #refuse(producer: Producer, number: number, why: string): void {
    producer.taken = Math.max(producer.taken, number);
    producer.number = Math.max(producer.number, number);
    producer.refused.set(number, why);
    this.#tell({ type: "failed", number, why });
  }

  #producer(client: string): Producer {
    let producer = this.#producers.get(client);
    if (!producer) this.#producers.set(client, producer = { taken: 0, number: 0, refused: new Map() });
    return producer;
  }

  #ask(ref: number, question: PeerQuestion): void {
    this.#outputs.push({ type: "ask", ref, question });
  }

  #answer(ref: number | undefined, answer: (ref: number) => ServerMessage): void {
    if (ref !== undefined) this.#tell(answer(ref));
  }

  #joined(room: string, members: number): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, members === 0 ? undefined : new Set([this.name]));
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
    if (!names && this.#rooms.has(room)) {
      return this.#tell({ type: "denied", ref, why: `the server does not say who is in ${JSON.stringify(room)}` });
    }
    if (!names) return this.#tell({ type: "denied", ref, why: `you are not in ${JSON.stringify(room)}` });
    const users = [...names].map((name) => ({ name, online: true }));
    this.#tell({ type: "who", ref, room, list: users, more: false });
  }

  #tell(message: ServerMessage): void {
    this.#window.send(encodeServerMessage(message));
  }
}
