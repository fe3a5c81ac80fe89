import type { Entry } from "../../chat/entry.ts";
import { REACTIONS } from "../../chat/reactions.ts";
import type { Entries, Event, Message } from "../../chat/event.ts";
import type { Challenge } from "../../chat/event.ts";
import type { HistoryMessage } from "../../chat/store.ts";
import { encodeBriefly } from "../../core/text.ts";
import { encodeServerMessage, NATIVE_VERSION, type ServerMessage } from "./messages.ts";

/** What a page of history may weigh, so that it fits into one message of any transport. */
const PAGE_BYTES = 48 * 1024;
/** Names, or conversations, in one message; this many of the longest fit into one of any transport. */
const MAX_PART = 250;

/** How messages follow each other: as lines, or each on its own. */
export type Framing = "lines" | "messages";

/** One JSON object as it goes over the wire. */
export function frame(json: string, framing: Framing): Uint8Array {
  return encodeBriefly(framing === "lines" ? `${json}\n` : json);
}

/** The bytes of entries; made once a framing, however many sessions are told. */
export function encodeEntries(event: Entries, framing: Framing): readonly Uint8Array[] {
  return event.encoded(`native ${framing}`, () => {
    const jsons = event.entries.map(entryJson);
    return framing === "lines" ? [encodeBriefly(`${jsons.join("\n")}\n`)] : jsons.map(encodeBriefly);
  });
}

/** Presence, rooms, servers and who is writing are told to many at once: each is encoded once. */
let lastPresence: { readonly event: Event; readonly framing: Framing; readonly frames: Uint8Array[] } | undefined;

/** What a session is told, but for entries, as it goes over the wire. */
export function encodeEvent(event: Exclude<Event, Message | Entries>, framing: Framing): Uint8Array[] {
  if (lastPresence?.event === event && lastPresence.framing === framing) return lastPresence.frames;
  const frames = messagesOf(event).map((message) => frame(encodeServerMessage(message), framing));
  if (
    event.type === "presence" || event.type === "roomChanges" || event.type === "membersChanged" ||
    event.type === "typing" || event.type === "servers"
  ) {
    lastPresence = { event, framing, frames };
  }
  return frames;
}

// By hand: this is said most. Two literals: with a spread it takes twice the time.
function entryJson(entry: Entry): string {
  const { type, seq, from, to, time, client, number } = entry;
  const of = type === "message" ? undefined : entry.of;
  const reply = type === "message" ? entry.of : undefined;
  const text = type === "withdrawal" ? undefined : entry.text;
  return JSON.stringify(
    "user" in to
      ? { type, seq, from, to: to.user, text, time, of, reply, client, number }
      : { type, seq, from, room: to.room, text, time, of, reply, client, number },
  );
}

/** What a session is told: none for what only handout protocols have, several where one would be too long. */
function messagesOf(event: Exclude<Event, Message | Entries>): ServerMessage[] {
  switch (event.type) {
    case "present":
    case "outcome":
    case "claimed":
    case "entered":
    case "fileAnswer":
    case "file":
    case "offerFile":
    case "offerEnds":
    case "fileReserved":
      return [];
    case "challenge":
      return [challengeOf(event.challenge)];
    case "welcome":
      return [{
        type: "welcome",
        version: NATIVE_VERSION,
        name: event.name,
        ...(event.proof ? { proof: event.proof } : {}),
      }];
    case "loginWaits":
      return [{ type: "waits", why: event.why }];
    case "registered":
      return event.why === undefined
        ? [{ type: "registered", name: event.name }]
        : [{ type: "refused", why: `not registered: ${event.why}` }];
    case "turnedAway":
      return [{ type: "refused", why: refusal(event.why) }];
    case "begun":
      return [{ ...event, replies: true, reactions: REACTIONS, typing: true }];
    case "conversations":
      return inParts(event.states).map((list) => ({ type: "conversations", list }));
    case "notSent":
      return [{ type: "failed", number: event.number, why: event.why }];
    case "users":
    case "rooms": {
      const list = event.type === "users" ? event.users : event.rooms;
      return inParts<unknown>(list).map((part, i, { length }) =>
        ({ type: event.type, ref: event.ref, list: part, more: event.more || i + 1 < length }) as ServerMessage
      );
    }
    case "inRoom":
      return [{ type: "who", ref: event.ref, room: event.room, list: event.users, more: event.more }];
    case "roomChanges":
      return inParts(event.rooms).map((rooms) => ({ type: "roomChanges", rooms }));
    case "membersChanged": {
      const { type, room } = event;
      return [
        ...inParts(event.joined).map((joined) => ({ type, room, joined, left: [] })),
        ...inParts(event.left).map((left) => ({ type, room, joined: [], left })),
      ].filter(({ joined, left }) => joined.length + left.length > 0);
    }
    case "presence":
      return [
        ...inParts(event.online).map((online) => ({ type: "presence" as const, online, offline: [] })),
        ...inParts(event.offline).map((offline) => ({ type: "presence" as const, online: [], offline })),
      ].filter(({ online, offline }) => online.length + offline.length > 0);
    case "history":
      return [historyOf(event)];
    case "search": {
      const hits = fitting(event.hits);
      return [{
        type: "search",
        ref: event.ref,
        hits: hits.map(withReply),
        more: event.more || hits.length < event.hits.length,
      }];
    }
    default:
      return [event];
  }
}

function challengeOf(challenge: Challenge): ServerMessage {
  const { nonce } = challenge;
  if (challenge.how === "key") return { type: "challenge", how: "key", nonce };
  const { salt, logN: ln, r, p, keyBytes } = challenge;
  return { type: "challenge", how: "password", nonce, salt, ln, r, p, bytes: keyBytes };
}

export function refusal(why: Extract<Event, { type: "turnedAway" }>["why"]): string {
  if (typeof why === "object") return why.text;
  return why === "credentials" ? "wrong name or password" : why;
}

/** As much of a page as one message can carry; the rest is behind the next question. */
function historyOf({ ref, messages, more, forward }: Extract<Event, { type: "history" }>): ServerMessage {
  const chosen = forward ? fitting(messages) : fitting(messages.toReversed()).toReversed();
  return { type: "history", ref, messages: chosen.map(withReply), more: more || chosen.length < messages.length };
}

function withReply(message: HistoryMessage): HistoryMessage & { readonly reply: number | undefined } {
  return { ...message, reply: message.of };
}

/** The first ones, at least one. */
function fitting(messages: readonly HistoryMessage[]): HistoryMessage[] {
  const chosen: HistoryMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    // A character of text is at most six bytes in JSON.
    bytes += (message.text.length + message.from.length) * 3 + 200;
    if (bytes > PAGE_BYTES && chosen.length > 0) break;
    chosen.push(message);
  }
  return chosen;
}

/** At least one part, and none longer than `MAX_PART`. */
function inParts<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length <= MAX_PART) return [list];
  return Array.from(
    { length: Math.ceil(list.length / MAX_PART) },
    (_, i) => list.slice(i * MAX_PART, (i + 1) * MAX_PART),
  );
}
