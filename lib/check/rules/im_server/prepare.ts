import { prepares } from "../../rule.ts";
import { accept, dial, expect, listen, type Script, send, type Step, wait } from "../../step.ts";

/** Connects to the server; prepared by im/1/1. */
export const connected = (...people: string[]): Script => people.map((who) => prepares("im/1/1", [dial(`${who} La`)]));

/** Logs in over La; prepared by im/2/1, and by im/2/13 for those who come when others are there. */
export const loggedIn = (...people: string[]): Script =>
  people.map((who, i) => loggedInBy(i === 0 ? "im/2/1" : "im/2/13", who));

const loggedInBy = (id: string, who: string): Script => [
  connected(who),
  prepares(id, [
    send(`${who} La`, `/login {${who}} {${who}.password}`),
    expect(`${who} La`, "101 Authentication successful"),
  ]),
];

/** Announces a port and takes Lb; prepared by im/3/1. */
export const linked = (...people: string[]): Script =>
  people.map((who) =>
    prepares("im/3/1", [
      listen(`${who} Lb`),
      send(`${who} La`, `/port {${who}.Lb.port}`),
      accept(`${who} Lb`),
      expect(`${who} La`, "201 Build connection successful"),
    ])
  );

/** Logs in and links, one after the other. */
export const online = (...people: string[]): Script =>
  people.map((who, i) => [loggedInBy(i === 0 ? "im/2/1" : "im/2/13", who), linked(who)]);

/** A line that the server does not know is answered 401; prepared by im/8/1. */
export const unrecognized = (who: string): Step[] =>
  prepares("im/8/1", [expect(`${who} La`, "401 Unrecognized message")]);

/** A private message arrives; prepared by im/4/1. */
export const getsPrivate = (who: string, sender: string, text = "{text}"): Step[] =>
  prepares("im/4/1", [expect(`${who} Lb`, `/from {${sender}} ${text}`)]);

/** A broadcast arrives at once; prepared by im/5/2. */
export const getsBroadcast = (who: string, sender: string, text = "{text}"): Step[] =>
  prepares("im/5/2", [expect(`${who} Lb`, `/broadcastfrom {${sender}} ${text}`)]);

export const acknowledges = (who: string): Step => send(`${who} Lb`, "302 Message receipt successful");

/** The sender of an acknowledged message is told 303; prepared by im/4/2. */
export const delivered = (who: string): Step[] =>
  prepares("im/4/2", [expect(`${who} La`, "303 Message delivery successful")]);

/** A whole exchange: the message arrives, is acknowledged, and its sender is told so. */
export const exchanged = (from: string, to: string, text = "{text}"): Script => [
  send(`${from} La`, `/to {${to}} ${text}`),
  getsPrivate(to, from, text),
  acknowledges(to),
  delivered(from),
];

/** The server works as before for a person who is online: `/list` is answered; prepared by im/6/1. */
export const stillServes = (who: string): Script => [
  send(`${who} La`, "/list"),
  prepares("im/6/1", [expect(`${who} La`, /^301 {jacky}( \S+)*$/, { words: "301 and names, {jacky} first" })]),
];

/** Time for the server to notice what happened: a fault is missed without it. A right server cannot fail by it. */
export const NOTICED: Step = wait(200);

/** The longest time that the handout's server gives a receiver to answer. */
export const RECEIPT_MS = 5000;

/** What waits for another user's receipt takes longer than this. */
export const BEFORE_RECEIPT_MS = 4000;
