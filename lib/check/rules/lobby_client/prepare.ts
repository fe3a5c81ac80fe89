import { prepares } from "../../rule.ts";
import {
  accept,
  expect,
  expectText,
  listen,
  type Script,
  send,
  sendRaw,
  start,
  type Step,
  type Template,
} from "../../step.ts";

/** Starts the client of a user, which connects to us; prepared by lobby/11/1. */
export const connects = (who = "ann"): Step[] =>
  prepares("lobby/11/1", [listen(`${who} tcp`), start(who), accept(`${who} tcp`)]);

/** The client has connected and shows our greeting; prepared by lobby/12/1. */
export const isInRoom = (who = "ann"): Script => [
  connects(who),
  prepares("lobby/12/1", [
    send(`${who} tcp`, "Welcome to this chatroom!"),
    expectText(`${who} screen`, "Welcome to this chatroom!"),
  ]),
];

/** Texts that are not part of one another; those of others with the address before them. */
export const FIRST = "first: {text}";
export const SECOND = "second: {text2}";
export const OTHERS = "<10.0.0.7> other: {text3}";

export const types = (text: Template = FIRST): Step => send("ann keys", text);

/** What was typed arrives at the server; prepared by lobby/13/1. */
export const arrives = (text: Template = FIRST): Step[] => prepares("lobby/13/1", [expect("ann tcp", text)]);

/** The server says something, and it is shown; prepared by lobby/12/2. */
export const shows = (text: Template = OTHERS): Script => [
  send("ann tcp", text),
  prepares("lobby/12/2", [expectText("ann screen", text)]),
];

export const sendsExactly = (bytes: Template | Uint8Array): Step => sendRaw("ann tcp", bytes);
