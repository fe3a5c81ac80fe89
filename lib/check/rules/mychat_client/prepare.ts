import { json, type JsonPattern } from "../../json_shape.ts";
import { prepares } from "../../rule.ts";
import {
  bind,
  expect,
  expectText,
  ignore,
  type Script,
  send,
  sendRaw,
  sendUntil,
  start,
  startWith,
  type Step,
} from "../../step.ts";

/** A JSON value in which texts may have values of the run. */
type Value = string | boolean | readonly Value[] | { readonly [field: string]: Value };

/** A datagram as Python's json.dumps writes it. */
export function dumps(value: Value): string {
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(dumps).join(", ")}]`;
  return `{${Object.entries(value).map(([name, each]) => `"${name}": ${dumps(each)}`).join(", ")}}`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export const TIME = "12:10:55";

/** The server's side of a person's program says something. */
export const tells = (who: string, object: { readonly [field: string]: Value }): Step =>
  sendRaw(`${who} La`, dumps(object));
/** The person's program sends JSON with these fields. */
export const sends = (who: string, fields: { readonly [field: string]: JsonPattern }): Step =>
  expect(`${who} La`, json(fields));
export const types = (who: string, text: string): Step => send(`${who} keys`, text);
/** The screen shows something; what stands before it is passed over. */
export const shows = (who: string, what: string | RegExp): Step => expectText(`${who} screen`, what);

export const USERS = [{ username: "{bob}", isOnline: true }, { username: "{michael}", isOnline: false }];
export const users = (who: string) => ({ key: "GET_USERS", username: `{${who}}`, users: USERS });
const CONNECT = (who: string) => ({ key: "CONNECT", username: `{${who}}` });

/** Repetitions, and questions that a client may ask by itself. */
const passesOver = (who: string): Step[] =>
  ["CONNECT", "GET_USERS", "GET_GROUP_DATA"].map((key) => ignore(`${who} La`, json({ key })));

/** Starts the program and types the name, until it asks to connect; prepared by mychat/11/1. */
export const asksToConnect = (who: string): Script =>
  prepares("mychat/11/1", [bind(`${who} La`), start(who), types(who, `{${who}}`), sends(who, CONNECT(who))]);

/** The same in a terminal, where the name is asked for. */
export const asksInTerminal = (who: string): Script =>
  prepares("mychat/11/1", [
    bind(`${who} La`),
    startWith(who, { inTerminal: true }),
    shows(who, /name/i),
    types(who, `{${who}}`),
    sends(who, CONNECT(who)),
  ]);

export const answered = (who: string): Step =>
  tells(who, {
    ...{ key: "CONNECT", isConnected: true, username: `{${who}}`, isStach: false },
    users: [...USERS, { username: `{${who}}`, isOnline: true }],
    newAccount: true,
  });

/** Connected; what comes by itself is passed over. */
export const online = (who: string): Script => [asksToConnect(who), answered(who), passesOver(who)];
export const onlineInTerminal = (who: string): Script => [
  asksInTerminal(who),
  answered(who),
  passesOver(who),
  prepares("mychat/11/5", [shows(who, "[connected to server]")]),
];

/** In the group, which the program may leave open whether it asks for what was said; prepared by mychat/13/1. */
export const inGroup = (who: string): Script => [
  types(who, "JOIN MyChat"),
  prepares("mychat/13/1", [sends(who, { key: "REQUEST_JOIN_GROUP" })]),
  tells(who, { key: "REQUEST_JOIN_GROUP", username: `{${who}}`, partofgroup: false, joined: true }),
  tells(who, { key: "GET_GROUP_DATA", username: `{${who}}`, group_data: [] }),
];

/** Asks for a conversation: a program may ask for the users first, to know whether the name is one. */
export const opens = (who: string, other: string): Script => [
  types(who, `CHAT {${other}}`),
  sendUntil(`${who} La`, dumps(users(who))),
  sends(who, { key: "GET_DATA", find: `{${other}}`, username: `{${who}}` }),
];

/** In a conversation in which nothing was said; prepared by mychat/14/1. */
export const inChat = (who: string, other: string): Script => [
  prepares("mychat/14/1", opens(who, other)),
  ignore(`${who} La`, json({ key: "GET_DATA" })),
  tells(who, { key: "GET_DATA", find: `{${other}}`, username: `{${who}}`, data: [] }),
];

export const sentFrom = (from: string, to: string, msg: string) => ({
  ...{ key: "SENT_FROM", msg, sendto: `{${to}}`, sentfrom: `{${from}}` },
  ...{ sent: true, time: TIME },
});

/** Gets a message and confirms it; prepared by mychat/14/4. */
export const stillWorks = (who: string, from: string): Script => [
  tells(who, sentFrom(from, who, "still there {text}")),
  prepares("mychat/14/4", [sends(who, { key: "CONFIRM_MSG_2" })]),
];
