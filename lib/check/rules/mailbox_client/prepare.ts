import { aNumber, json } from "../../json_shape.ts";
import { prepares } from "../../rule.ts";
import {
  accept,
  expect,
  expectText,
  ignore,
  messages,
  packets,
  type Script,
  send,
  sendRaw,
  start,
  startWith,
  type Step,
} from "../../step.ts";
import type { Shape } from "../mailbox_server/prepare.ts";

export const types = (who: string, text: string): Step => send(`${who} keys`, text);
/** The screen shows something; what stands before it is passed over. */
export const shows = (who: string, what: string | RegExp): Step => expectText(`${who} screen`, what);

/** The server's side says something; the text `#{ref}` stands for the number that was kept under that name. */
export const tells = (who: string, message: Readonly<Record<string, unknown>>, link = "La"): Step =>
  sendRaw(`${who} ${link}`, JSON.stringify(message).replace(/"#(\{[\w.]+\})"/g, "$1"));
/** The person's program says JSON with these fields; what it may ask by itself is passed over. */
export const says = (who: string, fields: Shape, link = "La"): Step => expect(`${who} ${link}`, json(fields));

export const LINK = "00000000000000c3";
export const COOKIE = "0123456789abcdef".repeat(2);
export const TOKEN = "0102030405060708";

/** A client may try the authors' datagrams first, which ours are not. */
const named = (who: string): Script => [ignore(`${who} La`, /^\{/), start(who), types(who, `{${who}}`)];

/** The program was started and asks for a link; prepared by mailbox/11/1. */
export const asks = (who = "jacky"): Script => [
  packets(`${who} La`),
  named(who),
  prepares("mailbox/11/1", [expect(`${who} La`, /^HELLO (?<number>[0-9a-f]{16})$/)]),
];

/** Its cookie has come back with OPEN; prepared by mailbox/11/3. */
export const opens = (who = "jacky"): Script => [
  asks(who),
  ignore(`${who} La`, /^HELLO/),
  sendRaw(`${who} La`, `COOKIE {number} ${COOKIE}`),
  prepares("mailbox/11/3", [expect(`${who} La`, `OPEN {number} ${COOKIE}`)]),
];

export const HELLO = new RegExp(`^DATA ${LINK} 1 \\d+ 3 \\{.*"hello"`);
export const PROOF = new RegExp(`^DATA ${LINK} 2 \\d+ 3 \\{.*"proof"`);

/** A link for datagrams that the script makes itself, on which hello has come; prepared by mailbox/12/1. */
export const open: Script = [
  opens(),
  ignore("jacky La", /^OPEN/),
  sendRaw("jacky La", `OPENED {number} ${LINK}`),
  prepares("mailbox/12/1", [expectText("jacky La", HELLO)]),
];

/** Everything that was on its way has come; prepared by mailbox/12/10. */
export const synced: Script = [
  sendRaw("jacky La", `PING ${LINK} ${TOKEN}`),
  prepares("mailbox/12/10", [expectText("jacky La", `PONG ${LINK} ${TOKEN}`)]),
];

export const CHALLENGE = { type: "challenge", how: "key", nonce: "c2VydmVyIG5vbmNlIQ" } as const;
export const BY_PASSWORD = {
  ...{ type: "challenge", how: "password", nonce: "c2VydmVyIG5vbmNlIQ", salt: "c29tZSBzYWx0IDEyMw" },
  ...{ ln: 4, r: 8, p: 1, bytes: 32 },
} as const;

const HELLO_FIELDS = (who: string): Shape => ({
  ...{ type: "hello", name: `{${who}}`, nonce: /^(?<nonce>.+)$/ },
  key: /^(?<key>[A-Za-z0-9+/]{43})=?$/,
});

/** hello has come on a link; prepared by mailbox/13/1. */
export const greets = (who: string, link = "La"): Script =>
  prepares("mailbox/13/1", [expect(`${who} ${link}`, json(HELLO_FIELDS(who)))]);

/** The program is started, its name typed, and a reliable link open; prepared by mailbox/12/6. */
export const linked = (who = "jacky"): Script => [
  messages(`${who} La`),
  start(who),
  types(who, `{${who}}`),
  prepares("mailbox/12/6", [accept(`${who} La`)]),
  greets(who),
];

/** The name is proven by its key; prepared by mailbox/13/2. */
export const proves = (who: string, link = "La"): Script => [
  tells(who, CHALLENGE, link),
  prepares("mailbox/13/2", [says(who, { type: "proof", proof: /^(?<proof>[A-Za-z0-9+/]{86})=*$/ }, link)]),
];

/** What a program may ask by itself. */
const ofItself = (who: string, link: string): Step[] =>
  ["users", "rooms", "who", "read", "history", "ping"].map((type) => ignore(`${who} ${link}`, json({ type })));
/** A program may also join the lobby by itself, and confirms what it has shown. */
export const passesOver = (who: string, ...kinds: string[]): Step[] =>
  kinds.map((type) => ignore(`${who} La`, json({ type })));

export const begun = (accepted = 0): Readonly<Record<string, unknown>> => ({
  ...{ type: "begun", store: "s1", last: accepted, accepted, refused: [] },
  ...{ rooms: ["lobby"], textBytes: 16_384, searches: false },
});

/** Welcomed, and the session asked for; prepared by mailbox/13/5. */
export const resumes = (who: string, link = "La"): Script => [
  tells(who, { type: "welcome", version: 2, name: `{${who}}` }, link),
  prepares("mailbox/13/5", [says(who, { type: "resume", client: /^(?<client>.+)$/ }, link)]),
];

const goes = (who: string, link: string): Script => [
  ofItself(who, link),
  tells(who, begun(), link),
  tells(who, { type: "live", upTo: 0 }, link),
  tells(who, { type: "conversations", list: [] }, link),
];

export const online = (who = "jacky", link = "La"): Script => [
  linked(who),
  proves(who, link),
  resumes(who, link),
  goes(who, link),
];

/** The same in a terminal, where the name is asked for. */
export const linkedInTerminal = (who = "jacky"): Script => [
  messages(`${who} La`),
  startWith(who, { inTerminal: true }),
  shows(who, /name/i),
  types(who, `{${who}}`),
  prepares("mailbox/12/6", [accept(`${who} La`)]),
  greets(who),
];
export const welcomedInTerminal = (who = "jacky"): Script => [
  linkedInTerminal(who),
  proves(who),
  resumes(who),
];
export const onlineInTerminal = (who = "jacky"): Script => [welcomedInTerminal(who), goes(who, "La")];

/** In a group, which the server has confirmed; prepared by mailbox/14/3. */
export const joins = (who: string, room: string): Script => [
  types(who, `JOIN ${room}`),
  prepares("mailbox/14/3", [says(who, { type: "join", room, ref: aNumber("ref") })]),
  tells(who, { type: "joined", ref: "#{ref}", room, members: 2 }),
  shows(who, /joined/),
];

/** A message to the person, as the server tells it. */
export const entry = (seq: number, from: string, text: string, more: Readonly<Record<string, unknown>> = {}) => ({
  ...{ type: "message", seq, from: `{${from}}`, text, time: 1_700_000_000_000 + seq },
  ...more,
});
