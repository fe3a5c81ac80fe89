import { prepares, type Rule, rule } from "../../rule.ts";
import { close, closed, dial, expect, runs, type Script, send, sendRaw, silence } from "../../step.ts";
import { connected, exchanged, loggedIn, NOTICED, online, stillServes } from "./prepare.ts";

const GONE = "the name gone from the list";

/** A client that vanishes; its Lb is closed by the server, prepared by im/10/1. */
const vanishes = (who: string): Script => [
  close(`${who} La`),
  prepares("im/10/1", [closed(`${who} Lb`)]),
];

/** Section 10: things that break. */
export const BREAKING: readonly Rule[] = [
  rule("im/10/1", {
    title: "a client whose La ends loses Lb as well",
    quote: "a peer that vanishes with or without a FIN",
    why: "half a session can neither write nor be written to",
    cause: "the end of La is not seen, or Lb is forgotten",
    points: 2,
    script: [online("bob"), close("bob La"), closed("bob Lb")],
  }),
  rule("im/10/2", {
    title: "a client that vanishes leaves the list",
    quote: GONE,
    why: "people write to names that they see",
    cause: "the name is removed on /exit alone",
    points: 2,
    after: ["im/6/1", "im/6/2"],
    script: [
      online("bob", "jacky"),
      vanishes("bob"),
      send("jacky La", "/list"),
      expect("jacky La", "301 {jacky}"),
    ],
  }),
  rule("im/10/3", {
    title: "a client that has vanished can log in again",
    quote: GONE,
    why: "laptops lose their network and come back",
    cause: "the name stays in the online list",
    after: ["im/10/2"],
    script: [
      online("bob"),
      vanishes("bob"),
      connected("other"),
      send("other La", "/login {bob} {bob.password}"),
      expect("other La", "101 Authentication successful"),
    ],
  }),
  rule("im/10/4", {
    title: "half a line is not a command",
    quote: "half a line and then silence",
    why: "what was not finished was not said",
    cause: "what was read is handled when the connection ends",
    after: ["im/9/8"],
    script: [
      online("jacky", "bob"),
      sendRaw("jacky La", "/to {bob} {text}"),
      close("jacky La"),
      silence("bob Lb", 500),
    ],
  }),
  rule("im/10/5", {
    title: "a client that is killed in the midst of a line ends only its own session",
    quote: "no effect on anybody else",
    why: "students' programs crash all the time",
    cause: "an exception in one thread ends the process, or leaves a lock",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      sendRaw("michael La", "/to {bo"),
      close("michael La", "reset"),
      close("michael Lb", "reset"),
      NOTICED,
      exchanged("jacky", "bob"),
    ],
  }),
  rule("im/10/6", {
    title: "a client that is killed before its login does no harm",
    quote: "a login that never comes",
    why: "a port scanner does no more",
    cause: "the session's name is removed from the list without having been in it",
    script: [
      dial("other La"),
      sendRaw("other La", "/log"),
      close("other La", "reset"),
      NOTICED,
      loggedIn("jacky"),
    ],
  }),
  rule("im/10/7", {
    title: "a session whose Lb was refused does no harm to others",
    quote: "an Lb that refuses, is slow, or closes while a message is in flight",
    why: "firewalls refuse connections to clients",
    cause: "connect() throws in the thread that accepts",
    after: ["im/4/12"],
    script: [
      loggedIn("bob"),
      send("bob La", "/port 1"),
      prepares("im/3/2", [expect("bob La", "202 Build connection failed")]),
      online("jacky", "michael"),
      exchanged("jacky", "michael"),
    ],
  }),
  rule("im/10/8", {
    title: "twenty connections that come and go leave the server as it was",
    quote: "and no effect on anybody else",
    why: "a class restarts its programs all afternoon",
    cause: "a thread or a descriptor is left behind for each",
    startsProgram: true,
    after: ["im/1/4"],
    script: [
      Array.from(
        { length: 20 },
        (_, i) => [dial(`guest${i} La`), close(`guest${i} La`, i % 2 === 0 ? "finish" : "reset")],
      ),
      online("jacky"),
      stillServes("jacky"),
      runs("server"),
    ],
  }),
  rule("im/10/9", {
    title: "what the server does with a client that closes Lb alone",
    quote: "that close only one of the two connections",
    why: "such a client still sends commands, and hears nothing",
    cause: "the handout does not say which of the two ends the session",
    level: "open",
    script: [online("jacky"), close("jacky Lb", "reset"), { do: "wait", ms: 300 }, send("jacky La", "/list"), {
      do: "observe",
      link: "jacky La",
    }],
  }),
];
