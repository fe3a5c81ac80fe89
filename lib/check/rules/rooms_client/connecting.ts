import { type Rule, rule } from "../../rule.ts";
import { accept, expectPiece, expectText, listen, observe, silence, start } from "../../step.ts";
import { connects, logsIn, namesItself } from "./prepare.ts";

const LOGIN = "Client → server, after connecting: NAME, pause, ROOM.";

/** Section 11: the connection, the name and the room. */
export const CONNECTING: readonly Rule[] = [
  rule("rooms/11/1", {
    title: "the client connects to the server",
    quote: LOGIN,
    why: "everything begins with it",
    cause: "the address or the port is fixed in the program, or the name is waited for first",
    points: 2,
    script: [listen("jacky tcp"), start("jacky"), accept("jacky tcp")],
  }),
  rule("rooms/11/2", {
    title: "what it says first is the user's name",
    quote: LOGIN,
    why: "the server takes what comes first for the name",
    cause: "the room is sent first, or both are sent in a form of the program's own",
    points: 2,
    script: [connects(), expectText("jacky tcp", /^{jacky}/)],
  }),
  rule("rooms/11/3", {
    title: "the name and the room are two pieces, with a pause between them",
    quote: "**a piece is one `recv` of the other side**, kept apart by pauses of 0.1 s",
    why: "the server reads each with one recv; without a pause, TCP joins them",
    cause: "two send() follow each other without a sleep()",
    points: 3,
    after: ["rooms/11/2"],
    script: [connects(), namesItself()],
  }),
  rule("rooms/11/4", {
    title: "no line end stands behind the name and the room",
    quote: LOGIN,
    why: "a server that takes the piece as it is has another room then",
    cause: "a helper function adds a newline to all that it sends",
    after: ["rooms/11/3"],
    script: [
      connects(),
      expectPiece("jacky tcp", "{jacky}", { exact: true }),
      expectPiece("jacky tcp", "{room}", { exact: true }),
    ],
  }),
  rule("rooms/11/5", {
    title: "nothing else is sent before the user has typed something",
    quote: LOGIN,
    why: "the next piece is a text that everybody in the room sees",
    cause: "the client announces itself",
    script: [logsIn(), silence("jacky tcp", 500)],
  }),
  rule("rooms/11/6", {
    title: "what the screen says at the beginning",
    quote: "A window to log in (name, room), a chat window",
    why: "some clients say where they are, some nothing",
    cause: "the handout leaves the look of the screen to the client",
    level: "open",
    script: [logsIn(), observe("jacky screen", 300)],
  }),
];
