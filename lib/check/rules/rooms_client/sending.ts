import { type Rule, rule } from "../../rule.ts";
import { expectPiece, expectText, runs, sendRaw, wait } from "../../step.ts";
import { bytesOf, CONTENTS, NOTES, PAUSE_MS } from "../rooms_pieces.ts";
import {
  arrives,
  FIRST,
  getsBytes,
  getsFile,
  getsHeaders,
  getsLine,
  getsName,
  getsWord,
  isIn,
  line,
  sendsFile,
  shows,
  types,
} from "./prepare.ts";

const FILE = "A file: `FILE`, pause, `client_NAME`, pause, the size in decimal, pause, the bytes.";
const BINARY = { name: "a.bin", bytes: bytesOf(1000) };
const LARGE = { name: "large.bin", bytes: bytesOf(300_000) };
const EMPTY = { name: "empty.txt", bytes: new Uint8Array(0) };

/** Section 14: sending a file. */
export const SENDING: readonly Rule[] = [
  rule("rooms/14/1", {
    title: "a file that the user chooses is sent",
    quote: FILE,
    why: "it is the half of the handout",
    cause: "the line is sent as a text, or the file is not found where it is",
    points: 3,
    after: ["rooms/13/1"],
    script: [
      isIn(),
      sendsFile(),
      expectText("jacky tcp", new RegExp(`^FILE[^]*notes\\.txt[^]*${CONTENTS}`)),
    ],
  }),
  rule("rooms/14/2", {
    title: "FILE is a piece of its own",
    quote: FILE,
    why: "the server compares what one recv returned with FILE",
    cause: "the name is sent right after it, or a line end stands behind it",
    points: 2,
    after: ["rooms/14/1"],
    script: [isIn(), sendsFile(), expectPiece("jacky tcp", "FILE")],
  }),
  rule("rooms/14/3", {
    title: "the name is a piece of its own: client_ and the file's name, without its folder",
    quote: FILE,
    why: "the receiver opens a file of that name in its own folder",
    cause: "the path is sent as it was typed, client_ is left out, or the size follows at once",
    points: 2,
    script: [isIn(), sendsFile(), getsWord(), expectPiece("jacky tcp", "client_notes.txt")],
  }),
  rule("rooms/14/4", {
    title: "the size is a piece of its own, in decimal",
    quote: FILE,
    why: "the server makes a number of what one recv returned",
    cause: "the bytes are sent right after it, or the size is in another form",
    points: 2,
    script: [
      isIn(),
      sendsFile(),
      getsWord(),
      getsName("notes.txt"),
      expectPiece("jacky tcp", String(NOTES.bytes.length)),
    ],
  }),
  rule("rooms/14/5", {
    title: "the bytes are sent as they are, whatever their values",
    quote: FILE,
    why: "most files are no text",
    cause: 'the file is opened without "rb"',
    points: 2,
    script: [isIn(), sendsFile(BINARY), getsHeaders(BINARY), getsBytes(BINARY)],
  }),
  rule("rooms/14/6", {
    title: "a file of 300,000 bytes is sent whole",
    quote: FILE,
    why: "most files are larger than one buffer",
    cause: "read(1024) once, or send() has sent a part and the rest is forgotten",
    points: 2,
    script: [isIn(), sendsFile(LARGE), getsHeaders(LARGE), getsBytes(LARGE)],
  }),
  rule("rooms/14/7", {
    title: "an empty file is sent, and the chat goes on",
    quote: FILE,
    why: "empty files are sent by mistake",
    cause: "the file is thought to be missing, or a byte is sent for it",
    script: [isIn(), sendsFile(EMPTY), getsHeaders(EMPTY), types(), getsLine()],
  }),
  rule("rooms/14/8", {
    title: "a text that is typed with it is sent after the file, with silence between them",
    quote: "one byte more and it never ends",
    why: "the server takes what follows at once for a part of the file",
    cause: "no pause follows the last byte, or another thread writes meanwhile",
    points: 3,
    after: ["rooms/13/4"],
    script: [
      isIn(),
      sendsFile(),
      sendRaw("jacky keys", `${FIRST}\n`),
      getsFile(),
      expectPiece("jacky tcp", line(FIRST)),
    ],
  }),
  rule("rooms/14/9", {
    title: "a second file is sent like the first",
    quote: FILE,
    why: "people send more than one",
    cause: "the file is read to its end, and not opened anew",
    // What is sent right after the bytes of the first is what rooms/14/8 is about.
    script: [
      isIn(),
      sendsFile(),
      getsFile(),
      wait(PAUSE_MS),
      sendsFile(BINARY),
      getsHeaders(BINARY),
      getsBytes(BINARY),
    ],
  }),
  rule("rooms/14/10", {
    title: "the screen says that it was sent",
    quote: "Texts: `You: FILE Sent` at the sender, `NAME: FILE Received` at each receiver",
    why: "the user knows that nothing more is to be done",
    cause: "nothing is printed, or only at a terminal",
    script: [
      isIn(),
      sendsFile(),
      getsFile(),
      shows(/You: (client_)?notes\.txt Sent/),
    ],
  }),
  rule("rooms/14/11", {
    title: "a file that is not there is not announced, and the chat goes on",
    quote: "A file: `FILE`, pause",
    why: "a server that was promised bytes waits for them forever",
    cause: "FILE is sent before the file is opened, and the error ends the program",
    points: 2,
    after: ["rooms/14/1"],
    script: [isIn(), types("/send {data}/missing.txt"), types(), arrives(), runs("jacky")],
  }),
];
