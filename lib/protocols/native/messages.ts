import type { Fault } from "../../core/errors.ts";
import {
  bytes,
  decode,
  encode,
  flag,
  integer,
  list,
  type MessageOf,
  optional,
  optionalTarget,
  target,
  text,
  texts,
  time,
  usually,
  word,
} from "./codec.ts";

/** The version of the protocol. */
export const NATIVE_VERSION = 2;

const ENTRY = { seq: integer, from: text, to: target("to"), time } as const;
/** Which client of the sender said it, and its number there. */
const PRODUCED = { client: optional(word), number: optional(integer) } as const;
/** The message to which a message replies. */
const REPLY = { reply: optional(integer) } as const;
/** A message that is changed; `store`, if another than that of this session has numbered it. */
const CHANGE = { number: integer, of: integer, store: optional(text) } as const;
const USER = { name: text, online: flag, seen: optional(flag) } as const;
const HISTORY_MESSAGE = {
  ...ENTRY,
  text,
  ...PRODUCED,
  ...REPLY,
  edited: usually(flag, false),
  withdrawn: usually(flag, false),
  failed: optional(text),
  reactions: optional(list({ mark: text, by: texts })),
} as const;
/** A place in a list of names: those after `after`, at most `limit`. */
const PAGE = { after: usually(text, ""), limit: usually(integer, 500) } as const;

/** What a client says. */
export const CLIENT_MESSAGES = {
  hello: { version: integer, name: word, nonce: word, key: optional(bytes(32)), guest: optional(flag) },
  proof: { proof: bytes() },
  register: { name: word, password: text },
  /** Begins the session: this client's id, up to which of its numbers it has answers, and after which entry to go on. */
  resume: { client: word, answered: integer, store: optional(text), after: optional(integer), typing: optional(flag) },
  say: { number: integer, to: target("to"), text, ...REPLY },
  edit: { ...CHANGE, text },
  withdraw: CHANGE,
  react: { ...CHANGE, text },
  ack: { seq: integer },
  read: { of: target("with"), upTo: integer },
  signal: { to: word, text, at: optional(flag) },
  /** The user is writing. */
  typing: { to: target("to") },
  users: { ref: integer, ...PAGE },
  rooms: { ref: integer, ...PAGE },
  who: { ref: integer, room: word, ...PAGE },
  join: { ref: integer, room: word, unlisted: optional(flag) },
  leave: { ref: integer, room: word },
  history: {
    ref: integer,
    of: target("with"),
    before: optional(integer),
    after: optional(integer),
    limit: usually(integer, 100),
  },
  search: {
    ref: integer,
    words: text,
    from: optional(word),
    of: optionalTarget("with"),
    since: optional(time),
    until: optional(time),
    before: optional(integer),
    limit: usually(integer, 50),
  },
  versions: { ref: integer, of: integer },
  ticket: { ref: integer },
  passwd: { ref: integer, old: text, new: text },
  ping: { ref: integer },
  bye: {},
} as const;

/** What a server says. */
export const SERVER_MESSAGES = {
  challenge: {
    how: text,
    nonce: bytes(),
    salt: optional(bytes()),
    ln: optional(integer),
    r: optional(integer),
    p: optional(integer),
    bytes: optional(integer),
  },
  welcome: { version: integer, name: word, proof: optional(bytes()) },
  /** The login is not decided yet, and why; it may come again. */
  waits: { why: text },
  refused: { why: text },
  registered: { name: word },
  begun: {
    store: text,
    last: integer,
    /** Everything of this client is answered up to here, but for what was refused. */
    accepted: integer,
    refused: list({ number: integer, why: text }),
    rooms: texts,
    textBytes: integer,
    /** None from a server that has no such rule. */
    textLines: optional(integer),
    searches: flag,
    /** Whether a message can reply to another. */
    replies: usually(flag, false),
    /** Where files can be left over HTTP: a scheme and a port. */
    files: optional(text),
    /** The marks that can be put to messages. */
    reactions: optional(texts),
    /** Whether clients may say that their user is writing. */
    typing: optional(flag),
    /** Whether the user's password cannot be changed here: `passwd` is answered with the reason, whatever it says. */
    fixedPassword: optional(flag),
  },
  conversations: {
    list: list({ of: target("with"), last: integer, time, read: integer, unread: integer, received: integer }),
  },
  /** Everything up to here that concerns the user was told. */
  live: { upTo: integer },
  /** No longer so: what comes after `after` waits until the client has acknowledged some of `unacked` entries. */
  behind: { after: integer, unacked: integer },
  /** Entries of the log. An own one with a number says that everything up to the number is kept. */
  message: { ...ENTRY, text, ...REPLY, ...PRODUCED },
  edit: { ...ENTRY, of: integer, text, ...PRODUCED },
  withdrawal: { ...ENTRY, of: integer, ...PRODUCED },
  reaction: { ...ENTRY, of: integer, text, ...PRODUCED },
  /** A private message of this user never arrived. */
  failure: { ...ENTRY, of: integer, text },
  sent: { upTo: integer },
  failed: { number: integer, why: text },
  received: { by: text, upTo: integer },
  read: { of: target("with"), upTo: integer },
  presence: { online: texts, offline: texts },
  membersChanged: { room: text, joined: texts, left: texts },
  roomChanges: { rooms: list({ name: text, members: integer, joined: optional(flag) }) },
  users: { ref: integer, list: list(USER), more: flag },
  rooms: { ref: integer, list: list({ name: text, members: integer, joined: flag }), more: flag },
  who: { ref: integer, room: text, list: list(USER), more: flag },
  joined: { ref: integer, room: text, members: integer },
  left: { ref: integer, room: text },
  history: { ref: integer, messages: list(HISTORY_MESSAGE), more: flag },
  search: { ref: integer, hits: list(HISTORY_MESSAGE), more: flag },
  versions: { ref: integer, texts: list({ text, time }) },
  ticket: { ref: integer, ticket: text },
  changed: { ref: integer },
  denied: { ref: integer, why: text },
  signal: { from: text, at: optional(text), text },
  typing: { from: text, to: target("to") },
  unheard: { to: text, why: text },
  pong: { ref: integer },
  error: { why: text },
  /** The servers of one chat: what this one is called, whether it cannot reach the others, and where those are. */
  servers: {
    name: text,
    apart: flag,
    list: list({ name: text, host: text, port: integer, key: optional(text), page: optional(text) }),
  },
  /** The server stops; with a reason, it ends this session alone. */
  closing: { why: optional(text) },
  /** Only from a local client to its page: another window has taken over. */
  elsewhere: {},
} as const;

export type ClientMessage = MessageOf<typeof CLIENT_MESSAGES>;
export type ServerMessage = MessageOf<typeof SERVER_MESSAGES>;

/** Reads a message of a client; `undefined` for an unknown type. */
export function decodeClientMessage(json: string): ClientMessage | Fault | undefined {
  return decode(CLIENT_MESSAGES, json);
}

export function encodeClientMessage(message: ClientMessage): string {
  return encode(CLIENT_MESSAGES, message);
}

/** Reads a message of a server; `undefined` for an unknown type, as of a later version. */
export function decodeServerMessage(json: string): ServerMessage | Fault | undefined {
  return decode(SERVER_MESSAGES, json);
}

export function encodeServerMessage(message: ServerMessage): string {
  return encode(SERVER_MESSAGES, message);
}
