import type { Event, Message } from "../../chat/event.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { RateLimiter } from "../../core/limiters.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, Way } from "../session.ts";
import {
  encodeReply,
  LA,
  LB,
  listLine,
  messageLine,
  notRegisteredLine,
  RECEIPT,
  REPLY,
  withoutPassword,
} from "./lines.ts";
import { Lane } from "./receipt_queue.ts";
import { decodeRequest, type Request } from "./request.ts";

const REDIAL_MS = 50;
/** With one command at a time there is one outcome to wait for. */
const ONLY_REF = 0;

/** Where a session stands. `parting`: Lb is gone, the name is off the list, `/exit` is still answered for a moment. */
type Stage = "authentication" | "link" | "chat" | "parting" | "ended";

/**
 * The server's side of one IM client.
 *
 * 1. One command at a time: the next is looked at when the last has its reply.
 * 2. One message at a time on Lb (see `Lane`).
 * 3. What is not known in its stage, or is malformed, gets 401 and changes nothing.
 */
export class ImServerSession implements Session {
  name: string | undefined;
  #stage: Stage = "authentication";
  /** A command waits for its reply, so the next waits too. */
  #busy = false;
  #finished = false;
  #working = false;
  #stepDeadline: number;
  /** The port being dialled, since when, and when to try it again. */
  #dial: { port: number; since: number; again: number } | undefined;
  #moreAt = Infinity;
  readonly #lines: LineDecoder;
  readonly #rate: RateLimiter;
  readonly #lane: Lane;

