import { holding, json, type JsonPattern, type JsonShape } from "../../json_shape.ts";
import { prepares } from "../../rule.ts";
import { bind, expect, ignore, type Script, sendRaw, sendUntil, type Step } from "../../step.ts";

type Fields = Readonly<Record<string, string | boolean>>;

/** A datagram as Python's json.dumps writes it. */
export const dumps = (fields: Fields): string => {
  const parts = Object.entries(fields).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  return `{${parts.join(", ")}}`;
};

export const says = (who: string, fields: Fields): Step => sendRaw(`${who} La`, dumps(fields));
/** The next datagram to a person's program is JSON with these fields. */
export const gets = (who: string, fields: { readonly [field: string]: JsonPattern }): Step =>
  expect(`${who} La`, json(fields));

export const connect = (who: string): Fields => ({
  key: "CONNECT",
  isConnected: false,
  username: `{${who}}`,
  isStach: false,
});

/** The server answers: a program of its own asks until it does, so that others need not repeat anything. Prepared by mychat/1/1. */
export const ready = (): Script =>
  prepares("mychat/1/1", [
    bind("nobody La"),
    sendUntil("nobody La", dumps(connect("nobody"))),
    expect("nobody La", json({ key: "CONNECT", isConnected: true })),
  ]);

/** A program connects to a server that runs; prepared by mychat/1/5. */
export const comes = (who: string, link = "La"): Script => [
  bind(`${who} ${link}`),
  prepares("mychat/1/5", [
    sendRaw(`${who} ${link}`, dumps(connect(who))),
    expect(`${who} ${link}`, json({ key: "CONNECT", isConnected: true })),
  ]),
];

/** These people's programs connect, one after the other. */
export const online = (...people: string[]): Script => [ready(), people.map((who) => comes(who))];

export const user = (who: string, isOnline?: boolean): JsonPattern => ({
  username: `{${who}}`,
  ...(isOnline === undefined ? {} : { isOnline }),
});

/** Joins the group; prepared by mychat/3/1. */
export const joins = (...people: string[]): Script =>
  people.map((who) => [
    says(who, { key: "REQUEST_JOIN_GROUP", username: `{${who}}` }),
    prepares("mychat/3/1", [gets(who, { key: "REQUEST_JOIN_GROUP", joined: true })]),
  ]);

/** The copy of an own message in the group is passed over. */
export const ownCopy = (who: string): Step => ignore(`${who} La`, json({ key: "SENT_TO_GROUP", sentfrom: `{${who}}` }));

/** Says something in the group, which is confirmed; prepared by mychat/3/4. */
export const saysInGroup = (who: string, msg: string): Script => [
  says(who, { key: "SENT_TO_GROUP", msg, sentfrom: `{${who}}` }),
  prepares("mychat/3/4", [gets(who, { key: "CONFIRM_MSG", msg })]),
];

/** Gets a message of the group; prepared by mychat/3/5. */
export const getsFromGroup = (who: string, msg: string): Script =>
  prepares("mychat/3/5", [gets(who, { key: "SENT_TO_GROUP", msg })]);

/** Says something to a user, which is confirmed; prepared by mychat/5/1. */
export const saysTo = (from: string, to: string, msg: string): Script => [
  says(from, { key: "SENT_TO", msg, sendto: `{${to}}`, sentfrom: `{${from}}` }),
  prepares("mychat/5/1", [gets(from, { key: "CONFIRM_MSG", msg })]),
];

/** Gets a private message; prepared by mychat/5/2. */
export const getsFrom = (who: string, msg: string): Script =>
  prepares("mychat/5/2", [gets(who, { key: "SENT_FROM", msg })]);

export const confirms = (who: string, sender: string, msg: string): Step =>
  says(who, { key: "CONFIRM_MSG_2", msg, sendto: `{${sender}}`, sentfrom: `{${who}}`, sent: true, time: `{time}` });

/** Logs out; prepared by mychat/7/1. */
export const leaves = (who: string): Script => [
  says(who, { key: "LOGOUT", username: `{${who}}` }),
  prepares("mychat/7/1", [gets(who, { key: "LOGOUT" })]),
];

/**
 * Nothing has come to a person's program: the next datagram is the answer to what it asks now. Prepared by mychat/2/1.
 */
export const hasHeardNothing = (who: string): Script => [
  says(who, { key: "GET_USERS", username: `{${who}}` }),
  prepares("mychat/2/1", [gets(who, { key: "GET_USERS" })]),
];

/** The server works as before; prepared by mychat/2/1. */
export const stillServes = hasHeardNothing;

/** The next list of users has these. */
export const listed = (...users: JsonPattern[]): JsonShape => json({ key: "GET_USERS", users: holding(...users) });
