import { prepares } from "../../rule.ts";
import {
  accept,
  bind,
  close,
  expect,
  expectText,
  ignore,
  listen,
  type Script,
  send,
  sendRaw,
  sendUntil,
  start,
  type Step,
  type Template,
} from "../../step.ts";

/** Starts the program of a user, which asks the table; prepared by peers/1/1. */
export const asksTable = (who = "jacky"): Script =>
  prepares("peers/1/1", [
    listen(`${who} table`),
    start(who),
    accept(`${who} table`),
    expectText(`${who} table`, new RegExp(`R:[^:]*:{${who}.udp}:{${who}}`)),
  ]);

/** The table has these other peers; a peer has its port once it is bound. */
const entries = (peers: readonly string[]): Template =>
  `${peers.length}${peers.map((peer) => `-R:127.0.0.1:{${peer}.udp.port}:{${peer}}`).join("")}`;

export const answersTable = (table: Template, who = "jacky"): Script => [
  sendRaw(`${who} table`, table),
  close(`${who} table`),
];

/** The sockets of other peers, which talk to the program under test. */
export const peersAre = (...peers: string[]): Step[] => peers.map((peer) => bind(`${peer} udp`, "{jacky.udp}"));

/** The program has the table with these peers. */
export const begins = (...peers: string[]): Script => [
  asksTable(),
  peersAre(...peers),
  answersTable(entries(peers)),
];

/** What asks for a name, in one dialect or in all. */
export const NAME_REQUEST = /IDReq|X_GET_NAME/;
/** `n` is the number that an answer of dialect A repeats. */
export const A_ASKS = /^IDReq\\: (?<n>[^\\]+)\\: [^\\]*\\: \d+/;
export const B_ASKS = /(^|\\: )\d+!X_GET_NAME\|\d+/;

/** What one says, as a datagram of each dialect. */
export const sayA = (who: string, text: Template): Template =>
  `${text}\n\\: 127.0.0.1\\: {${who}.udp.port}\\: {${who}}`;
export const sayB = (who: string, text: Template): Template => `{${who}.udp.port}!${text}\n`;
export const sayC = (who: string, text: Template): Template => `${text}\n+{${who}}`;

/** Peers of dialect A whose names the program has asked for; prepared by peers/2/1. */
export const friendsA = (...peers: string[]): Script => [
  begins(...peers),
  peers.map((peer) => [
    prepares("peers/2/1", [expect(`${peer} udp`, A_ASKS)]),
    ignore(`${peer} udp`, NAME_REQUEST),
    sendRaw(`${peer} udp`, `ID\\: {${peer}}\\: {n}`),
  ]),
];

/** A peer of dialect B, and one of dialect C, which has no request. */
export const friendB = (peer = "bob"): Script => [
  begins(peer),
  prepares("peers/3/1", [expect(`${peer} udp`, B_ASKS)]),
  ignore(`${peer} udp`, NAME_REQUEST),
  sendRaw(`${peer} udp`, `{${peer}.udp.port}!X_NAME|{${peer}}|{${peer}.udp.port}`),
];
export const friendC = (peer = "bob"): Script => [
  begins(peer),
  ignore(`${peer} udp`, NAME_REQUEST),
];

/** Texts that are not part of one another. */
export const FIRST = "first: {text}";
export const SECOND = "second: {text2}";
export const THIRD = "third: {text3}";

export const shows = (text: Template | RegExp, without?: Template | RegExp): Step =>
  expectText("jacky screen", text, { ...(without && { without }) });

/** A datagram of another peer. */
export const sends = (peer: string, datagram: Template | Uint8Array): Step => sendRaw(`${peer} udp`, datagram);

/** The same, again until it is shown: nothing of dialect C tells when the program has read the table. */
export const untilHeard = (peer: string, datagram: Template): Step => sendUntil(`${peer} udp`, datagram, 300);

/** What a peer of dialect A says is shown; prepared by peers/2/6. */
export const says = (peer: string, text: Template = FIRST): Script => [
  sends(peer, sayA(peer, text)),
  prepares("peers/2/6", [shows(text)]),
];

export const types = (to: string, text: Template = FIRST, who = "jacky"): Step =>
  send(`${who} keys`, `/to {${to}} ${text}`);

/** What the user writes arrives at a peer of dialect A; prepared by peers/2/8. */
export const arrives = (peer: string, text: Template = FIRST): Step[] =>
  prepares("peers/2/8", [expect(`${peer} udp`, containing(text))]);

export const containing = (text: Template): RegExp => new RegExp(text.replace(/[.*+?^$()|[\]\\/]/g, "\\$&"));

/** Two programs of the same kind, each with the other in its table. */
export const bothBegin = (): Script => [
  asksTable("jacky"),
  asksTable("bob"),
  answersTable("1-R:127.0.0.1:{bob.udp}", "jacky"),
  answersTable("1-R:127.0.0.1:{jacky.udp}", "bob"),
];

const THREE = ["jacky", "bob", "michael"];

/** Three programs of the same kind, which know each other's names; prepared by peers/6/1. */
export const threeKnow = (): Script => {
  const others = (who: string) => THREE.filter((each) => each !== who);
  const table = (who: string) => others(who).map((each) => `-R:127.0.0.1:{${each}.udp}`).join("");
  const names = (who: string) => new RegExp(`^${others(who).map((each) => `(?=[^]*{${each}})`).join("")}[^]*`);
  return [
    THREE.map((who) => asksTable(who)),
    THREE.map((who) => answersTable(`2${table(who)}`, who)),
    prepares(
      "peers/6/1",
      THREE.map((who) => expectText(`${who} screen`, names(who), { words: "the names of both others" })),
    ),
  ];
};

/** They know each other's names; prepared by peers/6/1. */
export const bothKnow = (): Script => [
  bothBegin(),
  prepares("peers/6/1", [expectText("jacky screen", "{bob}"), expectText("bob screen", "{jacky}")]),
];
