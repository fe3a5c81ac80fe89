import { type Rule, rule } from "../../rule.ts";
import { dial, expect, send, sendRaw, silence } from "../../step.ts";
import { loggedIn } from "./prepare.ts";

/** Section 2: `/login`. */
export const AUTHENTICATION: readonly Rule[] = [
  rule("im/2/1", {
    title: "the right password is answered 101",
    quote: "right: 101 Authentication successful, and the name joins the online list",
    why: "every other command comes after it",
    cause: "the file of users is read with its line ends, so that no password ever matches",
    points: 2,
    script: [
      dial("jacky La"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", "101 Authentication successful"),
    ],
  }),
  rule("im/2/2", {
    title: "a wrong password is answered 102",
    quote: "wrong: 102 Authentication failed",
    why: "the client asks again only on 102",
    cause: "the name alone is looked up, and the password is not compared",
    script: [
      dial("jacky La"),
      send("jacky La", "/login {jacky} wrong{jacky.password}"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/3", {
    title: "an unknown name is answered 102",
    quote: "wrong: 102 Authentication failed",
    why: "a name that does not exist is a wrong login like any other",
    cause: "a look-up of the name throws, and the session ends",
    script: [
      dial("jacky La"),
      send("jacky La", "/login {nobody} {nobody.password}"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/4", {
    title: "after 102 the same connection can log in",
    quote: "the client asks for both again, as often as it takes",
    why: "a person mistypes a password, and tries again",
    cause: "the server closes the connection after a failed login",
    script: [
      dial("jacky La"),
      send("jacky La", "/login {jacky} wrong{jacky.password}"),
      expect("jacky La", "102 Authentication failed"),
      send("jacky La", "/login {jacky} again{jacky.password}"),
      expect("jacky La", "102 Authentication failed"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", "101 Authentication successful"),
    ],
  }),
  rule("im/2/5", {
    title: "a name that is online is refused with 102",
    quote: "one name can be online once; a second login of an online name is refused with 102",
    why: "two sessions of one name would share, or steal, its messages",
    cause: "the online list is not asked before the login is accepted",
    points: 2,
    script: [
      loggedIn("jacky"),
      dial("other La"),
      send("other La", "/login {jacky} {jacky.password}"),
      expect("other La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/6", {
    title: "a command before the login is answered 401",
    quote: "Only /login username password is known here.",
    why: "nobody sends messages without a name",
    cause: "commands are looked up without the stage of the session",
    script: [
      dial("jacky La"),
      send("jacky La", "/list"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", "101 Authentication successful"),
    ],
  }),
  rule("im/2/7", {
    title: "each line of the server ends in a newline, and in nothing else",
    quote: "Text lines over TCP, each ended by \\n.",
    why: "a client that reads lines waits for ever for the end of this one",
    cause: 'send() without "\\n", or println() of a language that ends lines in \\r\\n',
    script: [
      dial("jacky La"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", /^\d{3} [^\r]*[^\s]$/, { exact: true }),
    ],
  }),
  rule("im/2/8", {
    title: "a password is compared whole, with its capitals",
    quote: "USERS_FILE: one user a line, username password, separated by white space",
    why: "part of a password must not be enough",
    cause: "startsWith(), or a comparison that ignores case",
    script: [
      dial("jacky La"),
      send("jacky La", "/login {jacky} {jacky.password}x"),
      expect("jacky La", "102 Authentication failed"),
      sendRaw("jacky La", "/login {jacky} 1\n"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/9", {
    title: "a second /login after the login is answered 401",
    quote: "A line that is not known in its stage, or is malformed, gets 401 Unrecognized message and changes nothing.",
    why: "a session has one name from its login to its end",
    cause: "commands are looked up without the stage of the session",
    script: [
      loggedIn("jacky"),
      send("jacky La", "/login {bob} {bob.password}"),
      expect("jacky La", "401 Unrecognized message"),
      silence("jacky La"),
    ],
  }),
];
