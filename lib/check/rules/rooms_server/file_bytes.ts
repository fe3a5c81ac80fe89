import { encodeText } from "../../../core/text.ts";
import { type Rule, rule } from "../../rule.ts";
import { expectPiece, expectText, sendRaw } from "../../step.ts";
import {
  announces,
  come,
  FIRST,
  gets,
  getsBytes,
  getsRest,
  getsSize,
  getsText,
  getsWord,
  piece,
  says,
  sends,
} from "./prepare.ts";
import { bytesOf, NOTES } from "../rooms_pieces.ts";

const COUNT = "takes file bytes by their count, never by pauses";
const AFTER =
  "after the last data byte before anything else; nothing else is written to that client meanwhile, and what is said meanwhile waits";
const CLEANS =
  "cleans file names (no path, no control characters, nothing hidden), since the receiver deletes and writes a file of that name";

const EMPTY = { name: "empty.txt", bytes: new Uint8Array(0) };
const LARGE = { name: "large.bin", bytes: bytesOf(300_000) };
const HALVES = { name: "halves.bin", bytes: bytesOf(2000) };
const NAMED = { name: "named.txt", bytes: encodeText("FILE") };
const ONE = "one ".repeat(500);
const TWO = "two ".repeat(500);

/** A file of this name is sent, and what arrives has another. */
const cleaned = (name: string, is: RegExp) => [
  come("jacky", "bob"),
  sends("jacky", { name, bytes: NOTES.bytes }),
  getsWord("bob"),
  expectPiece("bob tcp", is),
  getsSize("bob", NOTES.bytes.length),
];

