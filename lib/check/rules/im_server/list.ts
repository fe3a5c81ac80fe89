import { prepares, type Rule, rule } from "../../rule.ts";
import { expect, send } from "../../step.ts";
import { connected, loggedIn, online } from "./prepare.ts";

/** Section 6: `/list`. */
export const LIST: readonly Rule[] = [
  rule("im/6/1", {
    title: "/list is answered 301 with the asker's name, alone online",
    quote: "`301 name1 name2 … nameN`: everyone online, the asker included",
    why: "people look here for whom they can write to",
    cause: "the asker is left out, or the list holds sessions and not names",
    points: 2,
    script: [online("jacky"), send("jacky La", "/list"), expect("jacky La", "301 {jacky}")],
  }),
  rule("im/6/2", {
    title: "/list has every name that is online, once",
    quote: "everyone online, the asker included",
    why: "a missing name cannot be written to",
    cause: "the list is made at the login and not when it is asked for",
    points: 2,
    after: ["im/6/1"],
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/list"),
      expect("jacky La", /^301(?=.* {jacky}( |$))(?=.* {bob}( |$))(?=.* {michael}( |$))( \S+){3}$/, {
        words: "301 and the names {jacky}, {bob}, {michael}, each once",
      }),
    ],
  }),
  rule("im/6/3", {
    title: "the asker stands first, then the others in the order in which they came online",
    quote: "the asker first, then the others in the order they came online",
    why: "two programs that show the same list agree",
    cause: "the names come out of a set, or sorted",
    level: "should",
    after: ["im/6/2"],
    script: [
      online("bob", "michael", "jacky"),
      send("jacky La", "/list"),
      expect("jacky La", "301 {jacky} {bob} {michael}"),
    ],
  }),
  rule("im/6/4", {
    title: "a name joins the list at its login",
    quote: "right: `101 Authentication successful`, and the name joins the online list",
    why: "the list is who is online, linked or not",
    cause: "the name is added after /port",
    level: "should",
    after: ["im/6/2"],
    script: [
      loggedIn("bob"),
      online("jacky"),
      send("jacky La", "/list"),
      expect("jacky La", /^301 (\S+ )*{bob}( \S+)*$/, { words: "301 and names, {bob} among them" }),
    ],
  }),
  rule("im/6/5", {
    title: "a failed login is not in the list",
    quote: "everyone online",
    why: "a user who failed to log in is not there to be written to",
    cause: "the name is added before the password is compared",
    after: ["im/6/1", "im/1/5"],
    script: [
      connected("bob"),
      send("bob La", "/login {bob} wrong{bob.password}"),
      prepares("im/2/2", [expect("bob La", "102 Authentication failed")]),
      online("jacky"),
      send("jacky La", "/list"),
      expect("jacky La", /^301(?! (\S+ )*{bob}( |$))/, { words: "301 and names, without {bob}" }),
    ],
  }),
  rule("im/6/6", {
    title: "/list with a word after it is answered 401",
    quote: "`/list x`, `/exit x`, `/toall` with no text",
    why: "a command that is nearly right is still a mistake",
    cause: 'startsWith("/list")',
    after: ["im/8/1"],
    script: [online("jacky"), send("jacky La", "/list x"), expect("jacky La", "401 Unrecognized message")],
  }),
  rule("im/6/7", {
    title: "a refused second login leaves the first in the list",
    quote: "a second login of an online name is refused with 102",
    why: "anybody who knows a name could throw its owner out",
    cause: "the entry of the list is replaced, or removed when the refused connection closes",
    after: ["im/1/5", "im/6/1"],
    script: [
      online("jacky"),
      connected("other"),
      send("other La", "/login {jacky} {jacky.password}"),
      prepares("im/2/5", [expect("other La", "102 Authentication failed")]),
      send("jacky La", "/list"),
      expect("jacky La", "301 {jacky}"),
    ],
  }),
];
