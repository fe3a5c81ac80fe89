import { json, type JsonPattern } from "../../json_shape.ts";
import { prepares } from "../../rule.ts";
import {
  accept,
  expect,
  expectText,
  ignore,
  makeKey,
  messages,
  packets,
  prove,
  type Script,
  sendRaw,
  sendUntil,
  type Step,
} from "../../step.ts";

type Value = string | number | boolean;
export type Fields = Readonly<Record<string, Value>>;
export type Shape = { readonly [field: string]: JsonPattern };

/** One object as JSON; the text `#{seq}` stands for the number that was kept under that name. */
export const object = (fields: Fields): string => JSON.stringify(fields).replace(/"#(\{[\w.]+\})"/g, "$1");

export const says = (who: string, fields: Fields, link = "La"): Step => sendRaw(`${who} ${link}`, object(fields));
/** The next message to a person's program is JSON with these fields. */
export const gets = (who: string, fields: Shape, link = "La"): Step => expect(`${who} ${link}`, json(fields));
/** The same, somewhere in what comes. */
export const getsLater = (who: string, fields: Shape, link = "La"): Step => expectText(`${who} ${link}`, json(fields));

/** The number that a client of the check has drawn, and another. */
export const NUMBER = "00000000000000a1";
export const OTHER_NUMBER = "00000000000000b2";
export const TOKEN = "0102030405060708";

/** A cookie for datagrams that the script makes itself; prepared by mailbox/1/1. */
export const cookie = (who = "jacky", number = NUMBER): Script => [
  packets(`${who} La`),
  prepares("mailbox/1/1", [
    sendUntil(`${who} La`, `HELLO ${number}`),
    expect(`${who} La`, new RegExp(`^COOKIE ${number} (?<cookie>[0-9a-f]{32})$`)),
  ]),
  ignore(`${who} La`, new RegExp(`^COOKIE ${number}`)),
];

/** A link for datagrams that the script makes itself; prepared by mailbox/1/2. */
export const open = (who = "jacky", number = NUMBER): Script => [
  cookie(who, number),
  prepares("mailbox/1/2", [
    sendUntil(`${who} La`, `OPEN ${number} {cookie}`),
    expect(`${who} La`, new RegExp(`^OPENED ${number} (?<link>[0-9a-f]{16})$`)),
  ]),
  ignore(`${who} La`, /^OPENED/),
];

