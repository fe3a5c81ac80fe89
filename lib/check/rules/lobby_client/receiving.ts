import { type Rule, rule } from "../../rule.ts";
import { expectText, runs, send, sendRaw, wait } from "../../step.ts";
import { arrives, connects, isInRoom, OTHERS, sendsExactly, shows, types } from "./prepare.ts";

const PRINTS = "it prints each chunk it receives";
const BOTH = "The client watches keyboard and server at the same time";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Section 12: what the server sends. */
export const RECEIVING: readonly Rule[] = [
  rule("lobby/12/1", {
    title: "the greeting is shown, before anything was typed",
    quote: PRINTS,
    why: "the user sees that the connection works",
    cause: "the client waits for the keyboard before it looks at the server",
    points: 2,
    script: [
      connects(),
      send("ann tcp", "Welcome to this chatroom!"),
      expectText("ann screen", "Welcome to this chatroom!"),
    ],
  }),
  rule("lobby/12/2", {
    title: "what others say is shown while the user types nothing",
    quote: BOTH,
    why: "most people in a room listen",
    cause: "one loop reads from the server and from the keyboard in turn",
    points: 3,
    script: [isInRoom(), send("ann tcp", OTHERS), expectText("ann screen", OTHERS)],
  }),
  rule("lobby/12/3", {
    title: "a chunk without a newline is shown",
    quote: PRINTS,
    why: "the handout's own server ends its greeting with none",
    cause: "the client waits for the newline, or prints without a flush()",
    after: ["lobby/12/2"],
    script: [isInRoom(), sendsExactly(OTHERS), expectText("ann screen", OTHERS)],
  }),
  rule("lobby/12/4", {
    title: "two lines in one chunk are both shown",
    quote: PRINTS,
    why: "a network glues what follows closely",
    cause: "what recv() returned is taken for one line, and cut at its newline",
    points: 2,
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      sendsExactly(`${OTHERS}\n<10.0.0.8> and {text2}\n`),
      expectText("ann screen", OTHERS),
      expectText("ann screen", "<10.0.0.8> and {text2}"),
    ],
  }),
  rule("lobby/12/5", {
    title: "a line in two chunks is shown whole",
    quote: PRINTS,
    why: "a network cuts where it likes",
    cause: "a chunk is looked through for an address, and dropped without one",
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      sendsExactly("<10.0.0.7> other: "),
      expectText("ann screen", "<10.0.0.7> other:"),
      sendsExactly("{text3}\n"),
      expectText("ann screen", "{text3}"),
    ],
  }),
  rule("lobby/12/6", {
    title: "what others say is shown after the user has typed, too",
    quote: BOTH,
    why: "a conversation goes on",
    cause: "the loop that reads from the server ends with the first line that is typed",
    points: 2,
    after: ["lobby/12/2"],
    script: [isInRoom(), types(), arrives(), send("ann tcp", OTHERS), expectText("ann screen", OTHERS)],
  }),
  rule("lobby/12/7", {
    title: "what others say is shown while the user is in the midst of a line",
    quote: BOTH,
    why: "people think while they type",
    cause: "select() says that the keyboard has something, and readline() waits for the rest of it",
    level: "should",
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      sendRaw("ann keys", "half a li"),
      wait(200),
      send("ann tcp", OTHERS),
      expectText("ann screen", OTHERS),
    ],
  }),
  rule("lobby/12/8", {
    title: "a text in any alphabet is shown as it came",
    quote: PRINTS,
    why: "not every name fits into ASCII",
    cause: "bytes are decoded as ASCII, or what is no ASCII is replaced",
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      send("ann tcp", "<10.0.0.7> Grüße, 你好 🙂 {text}"),
      expectText("ann screen", "Grüße, 你好 🙂 {text}"),
    ],
  }),
  rule("lobby/12/9", {
    title: "a character that is cut by the network does no harm",
    quote: PRINTS,
    why: "a letter outside ASCII has several bytes, and a network knows no letters",
    cause: "decode() throws on the first part of it",
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      sendsExactly(bytes("<10.0.0.7> Gr\u00fc").subarray(0, -1)),
      expectText("ann screen", "<10.0.0.7> Gr"),
      sendsExactly(bytes("\u00fc\u00dfe\n").subarray(1)),
      shows(),
    ],
  }),
  rule("lobby/12/10", {
    title: "bytes that are no UTF-8 do no harm",
    quote: PRINTS,
    why: "telnet sends such bytes by itself",
    cause: "decode() throws, and with it ends the client",
    after: ["lobby/12/2", "lobby/12/9"],
    script: [isInRoom(), sendsExactly(new Uint8Array([0xff, 0xfb, 0x80, 0x0a])), shows(), runs("ann")],
  }),
  rule("lobby/12/11", {
    title: "a long text is shown whole",
    quote: PRINTS,
    why: "people paste what they have written elsewhere",
    cause: "recv(2048) returned a part, and the rest is dropped",
    after: ["lobby/12/2"],
    script: [
      isInRoom(),
      send("ann tcp", `<10.0.0.7> begin ${"x".repeat(1000)} middle ${"y".repeat(4000)} end {text}`),
      expectText("ann screen", "begin"),
      expectText("ann screen", "middle"),
      expectText("ann screen", "end {text}"),
    ],
  }),
  rule("lobby/12/12", {
    title: "a hundred lines at once are shown, all and in order",
    quote: PRINTS,
    why: "a busy room sends them so",
    cause: "only the last of what has come is shown",
    points: 2,
    after: ["lobby/12/11", "lobby/12/2", "lobby/12/4"],
    script: [
      isInRoom(),
      Array.from({ length: 100 }, (_, i) => send("ann tcp", `<10.0.0.7> no. ${i + 1}; {text}`)),
      Array.from({ length: 100 }, (_, i) => expectText("ann screen", `<10.0.0.7> no. ${i + 1}; {text}`)),
    ],
  }),
  rule("lobby/12/13", {
    title: "each text is shown once",
    quote: PRINTS,
    why: "what stands there twice was said twice",
    cause: "two threads read and print, or the buffer is printed again with what follows",
    script: [
      isInRoom(),
      shows(),
      send("ann tcp", "<10.0.0.8> and {text2}"),
      expectText("ann screen", "<10.0.0.8> and {text2}", { without: OTHERS }),
    ],
  }),
];
