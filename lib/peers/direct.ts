import { decodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { type Fields, readObject, readStrings, readText, unexpected } from "../core/json_fields.ts";
import { type Machine, Outputs } from "../core/machine.ts";

/** What two programs tell each other through the chat about a direct connection: one JSON object in a signal. */
type DirectSignal =
  /** Asks for one, or agrees: the key to expect, and the addresses at which this side waits. */
  | { readonly direct: "ask" | "yes"; readonly key: string; readonly at: readonly string[] }
  /** Refuses, or ends it. */
  | { readonly direct: "end"; readonly why: string };

/** A side that can be met. */
export interface DirectPlace {
  /** The public key in base64. */
  readonly key: string;
  readonly at: readonly string[];
}

/** A wish of the user: get or accept a direct connection with someone; or refuse or end it. */
export interface DirectWish {
  readonly type: "direct";
  readonly user: string;
  readonly on: boolean;
}

/** The outcome of a direct connection. */
export interface DirectEvent {
  readonly type: "direct";
  readonly name: string;
  /** `asked`: by this user; `asks`: the other does; `on`: private messages go that way; `off`: they go through the server. */
  readonly state: "asked" | "asks" | "on" | "off";
  /** Why there is none any more. */
  readonly why?: string;
  /** Of the other's key and of this side's, to compare. */
  readonly words?: { readonly theirs: readonly string[]; readonly ours: readonly string[] };
}

export type DirectOutput =
  | { readonly type: "event"; readonly event: DirectEvent }
  /** Tell the other's program something through the chat; with the address at which that sees us only if `at`. */
  | { readonly type: "signal"; readonly to: string; readonly text: string; readonly at: boolean }
  /** Open a port for this conversation; `opened` or `failed` is the answer. */
  | { readonly type: "open"; readonly name: string }
  /** Look for the other side, whose chat connection comes from `seen`. */
  | { readonly type: "meet"; readonly name: string; readonly place: DirectPlace; readonly seen: string }
  /** Close the port. */
  | { readonly type: "close"; readonly name: string };

interface Conversation {
  /** `opening`: the port, before the other is told; `lost`: the link, and the other's reason may still come. */
  stage: "opening" | "asked" | "asks" | "meeting" | "on" | "lost";
  theirs: { readonly place: DirectPlace; readonly seen: string } | undefined;
  /** When the stage takes too long. */
  until: number;
}

/** A person reads the question and answers. */
const ANSWER_MS = 60_000;
/** Both sides dial at once; a LAN takes milliseconds, and a loss or two is repeated. */
const MEET_MS = 10_000;
/** Until the reason for the end of a link has come through the server, if there is one. */
const REASON_MS = 1000;
const LOST = "the connection is lost";
/** Conversations at once; more questions of others are refused. */
const CONVERSATIONS = 32;
const ADDRESSES = 8;
const WHY_CHARACTERS = 200;
const KEY_BYTES = 32;

/**
 * The direct connections of a user of a server: requests in both directions and their outcomes. Pure.
 *
 * 1. Nothing is dialed for a question alone: both sides agree first.
 * 2. Each conversation ends with one event, and both sides are told; then messages go through the server as before.
 */
export class DirectConversations implements Machine<DirectOutput> {
  readonly #outputs = new Outputs<DirectOutput>();
  readonly #conversations = new Map<string, Conversation>();

  get wakeAt(): number {
    return [...this.#conversations.values()].reduce((at, { until }) => Math.min(at, until), Infinity);
  }

  takeOutputs(): readonly DirectOutput[] {
    return this.#outputs.take();
  }

  /** Whether private messages to this user go directly. */
  isOn(name: string): boolean {
    return this.#conversations.get(name)?.stage === "on";
  }

  /** The user's wish; why it cannot be met. */
  ask({ user: name, on }: DirectWish, now: number): string | undefined {
    const conversation = this.#conversations.get(name);
    if (!on) {
      if (!conversation) return `there is no direct connection with ${name}`;
      return this.#end(name, conversation.stage === "asks" ? "it was refused" : "it was ended", true);
    }
    if (conversation?.stage === "lost") this.#end(name, LOST, true);
    else if (conversation && conversation.stage !== "asks") {
      return `a direct connection with ${name} was asked for already`;
    }
    if (!this.#conversations.has(name) && this.#conversations.size >= CONVERSATIONS) {
      return `there are ${CONVERSATIONS} direct connections, the most at once`;
    }
    this.#conversations.set(name, {
      stage: "opening",
      theirs: this.#conversations.get(name)?.theirs,
      until: now + MEET_MS,
    });
    this.#outputs.push({ type: "open", name });
  }

  /** The port is open: this side can be met there. */
  opened(name: string, { key, at }: DirectPlace, now: number): void {
    const conversation = this.#conversations.get(name);
    if (conversation?.stage !== "opening") return this.#outputs.push({ type: "close", name });
    this.#signal(name, { direct: conversation.theirs ? "yes" : "ask", key, at: at.slice(0, ADDRESSES) });
    if (conversation.theirs) return this.#meet(name, conversation, now);
    conversation.stage = "asked";
    conversation.until = now + ANSWER_MS;
    this.#tell({ type: "direct", name, state: "asked" });
  }

  /** A signal of another program, seen at this IP address; false when it is about something else. */
  signalled(name: string, text: string, seen: string | undefined, now: number): boolean {
    const signal = readObject(text, readSignal);
    if (signal instanceof Fault || signal === undefined) return false;
    const conversation = this.#conversations.get(name);
    if (signal.direct === "end") {
      if (conversation) this.#end(name, signal.why, false);
      return true;
    }
    if (seen === undefined) return true;
    const theirs = { place: { key: signal.key, at: signal.at }, seen };
    if (!conversation || conversation.stage === "asks" || conversation.stage === "lost") {
      if (signal.direct === "yes") return true;
      if (conversation?.stage === "lost") this.#end(name, LOST, false);
      if (!conversation && this.#conversations.size >= CONVERSATIONS) {
        this.#signal(name, { direct: "end", why: "too many others ask" });
        return true;
      }
      this.#conversations.set(name, { stage: "asks", theirs, until: now + ANSWER_MS });
      if (conversation?.stage !== "asks") this.#tell({ type: "direct", name, state: "asks" });
    } else if (conversation.stage === "opening") conversation.theirs ??= theirs;
    else if (conversation.stage === "asked") {
      // The answer, or a question that has crossed ours: both want it.
      conversation.theirs = theirs;
      this.#meet(name, conversation, now);
    }
    return true;
  }

  /** A signal reached no program of this user. */
  unheard(name: string): void {
    const stage = this.#conversations.get(name)?.stage;
    if (stage !== undefined && stage !== "on") this.#end(name, `${name} is not online, or has another program`, false);
  }

  /** The two are connected, and what they say is sealed. */
  connected(name: string, words: NonNullable<DirectEvent["words"]>): void {
    const conversation = this.#conversations.get(name);
    if (conversation?.stage !== "meeting") return;
    conversation.stage = "on";
    conversation.until = Infinity;
    this.#tell({ type: "direct", name, state: "on", words });
  }

  /** There can be no connection. */
  failed(name: string, why: string): void {
    if (this.#conversations.has(name)) this.#end(name, why, true);
  }

  /** The link is gone: messages go through the server at once. */
  lost(name: string, now: number): void {
    const conversation = this.#conversations.get(name);
    if (!conversation) return;
    conversation.stage = "lost";
    conversation.until = now + REASON_MS;
  }

  /** The user leaves. */
  leave(): void {
    for (const name of [...this.#conversations.keys()]) this.#end(name, "the other side has left", true);
  }

  tick(now: number): void {
    for (const [name, { stage, until }] of this.#conversations) {
      if (now < until) continue;
      if (stage === "asked") this.#end(name, `${name} has not answered`, true);
      else if (stage === "asks") this.#end(name, "it was not answered", true);
      else this.#end(name, stage === "lost" ? LOST : "no connection can be made", true);
    }
  }

  #meet(name: string, conversation: Conversation, now: number): void {
    conversation.stage = "meeting";
    conversation.until = now + MEET_MS;
    this.#outputs.push({ type: "meet", name, ...conversation.theirs! });
  }

  #end(name: string, why: string, tells: boolean): undefined {
    this.#conversations.delete(name);
    this.#outputs.push({ type: "close", name });
    if (tells) this.#signal(name, { direct: "end", why });
    this.#tell({ type: "direct", name, state: "off", why });
  }

  #tell(event: DirectEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  #signal(to: string, signal: DirectSignal): void {
    this.#outputs.push({ type: "signal", to, text: JSON.stringify(signal), at: signal.direct !== "end" });
  }
}

function readSignal(fields: Fields): DirectSignal | undefined {
  switch (fields.direct) {
    case "ask":
    case "yes": {
      const key = readText(fields, "key");
      if (decodeBase64(key)?.length !== KEY_BYTES) throw unexpected('"key", 32 bytes in base64', key);
      return { direct: fields.direct, key, at: readStrings(fields, "at").slice(0, ADDRESSES) };
    }
    case "end":
      return { direct: "end", why: readText(fields, "why").slice(0, WHY_CHARACTERS) };
  }
  return undefined;
}
