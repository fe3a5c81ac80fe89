import { type Rule, rule } from "../../rule.ts";
import { expectPiece, expectText } from "../../step.ts";
import {
  come,
  enter,
  FIRST,
  gets,
  getsBytes,
  getsName,
  getsRest,
  getsSize,
  getsText,
  getsWord,
  piece,
  says,
  SECOND,
  sends,
} from "./prepare.ts";
import { bytesOf, CONTENTS, NOTES } from "../rooms_pieces.ts";

const GETS =
  "Everybody else in the room gets `FILE`, `client_NAME`, the size, the sender's name, each after a pause, then the bytes.";
const SILENT = "sends 0.1 s of silence before and after every header piece, after the sender's name";
const EXACT = "reads data until the count is exactly met; one byte more and it never ends";

/** Section 3: a file, piece by piece. */
export const FILES: readonly Rule[] = [
  rule("rooms/3/1", {
    title: "a file that a client sends arrives at the other in the room",
    quote: GETS,
    why: "it is the half of the handout",
    cause: "FILE is passed on as a text, or the bytes are not",
    points: 3,
    after: ["rooms/2/1"],
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      expectText("bob tcp", new RegExp(`FILE[^]*notes\\.txt[^]*${CONTENTS}`), { without: /<{jacky}>/ }),
    ],
  }),
  rule("rooms/3/2", {
    title: "FILE is a piece of its own",
    quote: SILENT,
    why: "the receiver compares what one recv returned with FILE",
    cause: "the name is sent right after it: without a pause, TCP joins them",
    points: 2,
    after: ["rooms/3/1"],
    script: [come("jacky", "bob"), sends("jacky"), expectPiece("bob tcp", "FILE")],
  }),
  rule("rooms/3/3", {
    title: "the name is a piece of its own, as it was sent",
    quote: SILENT,
    why: "the receiver opens a file of the name that one recv returned",
    cause: "the size is sent right after it, or client_ is cut off",
    points: 2,
    script: [come("jacky", "bob"), sends("jacky"), getsWord("bob"), expectPiece("bob tcp", "client_notes.txt")],
  }),
  rule("rooms/3/4", {
    title: "the size is a piece of its own, in decimal",
    quote: SILENT,
    why: "the receiver makes a number of what one recv returned",
    cause: "the sender's name is sent right after it, or the size is in another form",
    points: 2,
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      getsWord("bob"),
      getsName("bob", "notes.txt"),
      expectPiece("bob tcp", String(NOTES.bytes.length)),
    ],
  }),
  rule("rooms/3/5", {
    title: "the sender's name is a piece of its own",
    quote:
      "The handout's own server loses every file (0 of 4 tried): it sends the sender's name and the first data without a pause.",
    why: "what comes with the name is missing from the file, and the receiver waits for it forever",
    cause: "the pause before the bytes is forgotten, as in the handout's own server",
    points: 3,
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      getsWord("bob"),
      getsName("bob", "notes.txt"),
      getsSize("bob", NOTES.bytes.length),
      expectPiece("bob tcp", "{jacky}"),
    ],
  }),
  rule("rooms/3/6", {
    title: "the bytes arrive as they are, whatever their values",
    quote: GETS,
    why: "most files are no text",
    cause: "the bytes are decoded and encoded again, or a line end is added",
    points: 2,
    script: [
      come("jacky", "bob"),
      sends("jacky", { name: "a.bin", bytes: bytesOf(1000) }),
      getsWord("bob"),
      getsRest("bob", "jacky", { name: "a.bin", bytes: bytesOf(1000) }),
      getsBytes("bob", { name: "a.bin", bytes: bytesOf(1000) }),
    ],
  }),
  rule("rooms/3/7", {
    title: "a text after a file is a text, and no byte of the file",
    quote: EXACT,
    why: "the chat goes on",
    cause: "one recv() too many is made for the file",
    points: 2,
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      gets("bob", "jacky"),
      piece("jacky", `${FIRST}\n`),
      expectPiece("bob tcp", /first: {text}/),
    ],
  }),
  rule("rooms/3/8", {
    title: "a file does not come back to its sender",
    quote: "Everybody else in the room gets `FILE`",
    why: "its client would replace the file that it has sent",
    cause: "the loop over the room does not leave out the sender",
    after: ["rooms/3/7", "rooms/2/7"],
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      gets("bob", "jacky"),
      says("bob", SECOND),
      getsText("jacky", SECOND, "FILE"),
    ],
  }),
  rule("rooms/3/9", {
    title: "all others in the room get it",
    quote: "To a room: offered to each member.",
    why: "a room has more than two",
    cause: "the file is read anew from the sender for each receiver, or the loop ends after the first",
    points: 2,
    after: ["rooms/2/5"],
    script: [
      come("jacky", "bob", "michael"),
      sends("jacky"),
      gets("bob", "jacky"),
      gets("michael", "jacky"),
    ],
  }),
  rule("rooms/3/10", {
    title: "users in another room do not get it",
    quote: "what one says in a room, everybody in that room sees, nobody else does",
    why: "users who know the room's ID may read, and no others",
    cause: "the loop goes over all connections",
    points: 2,
    after: ["rooms/2/6"],
    script: [
      come("jacky", "bob"),
      enter("{room2}", "michael", "carol"),
      sends("jacky"),
      gets("bob", "jacky"),
      says("michael", SECOND),
      getsText("carol", SECOND, "FILE"),
    ],
  }),
];
