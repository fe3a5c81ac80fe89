import { prepares, type Rule, rule } from "../../rule.ts";
import { expect, expectText, send, silence, type Step } from "../../step.ts";
import { connected, loggedIn } from "./prepare.ts";

/** A wrong password is answered 102; prepared by im/2/2. */
const fails = (who: string): Step[] => prepares("im/2/2", [expect(`${who} La`, "102 Authentication failed")]);
/** The right password is answered 101; prepared by im/2/1. */
const succeeds = (who: string): Step[] => prepares("im/2/1", [expect(`${who} La`, "101 Authentication successful")]);

/** Section 2: `/login`. */
export const AUTHENTICATION: readonly Rule[] = [
  rule("im/2/1", {
    title: "the right password is answered 101",
    quote: "right: `101 Authentication successful`, and the name joins the online list",
    why: "every other command comes after it",
    cause: "the users file is read with its line ends, so that no password ever matches",
    points: 2,
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", "101 Authentication successful"),
    ],
  }),
  rule("im/2/2", {
    title: "a wrong password is answered 102",
    quote: "wrong: `102 Authentication failed`",
    why: "the client asks again only on 102",
    cause: "the name alone is looked up, and the password is not compared",
    points: 2,
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} wrong{jacky.password}"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/3", {
    title: "an unknown name is answered 102",
    quote: "wrong: `102 Authentication failed`",
    why: "a name that does not exist is a wrong login like any other",
    cause: "looking the name up throws, and the session ends",
    script: [
      connected("jacky"),
      send("jacky La", "/login {nobody} {nobody.password}"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/4", {
    title: "after 102 the same connection can log in, however often it failed",
    quote: "the client asks for both again, as often as it takes",
    why: "people mistype passwords and try again",
    cause: "the server closes the connection after a failed login, or counts to three",
    points: 2,
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} wrong{jacky.password}"),
      fails("jacky"),
      Array.from({ length: 3 }, () => [
        send("jacky La", "/login {jacky} wrong{jacky.password}"),
        expect("jacky La", "102 Authentication failed"),
      ]),
      send("jacky La", "/login {jacky} {jacky.password}"),
      succeeds("jacky"),
    ],
  }),
  rule("im/2/5", {
    title: "a name that is online is refused with 102",
    quote: "one name can be online once; a second login of an online name is refused with 102",
    why: "two sessions of one name would share, or steal, its messages",
    cause: "the online list is not looked at before the login is accepted",
    points: 2,
    after: ["im/1/5"],
    script: [
      loggedIn("jacky"),
      connected("other"),
      send("other La", "/login {jacky} {jacky.password}"),
      expect("other La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/6", {
    title: "a command before the login is answered 401",
    quote: "Only `/login username password` is known here.",
    why: "a message needs a sender",
    cause: "commands are looked up without the stage of the session",
    after: ["im/8/1"],
    script: [
      connected("jacky"),
      send("jacky La", "/list"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/to {bob} {text}"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/2/7", {
    title: "a failed login does not log in",
    quote:
      "A line that is not known in its stage, or is malformed, gets `401 Unrecognized message` and changes nothing.",
    why: "a wrong password must not open anything",
    cause: "the session's name is set before the password is compared",
    after: ["im/2/4", "im/8/1"],
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} wrong{jacky.password}"),
      fails("jacky"),
      send("jacky La", "/port 9"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/2/8", {
    title: "a password is compared whole",
    quote: "USERS_FILE: one user a line, `username password`, separated by white space",
    why: "part of a password, or more than it, must not be enough",
    cause: "startsWith() or `in` where == belongs",
    after: ["im/2/2", "im/1/5"],
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} {jacky.password}x"),
      expect("jacky La", "102 Authentication failed"),
      connected("other"),
      send("other La", "/login {jacky} {jacky.password.part}"),
      expect("other La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/9", {
    title: "the password of another user is wrong",
    quote: "USERS_FILE: one user a line, `username password`",
    why: "each user has a password of their own",
    cause: "names and passwords are kept in two lists and looked up each by itself",
    after: ["im/2/2"],
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} {another.password}"),
      expect("jacky La", "102 Authentication failed"),
    ],
  }),
  rule("im/2/10", {
    title: "a second /login after the login is answered 401",
    quote:
      "A line that is not known in its stage, or is malformed, gets `401 Unrecognized message` and changes nothing.",
    why: "a session has one name from its login to its end",
    cause: "commands are looked up without the stage of the session",
    after: ["im/8/1"],
    script: [
      loggedIn("jacky"),
      send("jacky La", "/login {bob} {bob.password}"),
      expect("jacky La", "401 Unrecognized message"),
      silence("jacky La"),
    ],
  }),
  rule("im/2/11", {
    title: "/login without a password, or with a word too many, is answered 401",
    quote: "`/login a` are malformed",
    why: "102 would send the user to look for another password",
    cause: "the words are taken by their place without counting them, and a missing one ends the thread",
    after: ["im/8/1"],
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky}"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/login"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/login {jacky} {jacky.password} more"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/2/12", {
    title: "after a malformed /login the right one is accepted",
    quote: "gets `401 Unrecognized message` and changes nothing",
    why: "a mistake is not the end of a session",
    cause: "the thread of the session ends with an exception",
    after: ["im/9/7"],
    script: [connected("jacky"), send("jacky La", "/login {jacky}"), loginAgain("jacky")],
  }),
  rule("im/2/13", {
    title: "two users can log in, one after the other",
    quote: "one name can be online once",
    why: "a chat needs two",
    cause: "the server serves one connection, and the second when the first has ended",
    points: 2,
    after: ["im/1/5"],
    script: [
      loggedIn("jacky"),
      connected("bob"),
      send("bob La", "/login {bob} {bob.password}"),
      expect("bob La", "101 Authentication successful"),
    ],
  }),
];

/** A login on a connection that was answered before; what came before it is passed over. */
function loginAgain(who: string): Step[] {
  return [
    send(`${who} La`, `/login {${who}} {${who}.password}`),
    expectText(`${who} La`, "101 Authentication successful"),
  ];
}
