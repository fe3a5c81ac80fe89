import { type Rule, rule } from "../../rule.ts";
import { close, expectText, observe, type Script, sendRaw, wait } from "../../step.ts";
import { chat, comes, FIRST, hears, says, SECOND, THIRD } from "./prepare.ts";

const SENT = "What one sends is shown on the server's terminal and sent to everyone else as `<ADDRESS> text`";
/** A right server takes no notice of it; much shorter than the time after which one passes on half a line. */
const PAUSE_MS = 100;
const LINE = "sends each line it reads with its newline";

/** A part of a line; the server has read it alone when it has passed on what another says a while after it. */
const sendsPart = (who: string, part: string | Uint8Array, other: string): Script => [
  sendRaw(`${who} tcp`, part),
  wait(PAUSE_MS),
  says(other, THIRD),
  hears(who, THIRD),
];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Section 3: lines, and how the network cuts them. */
export const SEGMENTS: readonly Rule[] = [
  rule("lobby/3/1", {
    title: "a line that arrives in two parts is one text",
    quote: SENT,
    why: "a network cuts where it likes",
    cause: "each recv() is taken for a text; read on until the newline",
    points: 2,
    after: ["lobby/2/7"],
    script: [
      comes("ann", "ben"),
      sendsPart("ann", "first: ", "ben"),
      sendRaw("ann tcp", "{text}\n"),
      expectText("ben tcp", FIRST),
    ],
  }),
  rule("lobby/3/2", {
    title: "two lines that arrive together are two texts, each with its address",
    quote: "sent to everyone else as `<ADDRESS> text`",
    why: "a client that pastes sends several lines at once",
    cause: "what recv() returned is sent on as one text",
    points: 2,
    after: ["lobby/2/2"],
    script: [
      comes("ann", "ben"),
      sendRaw("ann tcp", `${FIRST}\n${SECOND}\n`),
      expectText("ben tcp", /^(?=[^]*> first: {text})(?=[^]*> second: {text2})[^]*/, {
        words: "> first: {text} and > second: {text2}",
      }),
    ],
  }),
  rule("lobby/3/3", {
    title: "a line and a half are one text now and one later",
    quote: SENT,
    why: "the second line's beginning comes with the first",
    cause: "what stands after the last newline is thrown away, or taken for a text",
    after: ["lobby/3/1", "lobby/3/2"],
    script: [
      comes("ann", "ben"),
      sendRaw("ann tcp", `${FIRST}\nsecond: `),
      hears("ben"),
      wait(PAUSE_MS),
      sendRaw("ann tcp", "{text2}\n"),
      expectText("ben tcp", SECOND),
    ],
  }),
  rule("lobby/3/4", {
    title: "a line that is cut within a character is one text",
    quote: SENT,
    why: "a letter outside ASCII has several bytes, and a network knows no letters",
    cause: "what recv() returned is decoded before the line is whole",
    after: ["lobby/2/11", "lobby/3/1"],
    script: [
      comes("ann", "ben"),
      sendsPart("ann", bytes("Gr\u00fc").subarray(0, 3), "ben"),
      sendRaw("ann tcp", bytes("\u00fc\u00dfe\n").subarray(1)),
      expectText("ben tcp", "Gr\u00fc\u00dfe"),
    ],
  }),
  rule("lobby/3/5", {
    title: "thirty lines that arrive together are thirty texts",
    quote: SENT,
    why: "a program that is piped into nc sends them so",
    cause: "only the first lines of what recv() returned are read",
    after: ["lobby/3/2", "lobby/2/14"],
    script: [
      comes("ann", "ben"),
      sendRaw("ann tcp", Array.from({ length: 30 }, (_, i) => `no. ${i + 1}; {text}\n`).join("")),
      Array.from({ length: 30 }, (_, i) => expectText("ben tcp", `no. ${i + 1}; {text}`)),
    ],
  }),
  rule("lobby/3/6", {
    title: "a line of telnet, which ends in \\r\\n, is passed on without the \\r",
    quote: "`nc` and `telnet` are clients too",
    why: "\\r puts the cursor at the beginning of the line, and what follows overwrites it",
    cause: 'split("\\n") leaves \\r at the end of the text',
    level: "should",
    after: ["lobby/2/3"],
    script: [
      comes("ann", "ben"),
      sendRaw("ann tcp", `${FIRST}\r\n`),
      expectText("ben tcp", /first: {text}\n/, { weak: [[/first: {text}\r+\n/, "\\r stands at its end"]] }),
    ],
  }),
  rule("lobby/3/7", {
    title: "a text without a newline before the end is passed on",
    quote: "What one sends is shown on the server's terminal and sent to everyone else",
    why: "printf hello | nc sends no newline",
    cause: "what stands after the last newline is thrown away at the end",
    level: "should",
    after: ["lobby/5/5", "lobby/5/1", "lobby/3/1"],
    script: [comes("ann", "ben"), sendRaw("ann tcp", FIRST), close("ann tcp"), expectText("ben tcp", FIRST)],
  }),
  rule("lobby/3/8", {
    title: "bytes that are no UTF-8 do no harm to the others",
    quote: "A connection that breaks leaves the room; the rest never notice.",
    why: "telnet sends such bytes by itself",
    cause: "decode() throws, and with it ends the thread that serves everyone",
    points: 2,
    after: ["lobby/2/9"],
    script: [
      comes("ann", "ben", "cleo"),
      sendRaw("cleo tcp", new Uint8Array([0xff, 0xfb, 0x80, 0x0a])),
      chat("ann", "ben"),
    ],
  }),
  rule("lobby/3/9", {
    title: "what becomes of a text without a newline while its sender stays",
    quote: LINE,
    why: "some clients send without one",
    cause: "the handout's client sends lines, and does not say what else a server does",
    level: "open",
    script: [comes("ann", "ben"), sendRaw("ann tcp", FIRST), observe("ben tcp")],
  }),
];
