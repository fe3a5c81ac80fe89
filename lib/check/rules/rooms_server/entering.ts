import { type Rule, rule } from "../../rule.ts";
import { dial, expectPiece, observe, silence } from "../../step.ts";
import { come, connects, enter, joins, logsIn, piece } from "./prepare.ts";

const LOGIN = "Client → server, after connecting: NAME, pause, ROOM.";
const ANSWERS = "The server answers `New Group created` (first in that room) or `Welcome to chat room`.";

/** Section 1: the name and the room. */
export const ENTERING: readonly Rule[] = [
  rule("rooms/1/1", {
    title: "the server accepts connections on the port that it was started with",
    quote: LOGIN,
    why: "a client has no other way in",
    cause: "the port is fixed in the program, or the socket listens on another address than the network's",
    points: 2,
    script: [dial("jacky tcp")],
  }),
  rule("rooms/1/2", {
    title: "a client that has said a name and a room is answered",
    quote: ANSWERS,
    why: "the user sees that it is in",
    cause: "one recv() is thought to have both, or the answer is only printed",
    points: 2,
    script: [connects("jacky"), logsIn("jacky", "{room}"), expectPiece("jacky tcp", /\S/)],
  }),
  rule("rooms/1/3", {
    title: "the first in a room is answered with New Group created",
    quote: ANSWERS,
    why: "the user knows that it is alone",
    cause: "the room is made before it is looked up, or the words are others",
    after: ["rooms/1/2", "rooms/1/7"],
    script: [connects("jacky"), logsIn("jacky", "{room}"), expectPiece("jacky tcp", "New Group created")],
  }),
  rule("rooms/1/4", {
    title: "the next one in that room is answered with Welcome to chat room",
    quote: ANSWERS,
    why: "the user knows that others are there",
    cause: "the room is made anew for each who enters, or the words are others",
    after: ["rooms/1/5", "rooms/1/7"],
    script: [come("jacky"), connects("bob"), logsIn("bob", "{room}"), expectPiece("bob tcp", "Welcome to chat room")],
  }),
  rule("rooms/1/5", {
    title: "a client enters while another is there that says nothing",
    quote: "Users on different machines chat, two or more at a time",
    why: "a room for one is none",
    cause:
      "the server reads from the first connection before it accepts the next: it needs a thread for each, or select",
    points: 2,
    script: [come("jacky"), connects("bob"), logsIn("bob", "{room}"), expectPiece("bob tcp", /\S/)],
  }),
  rule("rooms/1/6", {
    title: "the first in another room is answered with New Group created, too",
    quote: ANSWERS,
    why: "a room is told apart by its ID",
    cause: "one list has the users of all rooms",
    after: ["rooms/1/3", "rooms/1/5"],
    script: [come("jacky"), connects("bob"), logsIn("bob", "{room2}"), expectPiece("bob tcp", "New Group created")],
  }),
  rule("rooms/1/7", {
    title: "nothing is answered before the room was said",
    quote: LOGIN,
    why: "the client sends the room next, and what it reads first it takes for the answer to both",
    cause: "the greeting is sent after the name",
    after: ["rooms/1/2"],
    script: [connects("jacky"), piece("jacky", "{jacky}"), silence("jacky tcp")],
  }),
  rule("rooms/1/8", {
    title: "a connection that says nothing keeps no other out",
    quote: "Users on different machines chat, two or more at a time",
    why: "a user who looks for the room ID must not stop the class",
    cause: "the name is read in the loop that accepts",
    after: ["rooms/1/5"],
    script: [
      connects("michael"),
      connects("jacky"),
      logsIn("jacky", "{room}"),
      expectPiece("jacky tcp", /\S/),
      joins("bob"),
    ],
  }),
  rule("rooms/1/9", {
    title: "a connection that has said its name and no room keeps no other out",
    quote: "Users on different machines chat, two or more at a time",
    why: "the room ID is typed by hand",
    cause: "a lock is held until the room has come",
    after: ["rooms/1/5", "rooms/1/8"],
    script: [
      connects("michael"),
      piece("michael", "{michael}"),
      connects("jacky"),
      logsIn("jacky", "{room}"),
      expectPiece("jacky tcp", /\S/),
    ],
  }),
  rule("rooms/1/10", {
    title: "what is answered to a name that another client has",
    quote: "NAME is a guest's: without a password",
    why: "some servers have two of one name, some refuse the second",
    cause: "the handout does not say whether names are unique",
    level: "open",
    script: [
      enter("{room}", "jacky"),
      connects("bob"),
      piece("bob", "{jacky}"),
      piece("bob", "{room}"),
      observe("bob tcp", 500),
    ],
  }),
];
