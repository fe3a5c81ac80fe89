import { prepares, type Rule, rule } from "../../rule.ts";
import { closed, expect, type Script, send } from "../../step.ts";
import { connected, exchanged, loggedIn, online } from "./prepare.ts";

/** A user says /exit and is answered; prepared by im/7/1. */
const leaves = (who: string): Script =>
  prepares("im/7/1", [send(`${who} La`, "/exit"), expect(`${who} La`, "310 Bye bye")]);

/** Section 7: `/exit`. */
export const LEAVING: readonly Rule[] = [
  rule("im/7/1", {
    title: "/exit is answered 310",
    quote: "`310 Bye bye`, then the server frees everything and the name leaves the list",
    why: "the client quits on 310",
    cause: "the socket is closed before the answer is written",
    points: 2,
    script: [online("jacky"), send("jacky La", "/exit"), expect("jacky La", "310 Bye bye")],
  }),
  rule("im/7/2", {
    title: "after 310 the server closes La",
    quote: "then the server frees everything",
    why: "an unused connection costs a thread and a descriptor",
    cause: "the loop that reads goes on after /exit",
    script: [online("jacky"), leaves("jacky"), closed("jacky La")],
  }),
  rule("im/7/3", {
    title: "after 310 the server closes Lb",
    quote: "then the server frees everything",
    why: "the client's other thread waits on it",
    cause: "only the connection of the command is closed",
    script: [online("jacky"), leaves("jacky"), closed("jacky Lb")],
  }),
  rule("im/7/4", {
    title: "after 310 the name has left the list",
    quote: "the name leaves the list",
    why: "people write to names that they see",
    cause: "the entry is removed when the connection breaks, and /exit does not break it",
    points: 2,
    after: ["im/6/1", "im/6/2"],
    script: [
      online("bob", "jacky"),
      leaves("bob"),
      send("jacky La", "/list"),
      expect("jacky La", /^301(?! (\S+ )*{bob}( |$))/, { words: "301 and names, without {bob}" }),
    ],
  }),
  rule("im/7/5", {
    title: "a user who has left can log in again",
    quote: "one name can be online once",
    why: "leaving is not for ever",
    cause: "the name stays in the online list",
    after: ["im/7/4"],
    script: [
      online("bob"),
      leaves("bob"),
      connected("other"),
      send("other La", "/login {bob} {bob.password}"),
      expect("other La", "101 Authentication successful"),
    ],
  }),
  rule("im/7/6", {
    title: "a message to someone who has left is answered 304",
    quote: "`/to` an unknown or offline name is 304",
    why: "the sender must not wait for a receipt that cannot come",
    cause: "the message is written to a socket that is closed, and the exception ends the sender's session",
    after: ["im/7/4", "im/4/5"],
    script: [
      online("bob", "jacky"),
      leaves("bob"),
      send("jacky La", "/to {bob} {text}"),
      expect("jacky La", "304 Message delivery failed"),
    ],
  }),
  rule("im/7/7", {
    title: "/exit with a word after it is answered 401",
    quote: "`/list x`, `/exit x`, `/toall` with no text",
    why: "a command that is nearly right is still a mistake",
    cause: 'startsWith("/exit")',
    after: ["im/8/1"],
    script: [online("jacky"), send("jacky La", "/exit now"), expect("jacky La", "401 Unrecognized message")],
  }),
  rule("im/7/8", {
    title: "the others chat on when one leaves",
    quote: "no effect on anybody else",
    why: "people come and go all the time",
    cause: "the list of sessions is changed while another thread goes over it",
    script: [online("bob", "michael", "jacky"), leaves("michael"), exchanged("jacky", "bob")],
  }),
  rule("im/7/9", {
    title: "/exit before /port",
    quote: "Only `/port N` is known here.",
    why: "a client whose user changes their mind sends it",
    cause: "the handout knows only /port there, and a friendly server says 310",
    level: "open",
    script: [loggedIn("jacky"), send("jacky La", "/exit"), { do: "observe", link: "jacky La" }],
  }),
];
