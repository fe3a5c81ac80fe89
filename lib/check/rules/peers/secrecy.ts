import { prepares, type Rule, rule } from "../../rule.ts";
import { bind, conceals, expectText, join, type Script, send, type Step } from "../../step.ts";
import { answersTable, asksTable, FIRST, SECOND, types } from "./prepare.ts";

const SECURE = "**Secure transmission** when asked for: the text between two peers can be read only by them.";

/** Two programs, each of which has the check in the table in place of the other; they know each other's names. */
const between = (): Script => [
  asksTable("jacky"),
  asksTable("bob"),
  bind("jacky wire", "{jacky.udp}"),
  bind("bob wire", "{bob.udp}"),
  join("jacky wire", "bob wire"),
  answersTable("1-R:127.0.0.1:{jacky.wire.port}", "jacky"),
  answersTable("1-R:127.0.0.1:{bob.wire.port}", "bob"),
  prepares("peers/6/1", [expectText("jacky screen", "{bob}"), expectText("bob screen", "{jacky}")]),
];

const secures = (): Step => send("jacky keys", "/secure {bob}");

/** A text is shown by the other; prepared by peers/8/1. */
const saysSecretly = (from = "jacky", to = "bob", text = FIRST): Script => [
  types(to, text, from),
  prepares("peers/8/1", [expectText(`${to} screen`, text)]),
];

/** No datagram between the two has the text, on whichever side it came. */
const isConcealed = (text = FIRST): Step[] => [conceals("jacky wire", text), conceals("bob wire", text)];

/** Section 8: secrecy. The check stands between two of the same program, and sees their datagrams. */
export const SECRECY: readonly Rule[] = [
  rule("peers/8/1", {
    title: "after /secure the other shows what is said",
    quote: SECURE,
    why: "a text that the receiver cannot read either is lost",
    cause: "the two sides do not come to the same key, or the text is sent before they have",
    points: 2,
    after: ["peers/6/2"],
    script: [between(), secures(), types("bob", FIRST), expectText("bob screen", FIRST)],
  }),
  rule("peers/8/2", {
    title: "what is said after /secure cannot be read between them",
    quote: SECURE,
    why: "anyone on the network can record datagrams",
    cause: "the text is sent as before, and only the screen says that it is secret",
    points: 3,
    script: [between(), secures(), saysSecretly(), isConcealed()],
  }),
  rule("peers/8/3", {
    title: "the answer cannot be read between them either",
    quote: SECURE,
    why: "an answer says what was asked",
    cause: "only the one who asked for it encrypts",
    points: 2,
    after: ["peers/8/2"],
    script: [between(), secures(), saysSecretly(), saysSecretly("bob", "jacky", SECOND), isConcealed(SECOND)],
  }),
];
