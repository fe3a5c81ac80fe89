import { type Rule, rule } from "../../rule.ts";
import { expect, ignore, sendUntil } from "../../step.ts";
import { json } from "../../json_shape.ts";
import { answered, asksToConnect, dumps, onlineInTerminal, sends, shows, types, users } from "./prepare.ts";

/** Section 12: the menu. */
export const MENU: readonly Rule[] = [
  rule("mychat/12/1", {
    title: "R asks for the users",
    quote: "`R` to refresh",
    why: "people come and go",
    cause: "the list of the CONNECT is shown again",
    points: 2,
    script: [
      asksToConnect("jacky"),
      answered("jacky"),
      ignore("jacky La", json({ key: "CONNECT" })),
      types("jacky", "R"),
      sends("jacky", { key: "GET_USERS", username: "{jacky}" }),
    ],
  }),
  rule("mychat/12/2", {
    title: "users are shown as online or offline",
    quote: "shows each as `(online)` or `(offline)`",
    why: "one sees who will answer at once",
    cause: "the names alone are shown",
    script: [
      onlineInTerminal("jacky"),
      types("jacky", "R"),
      sendUntil("jacky La", dumps(users("jacky"))),
      shows("jacky", /{bob}[^\n]{0,12}\(online\)[^]*{michael}[^\n]{0,12}\(offline\)/),
    ],
  }),
  rule("mychat/12/3", {
    title: "the menu has the group MyChat",
    quote: "the available group chats",
    why: "one joins what one sees",
    cause: "the menu has the users alone",
    level: "should",
    script: [
      onlineInTerminal("jacky"),
      sendUntil("jacky La", dumps(users("jacky"))),
      shows("jacky", /\[available group chats\][^]*MyChat/),
    ],
  }),
  rule("mychat/12/4", {
    title: "r in small letters is R",
    quote: "`B`, `R`, `E` work in small letters too",
    why: "few press shift for a command",
    cause: 'line == "R"',
    level: "should",
    after: ["mychat/12/1"],
    script: [
      asksToConnect("jacky"),
      answered("jacky"),
      ignore("jacky La", json({ key: "CONNECT" })),
      types("jacky", "r"),
      expect("jacky La", json({ key: "GET_USERS" })),
    ],
  }),
];
