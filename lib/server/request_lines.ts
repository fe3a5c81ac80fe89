import type { Command } from "../chat/command.ts";
import type { Event, SessionId } from "../chat/event.ts";
import { type Address, formatAddress } from "../core/address.ts";
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

/** A request as it was made. */
export interface Recorded {
  readonly time: number;
  readonly by: Requester;
  /** The name as it was then. */
  readonly name: string | undefined;
  readonly request: Command | string;
}

/** What answers a command; empty where nothing does, undefined for what is no request of a user. */
export function answerKey(command: Command): string | undefined {
  switch (command.type) {
    case "login":
    case "checkPassword":
    case "authenticated":
    case "claim":
    case "hello":
    case "prove":
    case "holdName":
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
    case "users":
    case "rooms":
    case "inRoom":
    case "join":
    case "leaveRoom":
    case "history":
    case "search":
    case "versions":
    case "ticket":
    case "passwd":
      return `ref ${command.ref}`;
    default:
      return undefined;
  }
}

/** Which request an event answers. */
export function answeredKey(event: Event): string | undefined {
  switch (event.type) {
    case "welcome":
    case "claimed":
    case "challenge":
    case "turnedAway":
      return "login";
    case "registered":
      return "register";
    case "present":
      return "who";
    case "begun":
      return "resume";
    case "outcome":
      return `outcome ${event.ref}`;
    default:
      return "ref" in event ? `ref ${event.ref}` : undefined;
  }
}

export function outcomeOf(event: Event): string {
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

export function lineOf({ time, by, name, request }: Recorded, outcome: string): string {
  const what = typeof request === "string" ? request : requestText(request);
  const who = name ?? by.session.name ?? "-";
  const start = `${isoTime(time)} ${by.protocol.name} ${who} ${formatAddress(by.peer)}`;
  return `${sanitized(oneLine(`${start} ${what}${outcome === "" ? "" : ` -> ${outcome}`}`))}\n`;
}

/** The last second whose text was made: most lines follow each other within it. */
let second = { from: 0, text: new Date(0).toISOString().slice(0, -4) };

/** As `toISOString` has it. */
export function isoTime(time: number): string {
  const from = time - time % 1000;
  if (from !== second.from) second = { from, text: new Date(from).toISOString().slice(0, -4) };
  return `${second.text}${String(time - from).padStart(3, "0")}Z`;
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
    case "holdName":
      return `${command.type} ${command.name}`;
    case "announce":
      return `announce ${quoted(command.text)}`;
    case "send":
      return `send ${command.to} ${quoted(command.text)}`;
    case "sendAll":
      return `send all ${quoted(command.text)}`;
    case "say":
      return `say ${targetText(command.to)} ${quoted(command.text)}`;
    case "react":
      return `react ${command.of} ${quoted(command.text)}`;
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
