import { prepares } from "../../rule.ts";
import {
  accept,
  bind,
  close,
  expect,
  expectText,
  listen,
  pause,
  type Script,
  send,
  sendRaw,
  start,
  type Step,
  type Template,
} from "../../step.ts";

/** The visits of the client: the first connection is `jacky table`, the second `jacky table2`, and so on. */
export const TABLE = "jacky table";
export const AGAIN = "jacky table2";
export const KEYS = "jacky keys";
export const SCREEN = "jacky screen";
/** The UDP socket of another client, whose port is in the table. */
export const FRIEND = "jacky friend";

/** A request to be listed, whatever address and port it names. */
export const requests = (visit = TABLE): Step =>
  expectText(visit, /R:[^:]*:\d+:{jacky}/, { words: "R:IP:UDPPORT:{jacky}" });

/** A request to be listed no longer, whatever it names. */
export const signsOff = (): Step => expectText(AGAIN, /K:[^:]*:\d+:/, { words: "K:IP:UDPPORT:{jacky}" });

/** The client is started and connects to the table server; prepared by address-book/11/1. */
export const connects = (): Step[] => prepares("address-book/11/1", [listen(TABLE), start("jacky"), accept(TABLE)]);

/** The client asks for the table for the first time; prepared by address-book/11/2. */
export const asks = (): Script => [connects(), prepares("address-book/11/2", [requests()])];

/** The longest time between two requests: the thirty seconds of the handout, and what a busy machine adds. */
export const REFRESH_MS = 35_000;

/** The client asks again; prepared by address-book/13/1. */
export const asksAgain = (): Step[] => prepares("address-book/13/1", [accept(AGAIN, REFRESH_MS), requests(AGAIN)]);

/** The server answers and closes. */
export const answers = (text: Template, visit = TABLE): Script => [
  ...(text === "" ? [] : [sendRaw(visit, text)]),
  close(visit),
];

/** The first answer is that of an empty table; prepared by address-book/12/3. */
export const hearsOfNone = (): Step[] => prepares("address-book/12/3", answers(""));

/** The link of a friend, by its number from 1 on. */
export const friendOf = (number: number): string => number === 1 ? FRIEND : `${FRIEND}${number}`;

/** This many other clients, each at a UDP port of its own; a program is started with the first port of its user, so these come later. */
export const friends = (count = 1): Script => Array.from({ length: count }, (_, i) => bind(friendOf(i + 1)));

/** The address of a friend as the table has it, in the form of the text. */
export const entry = (number = 1): Template => `-R:{host}:{${friendOf(number).replace(" ", ".")}.port}`;

/** The client sends a datagram to a friend; prepared by address-book/12/1. */
export const greets = (number = 1): Step[] => prepares("address-book/12/1", [greeted(number)]);

/** What the client asks with is not the handout's: any datagram will do. */
export const greeted = (number = 1): Step => expect(friendOf(number), /[^]/, { words: "a datagram" });

/** Time for the client to notice that its user leaves, or what it has just asked a friend about. */
export const NOTICED: Step = pause(200);

/** The user ends the input while the first answer is on its way: no other request can come in between. */
export const leaves = (): Script => [asks(), close(KEYS), NOTICED, hearsOfNone()];

/** The client says that it leaves, in a visit of its own; prepared by address-book/14/1. */
export const saysOffline = (): Step[] => prepares("address-book/14/1", [accept(AGAIN), signsOff()]);

/** The user looks at the table. */
export const looks = (): Step => send(KEYS, "/table");
