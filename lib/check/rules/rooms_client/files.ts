import { type Rule, rule } from "../../rule.ts";
import { encodeText } from "../../../core/text.ts";
import { put, runs, saved } from "../../step.ts";
import { bytesOf, NOTES } from "../rooms_pieces.ts";
import { announces, isIn, OTHERS, passesOn, shows, showsReceived, tells } from "./prepare.ts";

const SAYS = "Texts: `You: FILE Sent` at the sender, `NAME: FILE Received` at each receiver";
const COUNT = "reads data until the count is exactly met; one byte more and it never ends";
const LANDS =
  "The received file lands in the download folder under a safe name, never overwrites, is only given its name once it is complete";

const BINARY = { name: "a.bin", bytes: bytesOf(1000) };
const LARGE = { name: "large.bin", bytes: bytesOf(300_000) };
const EMPTY = { name: "empty.txt", bytes: new Uint8Array(0) };
const EVIL = { name: "../../secret.txt", bytes: NOTES.bytes };
const MINE = encodeText("what was there before");
const SAVED_NOTES = /notes.*\.txt/;

/** Section 15: receiving a file. */
export const FILES: readonly Rule[] = [
  rule("rooms/15/1", {
    title: "the screen says that a file was received, and from whom",
    quote: SAYS,
    why: "the user knows that there is something to look at",
    cause: "the pieces of a file are shown as texts",
    points: 3,
    after: ["rooms/12/3"],
    script: [isIn(), passesOn(), shows(/{bob}: (client_)?notes\.txt Received/)],
  }),
  rule("rooms/15/2", {
    title: "the file is in the folder {data}, with the bytes that were sent",
    quote: "The received file lands in the download folder",
    why: "this is what the file was sent for",
    cause: "the bytes are decoded, the last part is not written, or the file is written elsewhere",
    points: 3,
    after: ["rooms/15/1"],
    script: [isIn(), passesOn(BINARY), showsReceived(), saved(/a\.bin/, BINARY.bytes)],
  }),
  rule("rooms/15/3", {
    title: "an empty file is received, and the chat goes on",
    quote: COUNT,
    why: "empty files are sent by mistake",
    cause: "recv() is called before the count is looked at, and takes the next text for the file",
    after: ["rooms/15/2"],
    script: [isIn(), passesOn(EMPTY), showsReceived(), saved(/empty/, EMPTY.bytes), tells(OTHERS), shows(OTHERS)],
  }),
  rule("rooms/15/4", {
    title: "a file of 300,000 bytes is received whole",
    quote: COUNT,
    why: "most files are larger than the buffer of one recv",
    cause: "one recv() for all of it",
    points: 2,
    after: ["rooms/15/2"],
    script: [isIn(), passesOn(LARGE), showsReceived(), saved(/large/, LARGE.bytes)],
  }),
  rule("rooms/15/5", {
    title: "a file whose bytes come with a pause between them is received whole",
    quote: COUNT,
    why: "networks pause",
    cause: "silence is taken for the end of the file",
    after: ["rooms/15/2"],
    script: [
      isIn(),
      announces(BINARY),
      tells(BINARY.bytes.subarray(0, 300)),
      tells(BINARY.bytes.subarray(300)),
      showsReceived(),
      saved(/a\.bin/, BINARY.bytes),
    ],
  }),
  rule("rooms/15/6", {
    title: "what others say after the file is shown, and is no part of it",
    quote: COUNT,
    why: "the chat goes on",
    cause: "one recv() too many is made for the file",
    points: 2,
    after: ["rooms/15/2"],
    script: [isIn(), passesOn(), showsReceived(), tells(OTHERS), shows(OTHERS), saved(SAVED_NOTES, NOTES.bytes)],
  }),
  rule("rooms/15/7", {
    title: "a second file is received like the first",
    quote: LANDS,
    why: "people send more than one",
    cause: "what was counted for the first file is not set back",
    after: ["rooms/15/2"],
    script: [
      isIn(),
      passesOn(),
      showsReceived(),
      passesOn(BINARY),
      showsReceived(),
      saved(/a\.bin/, BINARY.bytes),
      saved(SAVED_NOTES, NOTES.bytes),
    ],
  }),
  rule("rooms/15/8", {
    title: "a file whose name has a path is in the folder {data} all the same",
    quote: LANDS,
    why: "a receiver that writes ../../.profile has given its account away",
    cause: "the name is opened as it came",
    points: 3,
    after: ["rooms/15/2"],
    script: [isIn(), passesOn(EVIL), saved(/secret\.txt/, NOTES.bytes), runs("jacky")],
  }),
  rule("rooms/15/9", {
    title: "a file of the same name that is there already stays as it is",
    quote: LANDS,
    why: "a sender could delete the receiver's homework",
    cause: 'the file is opened with "wb"; the handout\'s own client deletes it even before',
    level: "should",
    points: 2,
    after: ["rooms/15/2"],
    script: [
      isIn(),
      put("notes.txt", MINE),
      put("client_notes.txt", MINE),
      passesOn(),
      showsReceived(),
      saved(/^notes\.txt$/, MINE),
      saved(/^client_notes\.txt$/, MINE),
      saved(SAVED_NOTES, NOTES.bytes),
    ],
  }),
  rule("rooms/15/10", {
    title: "a size that is no number does no harm",
    quote: "the size in decimal",
    why: "servers of other teams have faults, too",
    cause: "int() throws in the thread that reads",
    level: "should",
    after: ["rooms/12/3"],
    script: [
      isIn(),
      ["FILE", "client_a.txt", "many", "{bob}"].map((word) => tells(word)),
      // A client may wait for silence until it can tell pieces apart again.
      { do: "wait", ms: 2000 },
      tells(OTHERS),
      shows(OTHERS),
      runs("jacky"),
    ],
  }),
];