/** Section 4: the bytes of files, what is said meanwhile, and their names. */
export const FILE_BYTES: readonly Rule[] = [
  rule("rooms/4/1", {
    title: "an empty file arrives, and the chat goes on",
    quote: COUNT,
    why: "empty files are sent by mistake",
    cause: "recv() is called before the count is looked at, and takes the next text for the file",
    after: ["rooms/3/7"],
    script: [
      come("jacky", "bob"),
      sends("jacky", EMPTY),
      getsWord("bob"),
      getsRest("bob", "jacky", EMPTY),
      piece("jacky", `${FIRST}\n`),
      getsText("bob"),
    ],
  }),
  rule("rooms/4/2", {
    title: "a file of 300,000 bytes arrives whole",
    quote: COUNT,
    why: "most files are larger than the buffer of one recv",
    cause: "one recv() for all of it",
    points: 2,
    script: [
      come("jacky", "bob"),
      sends("jacky", LARGE),
      getsWord("bob"),
      getsRest("bob", "jacky", LARGE),
      getsBytes("bob", LARGE),
    ],
  }),
  rule("rooms/4/3", {
    title: "a file whose bytes come with a pause between them arrives whole",
    quote: COUNT,
    why: "networks pause",
    cause: "silence is taken for the end of the file",
    points: 2,
    script: [
      come("jacky", "bob"),
      announces("jacky", HALVES),
      piece("jacky", HALVES.bytes.subarray(0, 900)),
      sendRaw("jacky tcp", HALVES.bytes.subarray(900)),
      getsWord("bob"),
      getsRest("bob", "jacky", HALVES),
      getsBytes("bob", HALVES),
    ],
  }),
  rule("rooms/4/4", {
    title: "a file in which FILE stands is a file",
    quote: COUNT,
    why: "what is in a file has no meaning for the server",
    cause: "every piece is compared with FILE, those of a file's bytes, too",
    after: ["rooms/3/7"],
    script: [
      come("jacky", "bob"),
      sends("jacky", NAMED),
      gets("bob", "jacky", NAMED),
      piece("jacky", `${FIRST}\n`),
      getsText("bob"),
    ],
  }),
  rule("rooms/4/5", {
    title: "what is said while a file is sent waits until the file is whole",
    quote: AFTER,
    why: "the receiver would take the text for a part of the file",
    cause: "each thread writes to the receiver's socket as it likes",
    points: 3,
    after: ["rooms/2/5", "rooms/3/7"],
    script: [
      come("jacky", "bob", "michael"),
      sends("jacky"),
      getsWord("bob"),
      says("michael"),
      getsRest("bob", "jacky", NOTES),
      getsBytes("bob", NOTES),
      getsText("bob"),
    ],
  }),
  rule("rooms/4/6", {
    title: "there is silence between the last byte and what is said next",
    quote: AFTER,
    why: "with one byte more than the file has the receiver never ends",
    cause: "what waits is written right after the last byte",
    points: 2,
    after: ["rooms/2/2", "rooms/4/5"],
    script: [
      come("jacky", "bob", "michael"),
      sends("jacky"),
      getsWord("bob"),
      says("michael"),
      getsRest("bob", "jacky", NOTES),
      getsBytes("bob", NOTES),
      expectPiece("bob tcp", /first: {text}/),
    ],
  }),
  rule("rooms/4/7", {
    title: "two files of two senders at the same time do not run into one another",
    quote: AFTER,
    why: "people answer each other with files",
    cause: "each sender's thread writes its file when it likes",
    points: 2,
    after: ["rooms/2/5", "rooms/4/5", "rooms/4/6"],
    script: [
      come("jacky", "bob", "michael"),
      ["FILE", "client_one.txt", "2000"].map((word) => [
        sendRaw("bob tcp", word),
        piece("michael", word.replace("one", "two")),
      ]),
      sendRaw("bob tcp", encodeText(ONE)),
      sendRaw("michael tcp", encodeText(TWO)),
      [1, 2].map(() => [
        getsWord("jacky"),
        expectPiece("jacky tcp", /^client_(one|two)\.txt$/),
        getsSize("jacky", 2000),
        expectPiece("jacky tcp", /^({bob}|{michael})$/),
        expectText("jacky tcp", /^((one ){500}|(two ){500})/),
      ]),
    ],
  }),
  rule("rooms/4/8", {
    title: "a second file arrives like the first",
    quote: COUNT,
    why: "people send more than one",
    cause: "what was counted for the first file is not set back",
    after: ["rooms/3/7"],
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      gets("bob", "jacky"),
      sends("jacky", HALVES),
      getsWord("bob"),
      getsRest("bob", "jacky", HALVES),
      getsBytes("bob", HALVES),
    ],
  }),
  rule("rooms/4/9", {
    title: "the other client sends a file back",
    quote: "Everybody else in the room gets `FILE`",
    why: "files go both ways",
    cause: "a client that has received a file is not listened to any more",
    after: ["rooms/2/7", "rooms/3/7"],
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      gets("bob", "jacky"),
      sends("bob", HALVES),
      getsWord("jacky"),
      getsRest("jacky", "bob", HALVES),
      getsBytes("jacky", HALVES),
    ],
  }),
  rule("rooms/4/10", {
    title: "a name in any alphabet, with spaces, arrives as it is",
    quote: "Everybody else in the room gets `FILE`, `client_NAME`",
    why: "files are called what their authors like",
    cause: "the name is split at spaces, or encoded as ASCII",
    script: cleaned("Übung 1 你好.txt", /^client_Übung 1 你好\.txt$/),
  }),
  rule("rooms/4/11", {
    title: "a name with a path arrives without it",
    quote: CLEANS,
    why: "a receiver that writes ../../.profile has given its account away",
    cause: "the name is passed on as it came",
    points: 2,
    script: cleaned("../../secret/notes.txt", /^client_(?!.*\.\.\/)[^/\\]*notes\.txt$/),
  }),
  rule("rooms/4/12", {
    title: "a name that hides a file arrives as one that is seen",
    quote: CLEANS,
    why: "a file that the user does not see is one that it does not delete",
    cause: "a leading dot is kept",
    script: cleaned(".hidden.txt", /^client_[^.].*\.txt$/),
  }),
  rule("rooms/4/13", {
    title: "a name with control characters arrives without them",
    quote: CLEANS,
    why: "they steer the receiver's terminal when the name is shown",
    cause: "only slashes are looked for",
    // deno-lint-ignore no-control-regex
    script: cleaned("no\x1b[2Jtes\x07.txt", /^client_[^\x00-\x1f\x7f]*\.txt$/),
  }),
];
