import type { Entry } from "../../chat/entry.ts";
import { handoutText } from "../../chat/entry.ts";
import type { Event } from "../../chat/event.ts";
import { LOBBY } from "../../chat/names.ts";
import { Fault } from "../../core/errors.ts";
import { RateLimiter } from "../../core/limiters.ts";
import type { Limits } from "../../core/limits.ts";
import { timeOfDay } from "../../core/log.ts";
import { Outputs } from "../../core/machine.ts";
import type { DialOutcome, Link, Session, SessionFacts, SessionOutput } from "../session.ts";
import { type MychatGate, STRANGER_BYTES } from "./gate.ts";
import type { JsonObject } from "./json.ts";
import {
  DATAGRAM_BYTES,
  decodeRequest,
  encodeObject,
  fittedText,
  type MychatRequest,
  sentFrom,
  sentToGroup,
  withFields,
} from "./messages.ts";
import { MychatOwnMessages } from "./own_messages.ts";
import { MychatReceipts, type Part } from "./receipts.ts";
import { MychatRetrieval } from "./retrieval.ts";

const LINK: Link = 0;
/** Requests that wait for an answer of the hub, at most. */
const MAX_PENDING = 64;
/** Dropped datagrams of one program for which the log says why, at once and a second: enough to find a mistake by. */
const COMPLAINTS = { burst: 10, perSecond: 0.1 } as const;

type Of<Key extends MychatRequest["key"]> = Extract<MychatRequest, { key: Key }>;

/**
 * One program of the mailbox authors: their JSON, a datagram an object. The reply is the request's object with fields added.
 *
 * 1. The first request claims its user's name, which nothing proves; a refused name is answered with `"isConnected": false`.
 * 2. Nothing is repeated: what a datagram loses comes by `GET_DATA` and `GET_GROUP_DATA`.
 * 3. A private message counts as received once `CONFIRM_MSG_2` has come for it and all before it, or once the program goes on
 *    after a `GET_DATA` whose answer had it.
 * 4. The answer to the first datagram from an address has at most 1,200 bytes, later ones `mychatAnswerBytes`. What others
 *    say is sent whole: they have sent as many bytes themselves.
 */
export class MychatSession implements Session {
  readonly #limits: Limits;
  readonly #gate: MychatGate;
  readonly #outputs = new Outputs<SessionOutput>();
  readonly #rate: RateLimiter;
  /** Bytes of long answers. */
  readonly #answers: RateLimiter;
  readonly #complaints: RateLimiter;
  readonly #receipts = new MychatReceipts();
  /** Questions to the hub, by number. */
  readonly #pending = new Map<number, MychatRetrieval | Of<"REQUEST_JOIN_GROUP">>();
  readonly #own = new MychatOwnMessages();
  /** What the program has been given and confirms by its next request. */
  #given: { readonly from: string; readonly part: Part } | undefined;
  /** The name that was asked for, the request that did, and the refusal. */
  #claim: { readonly name: string; readonly request: MychatRequest; refused: boolean } | undefined;
  #name: string | undefined;
  #isNew = false;
  #joined = false;
  #lastRef = 0;
  /** The newest entry that the session was told. */
  #told = 0;
  /** The wall clock less the clock of timers. */
  #clockOffset = 0;
  #heard = 0;
  #now: number;
  #silentAt: number;
  #ended = false;

  constructor(_facts: SessionFacts, limits: Limits, now: number, gate: MychatGate) {
    this.#limits = limits;
    this.#gate = gate;
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    const { mychatAnswerBytes } = limits;
    this.#answers = new RateLimiter(4 * mychatAnswerBytes, mychatAnswerBytes, now);
    this.#complaints = new RateLimiter(COMPLAINTS.burst, COMPLAINTS.perSecond, now);
    this.#now = now;
    this.#silentAt = now + limits.loginMs;
  }

  get name(): string | undefined {
    return this.#name;
  }