  constructor(readonly way: Way, readonly limits: Limits, now: number) {
    this.#lines = new LineDecoder(limits.lineBytes);
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    this.#stepDeadline = now + limits.loginMs;
    this.#lane = new Lane(limits, {
      send: (message, bytes) => this.#sendMessage(message, bytes),
      receipt: () => way.trace?.(LB, "up", RECEIPT),
      taken: ({ id }) => way.command({ type: "taken", id }),
      missed: ({ id, from }, sent, why) => {
        way.note(`a message from ${from} is given up: ${why}`);
        way.command({ type: "missed", id, sent });
      },
    });
  }

  get wakeAt(): number {
    if (this.#stage === "ended") return Infinity;
    return Math.min(this.#moreAt, this.#stepDeadline, this.#lane.deadline, this.#dial?.again ?? Infinity);
  }

  hungry(link: Link): boolean {
    return link === LB || this.#lines.heldBytes <= this.limits.lineBytes;
  }

  push(link: Link, bytes: Uint8Array, now: number): void {
    if (this.#stage === "ended") return;
    if (link === LA) {
      this.#lines.push(bytes);
      this.#work(now);
      return;
    }
    this.#lane.push(bytes, now);
  }

  closed(link: Link, ending: Ending, now: number): void {
    if (this.#stage === "ended") return;
    if (link === LB) return this.#part("closed Lb", now);
    this.#finished = true;
    if (ending === "broken") return this.#end("connection lost");
    this.#work(now);
  }

  dialled(_link: Link, outcome: DialOutcome, now: number): void {
    const dial = this.#dial;
    if (!dial || this.#stage !== "link") return;
    const retry = outcome === "refused" && now + REDIAL_MS <= dial.since + this.limits.linkRetryMs;
    if (retry) {
      dial.again = now + REDIAL_MS;
      return;
    }
    this.#dial = undefined;
    if (outcome === "connected") {
      this.#stage = "chat";
      this.#stepDeadline = Infinity;
      this.#answer(REPLY.linked);
      this.way.command({ type: "ready" });
      this.#lane.open(now);
    } else {
      this.#stepDeadline = now + this.limits.loginMs;
      this.way.note(`Lb to port ${dial.port} ${outcome === "refused" ? "is refused" : "cannot be connected"}`);
      this.#answer(REPLY.notLinked);
    }
    this.#work(now);
  }

  event(event: Event, now: number): void {
    if (this.#stage === "ended") return;
    switch (event.type) {
      case "message":
        return this.#lane.offer(event, now);
      case "welcome":
        this.name = event.name;
        this.#stage = "link";
        this.#stepDeadline = now + this.limits.loginMs;
        this.#answer(REPLY.authenticated);
        break;
      case "turnedAway":
        this.#stepDeadline = now + this.limits.loginMs;
        this.#answer(REPLY.refused);
        break;
      case "registered":
        this.#stepDeadline = now + this.limits.loginMs;
        this.#answer(event.why === undefined ? REPLY.registered : notRegisteredLine(event.why));
        break;
      case "present":
        this.#answer(listLine(event.names));
        break;
      case "outcome":
        this.#answer(event.delivered ? REPLY.delivered : REPLY.notDelivered);
        break;
      case "closing":
        if (this.#stage === "chat") this.#reply(REPLY.bye);
        return this.#end("the server stops");
    }
    this.#work(now);
  }

  tick(now: number): void {
    if (this.#stage === "ended") return;
    if (now >= this.#stepDeadline) {
      const why = this.#stage === "parting" ? "closed Lb" : `no ${this.#stage} within ${this.limits.loginMs} ms`;
      return this.#end(why);
    }
    if (this.#dial && now >= this.#dial.again) {
      this.#dial.again = Infinity;
      this.way.dial(LB, this.#dial.port);
    }
    this.#lane.tick(now);
    if (this.#lane.misses >= this.limits.receiptMisses) {
      return this.#end(`${this.#lane.misses} messages in a row without a receipt`);
    }
    if (now >= this.#moreAt) this.#work(now);
  }

  /** Works off lines until one has to wait for its reply, the turn is over, or none is left. */
  #work(now: number): void {
    if (this.#working) return;
    this.#working = true;
    this.#moreAt = Infinity;
    for (let taken = 0; !this.#busy && this.#stage !== "ended"; taken++) {
      if (taken === this.limits.turnLines && this.#lines.hasLine) {
        this.#moreAt = now;
        break;
      }
      if (this.#lines.hasLine && !this.#rate.take(now)) {
        this.#moreAt = this.#rate.readyAt(now);
        break;
      }
      const line = this.#lines.next();
      if (line === undefined) {
        if (this.#finished) this.#end("closed La");
        break;
      }
      this.#take(line, now);
    }
    this.#working = false;
  }

  #take(line: string | Fault, now: number): void {
    const request = line instanceof Fault ? line : decodeRequest(line);
    this.#traceRequest(line);
    if (request instanceof Fault || !this.#knows(request)) {
      const { message } = request instanceof Fault ? request : { message: `/${request.type} is not known here` };
      this.way.remark(() => `401 at ${this.#stage}: ${message}`);
      this.#reply(REPLY.unrecognized);
      if (request instanceof Fault && request.kind === "too long") this.#end(request.message);
      return;
    }
    switch (request.type) {
      case "login":
        this.#wait();
        return this.way.command({ type: "login", name: request.name, password: request.password });
      case "register":
        this.#wait();
        return this.way.command({ type: "register", name: request.name, password: request.password });
      case "port":
        this.#wait();
        this.#dial = { port: request.port, since: now, again: Infinity };
        return this.way.dial(LB, request.port);
      case "list":
        this.#wait();
        return this.way.command({ type: "who" });
      case "to":
        this.#wait();
        return this.way.command({ type: "send", ref: ONLY_REF, to: request.name, text: request.text });
      case "toall":
        this.#wait();
        return this.way.command({ type: "sendAll", ref: ONLY_REF, text: request.text });
      case "partyline":
        this.#wait();
        return this.#lane.hold(() => this.#become(), now);
      case "exit":
        this.#reply(REPLY.bye);
        return this.#end("said /exit");
    }
  }

  #knows(request: Request): boolean {
    switch (this.#stage) {
      case "authentication":
        return request.type === "login" || (request.type === "register" && this.way.knows("registration"));
      case "link":
        return request.type === "port";
      case "parting":
        return request.type === "exit";
      default:
        if (request.type === "partyline") return this.way.knows("native");
        return request.type !== "login" && request.type !== "register" && request.type !== "port";
    }
  }

  /** Nothing is in flight: La goes over to our own protocol. */
  #become(): void {
    // Nobody would tell the next session that nothing more comes.
    if (this.#finished) return this.#end("closed La");
    this.#reply(REPLY.partyline);
    this.#stage = "ended";
    this.#lane.close();
    if (!this.way.become("native", this.#lines.takeBytes())) this.way.end("our own protocol cannot be had here");
  }

  /** The command just taken has its reply later. */
  #wait(): void {
    this.#busy = true;
    // The clock of a step runs while the client has something to do, not while we have.
    if (this.#stage === "authentication" || this.#stage === "link") this.#stepDeadline = Infinity;
  }

  /** The reply to the command that waits. */
  #answer(line: string): void {
    this.#busy = false;
    this.#reply(line);
  }

  #reply(line: string): void {
    if (this.#stage === "ended") return;
    this.way.trace?.(LA, "down", line);
    this.way.write(LA, encodeReply(line));
  }

  #sendMessage(message: Message, bytes: Uint8Array): void {
    this.way.trace?.(LB, "down", messageLine(message));
    this.way.write(LB, bytes);
  }

  /** Lb is gone: nothing can reach this client any more, so its name leaves at once. */
  #part(why: string, now: number): void {
    if (this.#stage !== "chat") return;
    this.#stage = "parting";
    this.#stepDeadline = now + this.limits.partingMs;
    this.#lane.close();
    this.way.command({ type: "leave", why });
    this.#work(now);
  }

  #end(why: string): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#lane.close();
    this.way.end(why);
  }

  #traceRequest(line: string | Fault): void {
    if (!this.way.trace) return;
    const text = line instanceof Fault ? `(${line.message})` : withoutPassword(line, this.#stage === "authentication");
    this.way.trace(LA, "up", text);
  }
}

/** The IM door: what it is called, what its links are called, and how a session begins. */
export const IM_PROTOCOL = {
  name: "im",
  links: ["La", "Lb"],
  openSession: (way: Way, limits: Limits, now: number): Session => new ImServerSession(way, limits, now),
} as const;
