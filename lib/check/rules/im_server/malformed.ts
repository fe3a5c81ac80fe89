import { type Rule, rule } from "../../rule.ts";
import { expect, expectText, send, sendRaw } from "../../step.ts";
import { exchanged, NOTICED, online } from "./prepare.ts";

const MALFORMED =
  "A line that is not known in its stage, or is malformed, gets `401 Unrecognized message` and changes nothing.";

/** A line that is no command. */
const unknown = (id: string, line: string, what: string, cause: string, level: "must" | "should" = "must"): Rule =>
  rule(id, {
    title: `${what} is answered 401`,
    quote: MALFORMED,
    why: "the user learns that the line had no effect",
    cause,
    level,
    after: ["im/8/1"],
    script: [online("jacky"), send("jacky La", line), expect("jacky La", "401 Unrecognized message")],
  });

/** Section 8: lines that are no commands. */
export const MALFORMED_LINES: readonly Rule[] = [
  rule("im/8/1", {
    title: "an unknown line is answered 401",
    quote: MALFORMED,
    why: "a client waits for the answer to each line",
    cause: "the last branch of the commands is missing, and nothing is sent",
    points: 2,
    script: [
      online("jacky"),
      send("jacky La", "/nothing at all"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  unknown("im/8/2", "hello", "a line without a slash", "every line is taken for a text and sent to all"),
  unknown("im/8/3", "/listen", "a command with letters after it", 'startsWith("/list")'),
  unknown("im/8/4", "/toBOB x", "a command without the space after it", "the name is cut off at a fixed place"),
  unknown("im/8/5", "", "an empty line", "an empty line is passed over, and the client waits", "should"),
  unknown("im/8/6", "/LIST", "a command in capitals", "lower() before the comparison", "should"),
  unknown("im/8/7", " /list", "a command after a space", "strip() before the comparison", "should"),
  rule("im/8/8", {
    title: "401 changes nothing: the session goes on",
    quote: "and changes nothing",
    why: "a mistake must not cost the session",
    cause: "the thread of the session ends with an exception after 401",
    points: 2,
    after: ["im/8/1"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/nothing"),
      expect("jacky La", "401 Unrecognized message"),
      exchanged("jacky", "bob"),
    ],
  }),
  rule("im/8/9", {
    title: "bytes that are no UTF-8 do not end the server",
    quote: "bytes that are not UTF-8",
    why: "a client of another alphabet sends them",
    cause: "decode() throws, and ends the thread that serves all clients",
    script: [
      online("jacky", "bob"),
      sendRaw("jacky La", new Uint8Array([0x2f, 0x74, 0x6f, 0x20, 0xff, 0xfe, 0x80, 0x0a])),
      NOTICED,
      send("bob La", "/list"),
      expectText("bob La", /301 \S+/, { words: "301 and names" }),
    ],
  }),
  rule("im/8/10", {
    title: "a line that never ends holds up only its own session",
    quote: "a line that never ends",
    why: "one client must not take the memory or the time of all",
    cause: "the server reads on until the newline before it looks at anybody else",
    script: [
      online("jacky", "bob", "michael"),
      sendRaw("michael La", "/to " + "x".repeat(100_000)),
      NOTICED,
      exchanged("jacky", "bob"),
    ],
  }),
];
