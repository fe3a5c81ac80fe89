import type { Command } from "../../chat/command.ts";
import type { Event } from "../../chat/event.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { formatWait } from "../../core/text.ts";
import { decodeWire, escapesBytes, quoted } from "../../core/wire_text.ts";
import { PacedLines } from "../../core/paced_lines.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, SessionFacts, SessionOutput } from "../session.ts";
import { AS_GUEST, encodeList, encodeReply, LA, LB, notRegisteredLine, REPLY, withoutPadding } from "./lines.ts";
import { maskPassword } from "./mask.ts";
import { ReceiptQueue } from "./receipt_queue.ts";
import { commandOf, decodeRequest, isKnown, refusal, type Request, type Stage } from "./request.ts";

const REDIAL_MS = 50;
const NEWLINE = 0x0a;

/**
 * The server's side of one IM client.
 *
 * 1. One command at a time: the next is read when the last has its reply.
 * 2. One message at a time on Lb (see `ReceiptQueue`).
 * 3. A request that is malformed or not known in its stage gets 401 and changes nothing.
 */
export class ImServerSession implements Session {
  name: string | undefined;
  #stage: Stage = "authentication";
  /** A command waits for its reply. */
  #awaitsReply = false;
  /** Lines of La that were read. */
  #taken = 0;
  /** Those that only ask what answers here, which is no step of a login. */
  #asked = 0;
  /** The client has finished sending on La. */
  #finished = false;
  /** When the client must have taken the next step. */
  #stepDeadline: number;
  /** The port being dialed, since when, and when to try it again. */
  #dial: { port: number; since: number; again: number } | undefined;
  readonly #facts: SessionFacts;
  readonly #limits: Limits;
  readonly #outputs = new Outputs<SessionOutput>();
  readonly #lines: PacedLines;
  readonly #queue: ReceiptQueue;