  get wakeAt(): number {
    return this.#ended ? Infinity : this.#silentAt;
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(_link: Link): boolean {
    return true;
  }

  receive(_link: Link, datagram: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#now = now;
    if (!this.#rate.take(now)) return void this.#drop("more requests from one program than are taken");
    const request = decodeRequest(datagram);
    if (request instanceof Fault) return void this.#drop(request.message);
    this.#heard++;
    this.#take(request, now);
  }

  closed(): void {
    this.#end("closed");
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  tick(now: number): void {
    if (now < this.#silentAt) return;
    this.#end(this.#name === undefined ? "it has no name" : `nothing was heard for ${this.#limits.mychatIdleMs} ms`);
  }

  event(event: Event, now: number): void {
    if (this.#ended) return;
    switch (event.type) {
      case "claimed":
        return this.#claimed(event, now);
      case "turnedAway":
        return this.#refused(event);
      case "entries":
        for (const entry of event.entries) this.#entry(entry, now);
        return;
      case "received":
        return this.#receivedBy(event.by, event.upTo, now);
      case "notSent":
        // CONFIRM_MSG would be shown as "Message sent".
        this.#own.notSent(event.number);
        return this.#outputs.push({ type: "log", level: "info", text: `a message was not taken: ${event.why}` });
      case "users":
      case "history":
        return this.#page(event, now);
      case "joined":
        return this.#joinedGroup(event.ref);
      case "denied":
        this.#pending.delete(event.ref);
        return this.#outputs.push({ type: "log", level: "info", text: event.why });
      case "closing":
        return this.#end(event.why ?? "the server stops");
    }
  }

  #take(request: MychatRequest, now: number): void {
    if (this.#name === undefined) return this.#introduce(request);
    this.#silentAt = now + this.#limits.mychatIdleMs;
    if (request.user !== undefined && request.user !== this.#name) {
      if (request.key !== "CONNECT") {
        return void this.#drop(
          `a request under the name of another user, ${JSON.stringify(request.user.slice(0, 80))}`,
        );
      }
      // It opens a session of its own.
      return this.#end("its program connects as another user");
    }
    if (request.key !== "CONNECT") {
      // It has had the answer; a later CONNECT is that of a program which has begun anew, at the same port.
      this.#isNew = false;
      this.#confirmGiven();
    }
    switch (request.key) {
      case "CONNECT":
      case "GET_USERS":
      case "GET_DATA":
      case "GET_GROUP_DATA":
        return this.#ask(new MychatRetrieval(request, this.#name, this.#isNew, this.#told));
      case "REQUEST_JOIN_GROUP":
        if (this.#joined) return void this.#write(withFields(request.object, { partofgroup: true, joined: true }));
        if (!this.#mayAsk()) return;
        this.#pending.set(++this.#lastRef, request);
        return this.#outputs.push({ type: "command", command: { type: "join", ref: this.#lastRef, room: LOBBY } });
      case "SENT_TO":
      case "SENT_TO_GROUP":
        return this.#say(request);
      case "CONFIRM_MSG_2":
        return this.#confirm(request);
      case "LOGOUT":
        this.#write(withFields(request.object, { Loggedout: true }));
        return this.#end("logged out");
    }
  }

  // The name.

  #introduce(request: MychatRequest): void {
    if (request.user === undefined) return void this.#drop("a confirmation before CONNECT");
    const { user } = request;
    if (this.#claim?.name === user) {
      if (this.#claim.refused && request.key === "CONNECT") this.#tellRefused(request);
      return;
    }
    if (this.#claim) return this.#end("its program connects as another user");
    this.#claim = { name: user, request, refused: false };
    this.#outputs.push({ type: "command", command: { type: "claim", name: user } });
  }

  #claimed({ name, isNew, joined, number }: Extract<Event, { type: "claimed" }>, now: number): void {
    this.#name = name;
    this.#isNew = isNew;
    this.#joined = joined;
    this.#own.begin(number);
    if (this.#claim) this.#take(this.#claim.request, now);
  }

  #refused({ why }: Extract<Event, { type: "turnedAway" }>): void {
    if (!this.#claim) return;
    this.#claim.refused = true;
    const text = typeof why === "object" ? why.text : why;
    this.#outputs.push({ type: "log", level: "info", text: `${JSON.stringify(this.#claim.name)} refused: ${text}` });
    if (this.#claim.request.key === "CONNECT") this.#tellRefused(this.#claim.request);
  }

  #tellRefused({ object }: MychatRequest): void {
    this.#write(withFields(object, { isConnected: false, users: [], newAccount: false }));
  }

  // Questions.

  #mayAsk(): boolean {
    return this.#pending.size < MAX_PENDING || this.#drop("more questions of one program than can wait");
  }

  #ask(retrieval: MychatRetrieval): void {
    if (!this.#mayAsk()) return;
    this.#pending.set(++this.#lastRef, retrieval);
    this.#outputs.push({ type: "command", command: retrieval.question(this.#lastRef) });
  }

  #page(event: Extract<Event, { type: "users" | "history" }>, now: number): void {
    const retrieval = this.#pending.get(event.ref);
    if (!(retrieval instanceof MychatRetrieval)) return;
    this.#pending.delete(event.ref);
    const bytes = this.#answerBytes(now);
    const answer = retrieval.page(event, bytes);
    if (answer === undefined) return this.#ask(retrieval);
    this.#answers.charge(now, this.#write(answer));
    if (retrieval.given) this.#given = retrieval.given;
  }

  #joinedGroup(ref: number): void {
    const request = this.#pending.get(ref);
    if (!request || request instanceof MychatRetrieval) return;
    this.#pending.delete(ref);
    const partofgroup = this.#joined;
    this.#joined = true;
    this.#write(withFields(request.object, { partofgroup, joined: true }));
  }

  // Messages.

  #say(request: Of<"SENT_TO" | "SENT_TO_GROUP">): void {
    const command = this.#own.say(request);
    if (!command) return void this.#drop("more messages of one program than can wait");
    this.#outputs.push({ type: "command", command });
  }

  #entry(entry: Entry, now: number): void {
    const { type, from, to, seq, time } = entry;
    const said = handoutText(entry);
    const text = said && fittedText(said);
    const own = from === this.#name;
    this.#told = seq;
    this.#clockOffset = time - now;
    const confirmation = own && type === "message" ? this.#own.kept(entry) : undefined;
    if (confirmation) this.#write(confirmation);
    if (text === undefined) {
      if (own && type === "failure") this.#own.failed(entry.of);
    } else if ("room" in to) {
      if (this.#joined && to.room === LOBBY) this.#write(sentToGroup(from, text, time), DATAGRAM_BYTES);
    } else if (!own || to.user === from) {
      this.#receipts.sent(from, seq, text, timeOfDay(time));
      this.#write(sentFrom(from, to.user, text, time), DATAGRAM_BYTES);
    }
  }

  /** The receiver of own messages has everything up to here. */
  #receivedBy(by: string, upTo: number, now: number): void {
    const time = timeOfDay(now + this.#clockOffset);
    for (const confirmation of this.#own.received(by, upTo, this.#name!, time)) this.#write(confirmation);
  }

  #confirm({ from, text, time }: Of<"CONFIRM_MSG_2">): void {
    const found = this.#receipts.confirm(from, text, time);
    if (!found) return void this.#drop("a confirmation of a message that was not sent");
    this.#outputs.push({ type: "command", command: { type: "taken", id: found.seq } });
    if (found.part) this.#outputs.push({ type: "command", command: { type: "received", from, ...found.part } });
  }

  /** The program goes on, so it has what the last retrieval gave it. */
  #confirmGiven(): void {
    if (!this.#given) return;
    const { from, part } = this.#given;
    this.#given = undefined;
    for (const id of this.#receipts.retrieved(from, part)) {
      this.#outputs.push({ type: "command", command: { type: "taken", id } });
    }
    this.#outputs.push({ type: "command", command: { type: "received", from, ...part } });
  }

  // Datagrams.

  #answerBytes(now: number): number {
    if (this.#heard <= 1) return STRANGER_BYTES;
    // Beyond the rate an answer is short, so that a forged address is not sent much.
    return this.#answers.readyAt(now) <= now ? this.#limits.mychatAnswerBytes : STRANGER_BYTES;
  }

  /** Returns how many bytes are sent. */
  #write(object: JsonObject, most = this.#heard <= 1 ? STRANGER_BYTES : DATAGRAM_BYTES): number {
    const bytes = encodeObject(object);
    if (bytes.length > most) {
      this.#gate.drop(`an answer of ${bytes.length} bytes, at most ${most} are sent`);
      return 0;
    }
    this.#outputs.push({ type: "write", link: LINK, bytes });
    return bytes.length;
  }

  /** A datagram of the program is not taken; false. */
  #drop(why: string): false {
    const isTold = this.#name !== undefined && this.#complaints.take(this.#now);
    if (isTold) this.#outputs.push({ type: "complaint", link: LINK, text: `got no answer: ${why}` });
    return this.#gate.drop(why, isTold);
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "end", why });
  }
}

/** The mailbox authors' protocol; what its sessions share is in `gate`. */
export function mychatProtocol(gate: MychatGate) {
  return {
    name: "mychat",
    links: ["udp"],
    // Nothing listens at a program's port but the program, and TCP is not answered there.
    detectsDeadPeers: true,
    opensAddresses: true,
    openSession: (facts: SessionFacts, limits: Limits, now: number): Session =>
      new MychatSession(facts, limits, now, gate),
  } as const;
}
