import { holding, json, lacking } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { bind, expect } from "../../step.ts";
import { comes, gets, leaves, listed, online, ready, says, user } from "./prepare.ts";

const OTHERS = "`users`: the others, each with `isOnline`";
const asks = (who: string) => says(who, { key: "GET_USERS", username: `{${who}}` });

/** Section 2: `GET_USERS`. */
export const USERS: readonly Rule[] = [
  rule("mychat/2/1", {
    title: "GET_USERS is answered with the list of users",
    quote: OTHERS,
    why: "R shows the menu anew",
    cause: "the list is sent under another name, or as a text",
    points: 2,
    script: [
      online("jacky"),
      asks("jacky"),
      gets("jacky", { key: "GET_USERS", username: "{jacky}", users: holding() }),
    ],
  }),
  rule("mychat/2/2", {
    title: "the list has the others, who are online",
    quote: OTHERS,
    why: "people choose from it whom they write to",
    cause: "isOnline is not set when a user comes",
    after: ["mychat/2/1"],
    script: [online("bob", "jacky"), asks("jacky"), expect("jacky La", listed(user("bob", true)))],
  }),
  rule("mychat/2/3", {
    title: "the asker is not in the list",
    quote: "the others",
    why: "a user who chats with itself hears nothing",
    cause: "all users are listed, as in the answer to CONNECT",
    after: ["mychat/2/1"],
    script: [online("jacky"), asks("jacky"), gets("jacky", { key: "GET_USERS", users: lacking(user("jacky")) })],
  }),
  rule("mychat/2/4", {
    title: "a user who has logged out is listed as offline",
    quote:
      "the server remembers every user it has ever seen, across restarts, and shows each as `(online)` or `(offline)`",
    why: "one can write to users who are away",
    cause: "the user is removed at LOGOUT, or isOnline stays true",
    points: 2,
    after: ["mychat/2/2"],
    script: [online("bob", "jacky"), leaves("bob"), asks("jacky"), expect("jacky La", listed(user("bob", false)))],
  }),
  rule("mychat/2/5", {
    title: "a user who comes back is online again, and listed once",
    quote: "shows each as `(online)` or `(offline)`",
    why: "a list with a name twice shows two states",
    cause: "a second entry is made for the name",
    after: ["mychat/2/4", "mychat/7/3"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      comes("bob", "La2"),
      asks("jacky"),
      expect("jacky La", listed(user("bob"))),
      asks("jacky"),
      expect("jacky La", listed(user("bob", true))),
    ],
  }),
  rule("mychat/2/6", {
    title: "the list is of the moment in which it is asked for",
    quote: "`R` to refresh",
    why: "people come after one has connected",
    cause: "the list of the CONNECT is kept and sent again",
    after: ["mychat/2/2"],
    script: [
      online("jacky"),
      asks("jacky"),
      gets("jacky", { key: "GET_USERS", users: lacking(user("bob", true)) }),
      comes("bob"),
      asks("jacky"),
      expect("jacky La", listed(user("bob", true))),
    ],
  }),
  rule("mychat/2/7", {
    title: "names outside of ASCII are names like others",
    quote: "the first contact of a user name registers it",
    why: "not everyone's name is written in ASCII",
    cause: "bytes are decoded as ASCII, or encoded twice",
    after: ["mychat/2/2"],
    script: [
      ready(),
      bind("other La"),
      says("other", { key: "CONNECT", isConnected: false, username: "Zo\u00eb{nobody}", isStach: false }),
      expect("other La", json({ key: "CONNECT", isConnected: true, username: "Zo\u00eb{nobody}" })),
      comes("jacky"),
      asks("jacky"),
      expect("jacky La", listed({ username: "Zo\u00eb{nobody}", isOnline: true })),
    ],
  }),
];
