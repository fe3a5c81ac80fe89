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

/** The kinds of events that answer a command; empty if none does, undefined if the command is not a user's request. */
export function answerKey(command: Command): string | undefined {
  switch (command.type) {
    case "login":
    case "checkPassword":
    case "authenticated":
    case "claim":
    case "hello":
    case "prove":
    case "holdName":
    case "enterRoom":
      return "login";
    case "beginFile":
      return "file";
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
    case "entered":
    case "turnedAway":
      return "login";
    case "fileAnswer":
      return "file";
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
    case "fileAnswer":
      return event.why === undefined ? "taken" : `refused: ${event.why}`;
    case "notSent":
    case "denied":
      return `refused: ${event.why}`;
    default:
      return "done";
  }
}

export function lineOf(recorded: Recorded, outcome: string): string {
  const what = typeof recorded.request === "string" ? recorded.request : requestText(recorded.request);
  return `${isoTime(recorded.time)} ${startOf(recorded)}${shown(outcome === "" ? what : `${what} -> ${outcome}`)}\n`;
}

/** The beginning of a session's lines under one name. */
interface Start {
  readonly name: string | undefined;
  readonly text: string;
}

const starts = new WeakMap<Requester, Start>();

function startOf({ by, name }: Recorded): string {
  const who = name ?? by.session.name;
  let start = starts.get(by);
  if (!start || start.name !== who) {
    start = { name: who, text: shown(`${by.protocol.name} ${who ?? "-"} ${formatAddress(by.peer)} `) };
    starts.set(by, start);
  }
  return start.text;
}

/** Most texts have only these characters and are shown as they are: this one test takes a tenth of the time. */
const PRINTABLE = /^[ -~]*$/;

function shown(text: string): string {
  return PRINTABLE.test(text) ? text : sanitized(oneLine(text));
}

/** The text of the last time, since many lines follow each other within a millisecond. */
let last = { time: 0, text: new Date(0).toISOString() };

/** As `toISOString` has it. */
export function isoTime(time: number): string {
  if (time !== last.time) last = { time, text: new Date(time).toISOString() };
  return last.text;
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
    // The name of the room is enough to enter.
    case "enterRoom":
      return `enterRoom ${command.as}`;
    case "beginFile":
      return `beginFile ${quoted(command.name)} of ${command.bytes} bytes`;
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

/** Texts that JSON quotes as they are. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  if (text.length <= SHOWN_TEXT && PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text);
}
