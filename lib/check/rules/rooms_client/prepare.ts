import { prepares } from "../../rule.ts";
import {
  accept,
  expect,
  expectPiece,
  expectText,
  listen,
  put,
  type Script,
  send,
  sendRaw,
  start,
  type Step,
  type Template,
  wait,
} from "../../step.ts";
import { NOTES, PAUSE_MS, type SentFile } from "../rooms_pieces.ts";

/** Starts the client of a user, which connects to us; prepared by rooms/11/1. */
export const connects = (): Step[] =>
  prepares("rooms/11/1", [listen("jacky tcp"), start("jacky"), accept("jacky tcp")]);

/** A line end behind the name or the room is what rooms/11/4 is about. */
const login = (is: Template, more: { exact?: boolean } = {}): Step =>
  expectPiece("jacky tcp", is, { ...more, weak: [[new RegExp(`^${is}\\r?\\n$`), "a line end stands behind it"]] });

/** The name and the room arrive, each a piece of its own. */
export const namesItself = (): Step[] => [login("{jacky}"), login("{room}")];

/** Connects and says its name and room; prepared by rooms/11/3. */
export const logsIn = (): Script => [connects(), prepares("rooms/11/3", namesItself())];

export const GREETING = "Welcome to chat room";

/** We say something; a text of the handout's server has no line end. */
export const tells = (text: Template | Uint8Array): Script => [sendRaw("jacky tcp", text), wait(PAUSE_MS)];

/** It is in, and shows our greeting; prepared by rooms/12/1. */
export const isIn = (): Script => [
  logsIn(),
  tells(GREETING),
  prepares("rooms/12/1", [expectText("jacky screen", GREETING)]),
];

export const shows = (text: Template | RegExp, without?: Template): Step =>
  expectText("jacky screen", text, { ...(without && { without }) });

/** Texts that are not part of one another; those of others with a name before them. */
export const FIRST = "first: {text}";
export const SECOND = "second: {text2}";
export const OTHERS = "<{bob}> other: {text3}";

/** What others say is shown; prepared by rooms/12/2. */
export const showsOthers = (): Script => [tells(OTHERS), prepares("rooms/12/2", [shows(OTHERS)])];

export const types = (text: Template = FIRST): Step => send("jacky keys", text);

/** A typed line as it arrives, with the line end that the terminal's program leaves on it. */
export const line = (text: Template): RegExp => new RegExp(`^${text.replace(/[.*+?^$()|[\]\\/]/g, "\\$&")}\\r?\\n?$`);

export const getsLine = (text: Template = FIRST): Step => expectPiece("jacky tcp", line(text));

/** The same, prepared by rooms/13/2. */
export const arrives = (text: Template = FIRST): Step[] => prepares("rooms/13/2", [getsLine(text)]);

/** There is a file in the program's folder, and the user sends it. */
export const sendsFile = (
  { name, bytes }: SentFile = NOTES,
): Script => [put(name, bytes), types(`/send {data}/${name}`)];

export const getsWord = (): Step[] => prepares("rooms/14/2", [expectPiece("jacky tcp", "FILE")]);
export const getsName = (name: string): Step[] => prepares("rooms/14/3", [expectPiece("jacky tcp", `client_${name}`)]);
export const getsSize = (size: number): Step[] => prepares("rooms/14/4", [expectPiece("jacky tcp", String(size))]);

export const getsHeaders = ({ name, bytes }: SentFile = NOTES): Script => [
  getsWord(),
  getsName(name),
  getsSize(bytes.length),
];

export const getsBytes = ({ bytes }: SentFile = NOTES): Step => expect("jacky tcp", bytes);

/** A whole file arrives; its bytes are prepared by rooms/14/5. */
export const getsFile = (file: SentFile = NOTES): Script => [
  getsHeaders(file),
  prepares("rooms/14/5", [getsBytes(file)]),
];

/** The pieces before a file's bytes, as the server sends them. */
export const announces = ({ name, bytes }: SentFile = NOTES): Script => [
  tells("FILE"),
  tells(`client_${name}`),
  tells(String(bytes.length)),
  tells("{bob}"),
];

export const passesOn = (file: SentFile = NOTES): Script => [
  announces(file),
  file.bytes.length > 0 ? tells(file.bytes) : [],
];

/** A file has been received; prepared by rooms/15/1. */
export const showsReceived = (): Step[] => prepares("rooms/15/1", [shows(/Received|received|saved/i)]);