/** A first message, for rules about its pieces; it is answered with a challenge. */
export const HELLO = object({
  ...{ type: "hello", version: 2, name: "{jacky}", nonce: "n1" },
  key: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA",
});
export const CHALLENGE = /^DATA {link} 1 \d+ 3 \{.*"challenge"/;

/** Everything that was on its way has come: a PING is answered after it. Prepared by mailbox/2/8. */
export const synced: Script = [
  sendRaw("jacky La", `PING {link} ${TOKEN}`),
  prepares("mailbox/2/8", [expectText("jacky La", `PONG {link} ${TOKEN}`)]),
];

/** A reliable link to the server; prepared by mailbox/2/4: where repeats are taken twice, a slow moment fails any rule. */
export const linked = (who: string, link = "La"): Script => [
  messages(`${who} ${link}`),
  prepares("mailbox/2/4", [accept(`${who} ${link}`)]),
];

export const hello = (who: string, name = `{${who}}`): Fields => ({
  ...{ type: "hello", version: 2, name },
  ...{ nonce: `{${who}.nonce}`, key: `{${who}.key}` },
});

/** Asks for a challenge, which is kept; prepared by mailbox/3/1. */
export const challenged = (who: string, link = "La", name = `{${who}}`): Script => [
  makeKey(who),
  says(who, hello(who, name), link),
  prepares("mailbox/3/1", [expect(`${who} ${link}`, json({ type: "challenge" }), { keep: "challenge" })]),
];

/** Proves the name; prepared by mailbox/3/3. */
export const proven = (who: string, link = "La", name = `{${who}}`): Script => [
  prove(who, "{challenge}", name),
  says(who, { type: "proof", proof: `{${who}.proof}` }, link),
  prepares("mailbox/3/3", [gets(who, { type: "welcome" }, link)]),
];

export const welcomed = (who: string, link = "La"): Script => [
  linked(who, link),
  challenged(who, link),
  proven(who, link),
];

/** What a server tells without being asked, when it likes. */
const OF_ITSELF = /^(live|conversations|presence|roomChanges|membersChanged|behind)$/;
export const ofItself = (who: string, link: string): Step => ignore(`${who} ${link}`, json({ type: OF_ITSELF }));

/** Begins the session; prepared by mailbox/4/1. */
export const begun = (who: string, link = "La", run = `${link}1`): Script => [
  says(who, { type: "resume", client: run, answered: 0 }, link),
  prepares("mailbox/4/1", [gets(who, { type: "begun", store: /^(?<store>.+)$/ }, link)]),
  ofItself(who, link),
];

/** Logged in, and the session begun. */
export const comes = (who: string, link = "La"): Script => [welcomed(who, link), begun(who, link)];
export const online = (...people: string[]): Script => people.map((who) => comes(who));

/** The same under another name than the person's own. */
export const comesAs = (who: string, name: string): Script => [
  linked(who),
  challenged(who, "La", name),
  proven(who, "La", name),
  begun(who),
];

/** A client with another key wants the name of another user; it is refused at hello or by its proof, and may not begin. */
export const triesNameOf = (who: string, owner: string): Script => [
  makeKey(who),
  says(who, hello(who, `{${owner}}`)),
  expect(`${who} La`, json({ type: /^(challenge|refused)$/ }), { keep: "challenge" }),
  prove(who, "{challenge}", `{${owner}}`),
  says(who, { type: "proof", proof: `{${who}.proof}` }),
  says(who, { type: "resume", client: "La1", answered: 0 }),
  getsLater(who, { type: "error" }),
];

/** The link works, and nothing has come before: prepared by mailbox/4/8. */
export const hasHeardNothing = (who: string, link = "La"): Script => [
  says(who, { type: "ping", ref: 77 }, link),
  prepares("mailbox/4/8", [gets(who, { type: "pong", ref: 77 }, link)]),
];
export const stillServes = hasHeardNothing;

export const inRoom = (number: number, text: string, room = "lobby"): Fields => ({ type: "say", number, room, text });
export const toUser = (number: number, to: string, text: string): Fields => ({
  ...{ type: "say", number },
  ...{ to: `{${to}}`, text },
});

/** The server says that it has a message: its own entry, or `sent`. */
export const confirmation = (number: number): RegExp => new RegExp(`"(upTo|number)":\\s*${number}\\b`);

/** Says something in a group, which is confirmed; prepared by mailbox/5/2. */
export const saysInRoom = (who: string, number: number, text: string, room = "lobby"): Script => [
  says(who, inRoom(number, text, room)),
  prepares("mailbox/5/2", [expect(`${who} La`, confirmation(number))]),
];
/** Gets a message of a group; prepared by mailbox/5/1. */
export const getsInRoom = (who: string, text: string, room = "lobby"): Script =>
  prepares("mailbox/5/1", [gets(who, { type: "message", room, text })]);

/** Says something to a user, which is confirmed; prepared by mailbox/6/2. */
export const saysTo = (from: string, number: number, to: string, text: string, link = "La"): Script => [
  says(from, toUser(number, to, text), link),
  prepares("mailbox/6/2", [expect(`${from} ${link}`, confirmation(number))]),
];
/** Gets a private message; prepared by mailbox/6/1. */
export const getsFrom = (who: string, from: string, text: string, link = "La"): Script =>
  prepares("mailbox/6/1", [gets(who, { type: "message", from: `{${from}}`, text }, link)]);

/** Joins a group; prepared by mailbox/5/4. */
export const joins = (who: string, room: string, ref = 50): Script => [
  says(who, { type: "join", ref, room }),
  prepares("mailbox/5/4", [gets(who, { type: "joined", room })]),
];

/** Leaves the chat; the link is over. Prepared by mailbox/4/9. */
export const leaves = (who: string, link = "La"): Script => [
  says(who, { type: "bye" }, link),
  prepares("mailbox/4/9", [{ do: "closed", link: `${who} ${link}` }]),
];