  constructor(facts: SessionFacts, limits: Limits, now: number) {
    this.#facts = facts;
    this.#limits = limits;
    this.#lines = new PacedLines(limits, now, decodeWire);
    this.#stepDeadline = now + limits.loginMs;
    this.#queue = new ReceiptQueue(limits, this.#outputs, now);
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  masked(link: Link, text: string, nth: number): string {
    return link === LB ? text : maskPassword(text, this.#stage === "authentication", nth === 0);
  }

  get wakeAt(): number {
    if (this.#stage === "ended") return Infinity;
    return Math.min(this.#lines.readyAt, this.#stepDeadline, this.#queue.wakeAt, this.#dial?.again ?? Infinity);
  }

  hungry(link: Link): boolean {
    return link === LB ? this.#queue.hungry : this.#lines.hungry;
  }

  receive(link: Link, bytes: Uint8Array, now: number): void {
    if (this.#stage === "ended") return;
    if (link === LB) return this.#queue.receive(bytes, now);
    this.#lines.push(bytes);
    this.#readInNewTurn(now);
  }

  closed(link: Link, ending: Ending, now: number): void {
    if (this.#stage === "ended") return;
    if (link === LB) return this.#part("closed Lb", now);
    this.#finished = true;
    if (ending === "broken") return this.#endLa("connection lost");
    this.#readInNewTurn(now);
  }

  dialed(_link: Link, outcome: DialOutcome, now: number): void {
    const dial = this.#dial;
    if (!dial || this.#stage !== "link") return;
    const retry = outcome === "refused" && now + REDIAL_MS <= dial.since + this.#limits.linkRetryMs;
    if (retry) {
      dial.again = now + REDIAL_MS;
      return;
    }
    this.#dial = undefined;
    const isLinked = outcome === "connected";
    const result = isLinked ? "linked" : `not linked: ${outcome}`;
    this.#outputs.push({ type: "request", text: `port ${dial.port}`, outcome: result });
    if (isLinked) {
      this.#stage = "chat";
      this.#stepDeadline = Infinity;
      this.#answer(REPLY.linked);
      this.#command({ type: "ready" });
      this.#queue.open(now);
    } else {
      this.#stepDeadline = now + this.#limits.loginMs;
      this.#complain(LA, `got 202: ${this.#notLinked(dial.port, outcome)}`);
      this.#answer(REPLY.notLinked);
    }
    this.#readInNewTurn(now);
  }

  event(event: Event, now: number): void {
    if (this.#stage === "ended") return;
    switch (event.type) {
      case "message":
        return this.#queue.offer(event, now);
      case "welcome":
        this.name = event.name;
        this.#stage = "link";
        this.#stepDeadline = now + this.#limits.loginMs;
        this.#answer(REPLY.authenticated);
        break;
      case "turnedAway":
        this.#stepDeadline = now + this.#limits.loginMs;
        this.#answer(REPLY.refused);
        break;
      case "registered":
        this.#stepDeadline = now + this.#limits.loginMs;
        this.#answer(event.why === undefined ? REPLY.registered : notRegisteredLine(event.why));
        break;
      case "present":
        this.#awaitsReply = false;
        this.#write(encodeList(event.names, event.asker));
        break;
      case "outcome":
        if (!event.delivered) this.#complain(LA, `got 304: ${event.why ?? "the message was not delivered"}`);
        this.#answer(event.delivered ? REPLY.delivered : REPLY.notDelivered);
        break;
      case "closing":
        if (this.#stage === "chat") this.#reply(REPLY.bye);
        return this.#end(event.why ?? "the server stops");
    }
    this.#read(now);
  }

  upgradable(possible: boolean, now: number): void {
    if (this.#stage !== "chat" && this.#stage !== "authentication") return;
    if (possible) return this.#upgrade();
    const asGuest = this.#stage === "authentication";
    this.#awaitsReply = false;
    this.#refuse({ type: "partyline", asGuest }, asGuest ? AS_GUEST : "/partyline 2");
    this.#read(now);
  }

  tick(now: number): void {
    if (this.#stage === "ended") return;
    if (now >= this.#stepDeadline) {
      if (this.#stage === "parting") return this.#end("closed Lb");
      return this.#endLa(`${this.#missingStep} within ${formatWait(this.#limits.loginMs)}`, true);
    }
    if (this.#dial && now >= this.#dial.again) {
      this.#dial.again = Infinity;
      this.#outputs.push({ type: "dial", link: LB, port: this.#dial.port });
    }
    this.#queue.tick(now);
    if (this.#queue.misses >= this.#limits.receiptMisses) {
      return this.#end(`${this.#queue.misses} messages in a row without a receipt`, true);
    }
    if (now >= this.#lines.readyAt) this.#readInNewTurn(now);
  }

  #readInNewTurn(now: number): void {
    this.#lines.beginTurn();
    this.#read(now);
  }

  /** Reads lines until one has to wait for its reply, the turn is over, or none is left. */
  #read(now: number): void {
    while (!this.#awaitsReply && this.#stage !== "ended") {
      const line = this.#lines.next(now);
      if (line !== undefined) {
        this.#take(line, now);
        continue;
      }
      if (this.#finished && this.#lines.readyAt === Infinity) this.#endLa("closed La");
      return;
    }
  }

  #take(line: string | Fault, now: number): void {
    const request = decoded(line);
    this.#taken++;
    if (request instanceof Fault) {
      this.#refuse(request, line instanceof Fault ? "" : line);
      if (request.kind === "too long") this.#end(request.message, true);
      return;
    }
    // Our client asks what answers before it sends a password: no mistake, and no complaint.
    if (this.#stage === "authentication") {
      const offer = request.type === "asksTls" ? this.#facts.tlsOffer : undefined;
      if (request.type === "asksTls" || (request.type === "partyline" && !request.asGuest)) {
        this.#asked++;
        return this.#reply(offer ?? REPLY.unrecognized);
      }
    }
    if (!isKnown(request, this.#stage, this.#facts)) return this.#refuse(request, line as string);
    switch (request.type) {
      case "exit":
        this.#reply(REPLY.bye);
        return this.#end("said /exit");
      case "port":
        this.#dial = { port: request.port, since: now, again: Infinity };
        this.#outputs.push({ type: "dial", link: LB, port: request.port });
        break;
      case "partyline":
        this.#outputs.push({ type: "prepareUpgrade", protocol: "native" });
        break;
      case "asksTls":
        return;
      default:
        this.#command(commandOf(request));
    }
    this.#awaitsReply = true;
    // The deadline of a step runs while the client has something to do, not while it waits for us.
    if (this.#stage === "authentication" || this.#stage === "link") this.#stepDeadline = Infinity;
  }

  /** La goes over to the native protocol. What was not confirmed on Lb comes again there. */
  #upgrade(): void {
    // The next session would never learn that the client has finished.
    if (this.#finished) return this.#end("closed La");
    this.#reply(REPLY.partyline);
    this.#stage = "ended";
    this.#queue.close();
    this.#outputs.push({ type: "upgrade", protocol: "native", rest: this.#lines.takeBytes() });
  }

  #refuse(request: Request | Fault, line: string): void {
    this.#complain(LA, `got 401: ${refusal(request, this.#stage, this.#quoted(line, this.#taken === 1))}`);
    this.#reply(REPLY.unrecognized);
  }

  get #missingStep(): string {
    return this.#stage === "authentication" ? "no successful /login" : "no successful /port";
  }

  #notLinked(port: number, outcome: DialOutcome): string {
    const where = `port ${port} of ${this.#facts.peer.hostname}`;
    if (outcome === "refused") {
      return `nothing listens on ${where}: expected a client that listens before it sends /port`;
    }
    return `${where} cannot be connected within ${formatWait(this.#limits.linkDialMs)}`;
  }

  /** Replies to the command that waits. */
  #answer(line: string): void {
    this.#awaitsReply = false;
    this.#reply(line);
  }

  #reply(line: string): void {
    this.#write(encodeReply(line));
  }

  #write(bytes: Uint8Array): void {
    if (this.#stage === "ended") return;
    this.#outputs.push({ type: "write", link: LA, bytes });
  }

  /** Lb is gone: no message can reach this client any more, so its user goes offline at once. */
  #part(why: string, now: number): void {
    if (this.#stage !== "chat") return;
    this.#stage = "parting";
    this.#stepDeadline = now + this.#limits.partingMs;
    this.#queue.close();
    this.#command({ type: "leave", why });
    this.#read(now);
  }

  /** Ends the session; the reason names what has no line end on La. */
  #endLa(why: string, breaksRule = false): void {
    const rest = this.#lines.takeBytes();
    // NULs are the rest of a buffer that was sent whole.
    if (rest.every((byte) => byte === 0) || rest.includes(NEWLINE)) {
      // Each `client chat` begins with a connection that asks where TLS is, and ends.
      const onlyAsked = this.#taken > 0 && this.#asked === this.#taken && this.#stage === "authentication";
      if (onlyAsked && !breaksRule) this.#command({ type: "leave", why, isQuiet: true });
      return this.#end(why, breaksRule);
    }
    const size = rest.length === 1 ? "1 byte" : `${rest.length} bytes`;
    this.#end(`${why}, after ${size} without a line end, ${this.#quoted(decodeWire(rest), this.#taken === 0)}`, true);
  }

  /** A line of La for the log. */
  #quoted(line: string, first: boolean): string {
    return quoted(maskPassword(line, this.#stage === "authentication", first));
  }

  #end(why: string, breaksRule = false): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#queue.close();
    this.#outputs.push({ type: "end", why, breaksRule });
  }

  #command(command: Command): void {
    this.#outputs.push({ type: "command", command });
  }

  #complain(link: Link, text: string): void {
    this.#outputs.push({ type: "complaint", link, text });
  }
}

function decoded(line: string | Fault): Request | Fault {
  if (line instanceof Fault) return line;
  return escapesBytes(line) ? new Fault("not text", "expected UTF-8") : decodeRequest(withoutPadding(line));
}

export const IM_PROTOCOL = {
  name: "im",
  links: ["La", "Lb"],
  framing: "lines",
  openSession: (facts: SessionFacts, limits: Limits, now: number): Session => new ImServerSession(facts, limits, now),
} as const;
