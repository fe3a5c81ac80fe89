import { encodeBase64 } from "../../core/bytes.ts";
import { encodeText } from "../../core/text.ts";
import type { Event, Message } from "../../chat/event.ts";
import type { StoredMessage, StoredNotice } from "../../chat/store.ts";

/** The version that this server speaks. */
export const NATIVE_VERSION = 1;

/** What a page of history may weigh, so that it fits into one message of any transport. */
const HISTORY_BYTES = 48 * 1024;

/** Names in one message; 500 of the longest fit into one of any transport. */
const PART = 500;
const NO_NEWS = '{"type":"presence","online":[],"offline":[]}';

/** How messages stand one behind the other: as lines, or each on its own. */
export type Framing = "lines" | "messages";

/** A kept message as its receivers, and its sender's other clients, get it. */
export function messageJson({ seq, from, to, text, time, id }: StoredMessage): string {
  const where = "user" in to ? { to: to.user } : { room: to.room };
  return JSON.stringify({ type: "message", seq, from, ...where, text, time, id });
}

/** The bytes of a message; made once for each framing, whoever receives it. */
export function encodeNativeMessage(message: Message, framing: Framing): Uint8Array {
  return message.encoded(`native ${framing}`, () => frame(messageJson(message.kept!), framing));
}

/** One JSON object as it goes over the wire. */
export function frame(json: string, framing: Framing): Uint8Array {
  return encodeText(framing === "lines" ? `${json}\n` : json);
}

/** What everybody is told at once is encoded once. */
let lastNews: { readonly event: Event; readonly framing: Framing; readonly frames: Uint8Array[] } | undefined;

/** What a session is told, but for messages, as it goes over the wire. */
export function encodeEvent(event: Exclude<Event, Message>, framing: Framing): Uint8Array[] {
  if (lastNews?.event === event && lastNews.framing === framing) return lastNews.frames;
  const frames = eventJsons(event).map((json) => frame(json, framing));
  if (event.type === "presence") lastNews = { event, framing, frames };
  return frames;
}

/** What a session is told, but for messages: none for what only other doors have, several where it would be too long. */
function eventJsons(event: Exclude<Event, Message>): string[] {
  switch (event.type) {
    case "present":
    case "outcome":
      return [];
    case "users":
      return inParts(event.users).map((users, i, { length }) =>
        JSON.stringify({ type: "users", ref: event.ref, users, more: i + 1 < length })
      );
    case "rooms":
      return inParts(event.rooms).map((rooms, i, { length }) =>
        JSON.stringify({ type: "rooms", ref: event.ref, rooms, more: i + 1 < length })
      );
    case "inRoom":
      return inParts(event.users).map((users, i, { length }) =>
        JSON.stringify({ type: "who", ref: event.ref, room: event.room, users, more: i + 1 < length })
      );
    case "presence":
      return [
        ...inParts(event.online).map((online) => JSON.stringify({ type: "presence", online, offline: [] })),
        ...inParts(event.offline).map((offline) => JSON.stringify({ type: "presence", online: [], offline })),
      ].filter((json) => json !== NO_NEWS);
    default:
      return [eventJson(event)];
  }
}

function eventJson(
  event: Exclude<Event, Message | { type: "present" | "outcome" | "users" | "rooms" | "inRoom" | "presence" }>,
): string {
  switch (event.type) {
    case "sent":
      return `{"type":"sent","id":${JSON.stringify(event.id)},"seq":${event.seq},"time":${event.time}}`;
    case "notSent":
      return JSON.stringify({ type: "failed", id: event.id, why: event.why });
    case "notice":
      return noticeJson(event.notice);
    case "challenge":
      return challengeJson(event);
    case "welcome": {
      const proof = event.proof && encodeBase64(event.proof);
      return JSON.stringify({ type: "welcome", version: NATIVE_VERSION, name: event.name, proof });
    }
    case "turnedAway":
      return JSON.stringify({ type: "refused", why: refusal(event.why) });
    case "history":
      return historyJson(event);
    default:
      return JSON.stringify(event);
  }
}

/** What a client is told of a request that is none. */
export function errorJson(why: string): string {
  return JSON.stringify({ type: "error", why });
}

function noticeJson({ type, seq, id, to, of, time, why }: StoredNotice): string {
  return JSON.stringify({ type, seq, id, to, of, time, why });
}

function challengeJson({ challenge }: Extract<Event, { type: "challenge" }>): string {
  const nonce = encodeBase64(challenge.nonce);
  if (challenge.how === "key") return JSON.stringify({ type: "challenge", how: "key", nonce });
  const { logN: ln, r, p, keyBytes: bytes } = challenge;
  return JSON.stringify({
    type: "challenge",
    how: "password",
    nonce,
    salt: encodeBase64(challenge.salt),
    ln,
    r,
    p,
    bytes,
  });
}

function refusal(why: Extract<Event, { type: "turnedAway" }>["why"]): string {
  if (typeof why === "object") return why.text;
  return why === "credentials" ? "wrong name or password" : why;
}

/** At least one part, and none of more than `PART`. */
function inParts<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length <= PART) return [list];
  return Array.from({ length: Math.ceil(list.length / PART) }, (_, i) => list.slice(i * PART, (i + 1) * PART));
}

/** As many of the latest messages as one message can carry; the rest is behind the next question. */
function historyJson({ ref, messages, more }: Extract<Event, { type: "history" }>): string {
  const chosen: string[] = [];
  let bytes = 0;
  for (let i = messages.length - 1; i >= 0; i--) {
    const json = messageJson(messages[i]!);
    // A character is at most three bytes; what is counted too high costs a question, not a message.
    bytes += json.length * 3;
    if (bytes > HISTORY_BYTES && chosen.length > 0) break;
    chosen.push(json);
  }
  const rest = more || chosen.length < messages.length;
  return `{"type":"history","ref":${ref},"messages":[${chosen.reverse().join(",")}],"more":${rest}}`;
}
