import { prepares } from "../../rule.ts";
import {
  dial,
  expect,
  expectPiece,
  expectText,
  type Script,
  sendRaw,
  type Step,
  type Template,
  wait,
} from "../../step.ts";
import { NOTES, PAUSE_MS, type SentFile } from "../rooms_pieces.ts";

/** A piece, and the silence after it. */
export const piece = (who: string, text: Template | Uint8Array): Step[] => [
  sendRaw(`${who} tcp`, text),
  wait(PAUSE_MS),
];

/** Connects; prepared by rooms/1/1. */
export const connects = (who: string): Step[] => prepares("rooms/1/1", [dial(`${who} tcp`)]);

/** NAME and ROOM are said; a server that has greeted before may not have read the room yet. */
export const logsIn = (who: string, room: Template): Script => [piece(who, `{${who}}`), piece(who, room)];

const greeted = (id: string, who: string, room: Template): Script => [
  connects(who),
  logsIn(who, room),
  prepares(id, [expectPiece(`${who} tcp`, /\S/)]),
];

/** Come into a room, one after the other; prepared by rooms/1/2, and by rooms/1/5 for all but the first. */
export const enter = (room: Template, ...people: string[]): Script =>
  people.map((who, i) => greeted(i === 0 ? "rooms/1/2" : "rooms/1/5", who, room));

/** The same, for the usual room. */
export const come = (...people: string[]): Script => enter("{room}", ...people);

/** Come when others have been on the server before; prepared by rooms/1/5. */
export const joins = (who: string, room: Template = "{room}"): Script => greeted("rooms/1/5", who, room);

/** Texts that are not part of one another. */
export const FIRST = "first: {text}";
export const SECOND = "second: {text2}";
export const THIRD = "third: {text3}";

/** A text as the handout's terminal client sends it. */
export const says = (who: string, text: Template = FIRST): Step => sendRaw(`${who} tcp`, `${text}\n`);

/** A text, and the line end that a server may have left on it. */
const heard = (text: Template): RegExp => new RegExp(`${text.replace(/[.*+?^$()|[\]\\/]/g, "\\$&")}[\\r\\n]*`);

/** A text of another arrives, in whatever form. */
export const getsText = (who: string, text: Template = FIRST, without?: Template): Step =>
  expectText(`${who} tcp`, heard(text), { ...(without && { without }) });

/** The same, prepared by rooms/2/1. */
export const hears = (who: string, text: Template = FIRST): Step[] => prepares("rooms/2/1", [getsText(who, text)]);

/** One speaks, and another hears it. */
export const chat = (from: string, to: string, text: Template = FIRST): Script => [says(from, text), hears(to, text)];

/** A file is announced: FILE, its name, its size. */
export const announces = (who: string, { name, bytes }: SentFile): Script => [
  piece(who, "FILE"),
  piece(who, `client_${name}`),
  piece(who, String(bytes.length)),
];

export const sends = (who: string, file: SentFile = NOTES): Script => [
  announces(who, file),
  file.bytes.length > 0 ? sendRaw(`${who} tcp`, file.bytes) : [],
];

/** The first piece of a file arrives; prepared by rooms/3/2. */
export const getsWord = (who: string): Step[] => prepares("rooms/3/2", [expectPiece(`${who} tcp`, "FILE")]);
export const getsName = (who: string, name: string): Step[] =>
  prepares("rooms/3/3", [expectPiece(`${who} tcp`, `client_${name}`)]);
export const getsSize = (who: string, size: number): Step[] =>
  prepares("rooms/3/4", [expectPiece(`${who} tcp`, String(size))]);
export const getsSender = (who: string, from: string): Step[] =>
  prepares("rooms/3/5", [expectPiece(`${who} tcp`, `{${from}}`)]);

/** The pieces before a file's bytes, but for the first. */
export const getsRest = (who: string, from: string, { name, bytes }: SentFile): Script => [
  getsName(who, name),
  getsSize(who, bytes.length),
  getsSender(who, from),
];

export const getsBytes = (who: string, { bytes }: SentFile): Step => expect(`${who} tcp`, bytes);

/** A whole file arrives; its bytes are prepared by rooms/3/6. */
export const gets = (who: string, from: string, file: SentFile = NOTES): Script => [
  getsWord(who),
  getsRest(who, from, file),
  prepares("rooms/3/6", [getsBytes(who, file)]),
];
