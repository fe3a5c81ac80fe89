import { SERVER_NAME } from "../../lib/chat/operator.ts";
import type { Target } from "../../lib/chat/entry.ts";
import { NativeProgram } from "./simulated_native.ts";
import type { GuestProgram, HandoutProgram } from "./simulated_people.ts";
import type { PeopleWorld } from "./simulated_program.ts";
import type { SimulatedServer } from "./simulated_server.ts";
import { editOf, isWithdrawal, numberOf, originalOf, senderOf, WITHDRAWN } from "./simulated_texts.ts";

/** A message as a server shows it; the names of a mark are sorted. */
interface Shown {
  readonly seq: number;
  readonly text: string;
  readonly marks: string;
}

/** By each message as it was said: what a server's log shows of it. */
type Log = ReadonlyMap<string, Shown>;

/**
 * Checks what servers and programs have at the end; `isCalm` where nothing failed. Returns how much is in the log that guests and
 * operators have said.
 */
export function checkAll(
  world: PeopleWorld,
  servers: readonly SimulatedServer[],
  programs: readonly (NativeProgram | HandoutProgram)[],
  guests: readonly GuestProgram[],
  isCalm: boolean,
): { readonly unconfirmed: number } {
  const { problems, said, failed, shown } = world;
  const tell = (text: string) => void problems.push(text);
  const natives = programs.filter((program) => program instanceof NativeProgram);
  const moving = natives.filter(({ roams }) => roams > 0);
  const hasMoved = (text: string) => moving.some(({ name }) => text.startsWith(`${name}.`));
  for (const program of programs) if (!program.isSettled) tell(`${program.name} is not settled at the end`);
  const logs = servers.map((server) => logOf(server, tell));
  for (const [at, log] of logs.entries()) {
    checkLog(servers[at]!.name, log, servers[0]!.name, logs[0]!, world, isCalm);
    checkOrder([...log.keys()].filter((text) => isCalm || !hasMoved(text)), servers[at]!.name, tell);
    checkServer(servers[at]!, servers.length, tell);
  }
  for (const program of moving) checkMoved(program, servers, logs, tell);
  for (const guest of guests) checkGuest(guest, logs[servers.indexOf(guest.server!)], said, tell);
  for (const program of natives) checkView(program, logs[servers.indexOf(program.server!)], said, tell);
  const names = programs.map(({ name }) => name);
  let unconfirmed = 0;
  for (const [text, { from, to }] of said) {
    if (failed.has(text)) continue;
    // What a guest or an operator has said may be lost with their server.
    const isConfirmed = names.includes(from);
    if (!isConfirmed && !logs[0]!.has(text)) continue;
    if (!isConfirmed) unconfirmed++;
    const receivers = "user" in to ? [to.user] : to.room === "lobby" ? natives.map(({ name }) => name) : [];
    for (const receiver of receivers) {
      // What is said in the lobby is told to handout clients only while they are there.
      if (receiver === from || !natives.some(({ name }) => name === receiver)) continue;
      if (!shown.get(receiver)!.has(text)) tell(`${receiver} was never told ${text}`);
    }
  }
  for (const { name, order, roams } of natives) {
    // Of a room, a user who is now at one server and now at another sees what is said after joining by the order of each. What has
    // failed at its handout sender can be told late, at a server that has not heard of that.
    const shown = order.filter((text) =>
      !isOfRoom(said.get(text)!.to) && (isCalm || !hasMoved(text)) && !(roams > 0 && failed.has(text))
    );
    checkOrder(shown, name, tell);
  }
  return { unconfirmed };
}

/** A guest was told all that was said in its room since it is there, and the notices of all operators. */
function checkGuest(
  { name, room, told, begunAt }: GuestProgram,
  log: Log | undefined,
  said: PeopleWorld["said"],
  tell: (text: string) => void,
): void {
  if (!log) return tell(`the guest ${name} is not there at the end`);
  for (const [text, { seq }] of log) {
    const { from, to } = said.get(text)!;
    const isForGuest = "room" in to && (to.room === room || from === SERVER_NAME);
    if (isForGuest && seq > begunAt && from !== name && !told.has(text)) {
      tell(`the guest ${name} was never told ${text}`);
    }
  }
}

/** What a program shows of the messages that it was told is what its server shows; a room can be left. */
function checkView(
  { name, view }: NativeProgram,
  log: Log | undefined,
  said: PeopleWorld["said"],
  tell: (text: string) => void,
): void {
  for (const [original, { seq, text }] of log ?? []) {
    const shown = view.get(seq);
    if (shown === undefined || shown === text || isOfRoom(said.get(original)!.to)) continue;
    tell(`${name} shows ${shown}, and its server ${text}`);
  }
}

/** Everything that was confirmed is in a log, edits too, and nothing that the first server does not have. */
function checkLog(
  name: string,
  log: Log,
  firstName: string,
  first: Log,
  { confirmed, failed, problems }: PeopleWorld,
  isCalm: boolean,
): void {
  for (const text of confirmed) {
    const original = originalOf(text);
    const shown = log.get(original);
    // A message that has failed for its handout sender is forgotten, with what was done to it.
    if (!shown && text !== original && failed.has(original)) continue;
    const isRight = shown &&
      (shown.text === WITHDRAWN || (!isWithdrawal(text) && editOf(shown.text) >= editOf(text)));
    if (!isRight) {
      problems.push(`${name} shows ${shown?.text} instead of ${text}, which was confirmed`);
    }
  }
  for (const text of first.keys()) {
    if (!log.has(text)) problems.push(`${name} does not have ${text}, which ${firstName} has`);
  }
  for (const [text, shown] of log) {
    const other = first.get(text);
    if (other && (other.text !== shown.text || other.marks !== shown.marks)) {
      problems.push(
        `${name} shows ${shown.text} ${shown.marks} of ${text}, and ${firstName} ${other.text} ${other.marks}`,
      );
    }
    if (!other) problems.push(`${firstName} does not have ${text}, which ${name} has`);
  }
  if (isCalm && [...log.keys()].join() !== [...first.keys()].join()) {
    problems.push(`${name} has another order than ${firstName}`);
  }
}

/** Nothing waits, for the exchange or for a user. */
function checkServer(
  { name, machine, store }: SimulatedServer,
  count: number,
  tell: (text: string) => void,
): void {
  const { waiting, isAlone, servers: others } = machine.status;
  if (waiting > 0 || isAlone) tell(`${name} still waits: ${waiting} records, alone: ${isAlone}`);
  if (others.filter(({ isAway }) => !isAway).length !== count - 1) {
    tell(`${name} hears ${others.map(({ name, isAway }) => `${name}${isAway ? " away" : ""}`)}`);
  }
  for (const { name: other, behind } of others) if (behind > 0) tell(`${other} is ${behind} behind ${name}`);
  const { pairs, users: known } = store.snapshot;
  for (const { users, received, waiting } of pairs) {
    if (users[0] === users[1]) continue;
    for (const side of [0, 1] as const) {
      if (waiting[side].bytes === 0) continue;
      const [one, other] = users.map((id) => known.find((user) => user.id === id)!.name);
      const who = side === 0 ? `${one} of ${other}` : `${other} of ${one}`;
      tell(
        `${name}: ${waiting[side].bytes} bytes wait for ${who} after ${received[side]} up to ${waiting[side].upTo}`,
      );
    }
  }
}

/**
 * What a user has said at several servers: each message comes, at every server, after all that the server to which it was sent
 * had recorded or read of the user before. Of a message that was sent to several servers, one of them counts.
 */
function checkMoved(
  { name: user, sent }: NativeProgram,
  servers: readonly SimulatedServer[],
  logs: readonly Log[],
  tell: (text: string) => void,
): void {
  const isOfUser = (text: string) => text.startsWith(`${user}.`);
  /** By message, what comes before it by each server that has recorded it. */
  const before = new Map<string, string[][]>();
  for (const [at, server] of servers.entries()) {
    const recorded = recordedBy(server).filter(isOfUser);
    const read = [...logs[at]!].filter(([text]) => isOfUser(text));
    for (const [index, text] of recorded.entries()) {
      const begunAt = sent.get(text)?.get(server) ?? 0;
      const known = read.filter(([, { seq }]) => seq <= begunAt).map(([text]) => text);
      const earlier = [...recorded.slice(0, index), ...known].filter((each) => numberOf(each) < numberOf(text));
      before.set(text, [...before.get(text) ?? [], earlier]);
    }
  }
  for (const [at, log] of logs.entries()) {
    for (const [text, ways] of before) {
      const { seq } = log.get(text)!;
      const late = ways.map((earlier) => earlier.find((each) => log.get(each)!.seq > seq));
      if (late.every((each) => each !== undefined)) {
        tell(`${servers[at]!.name} has ${late.join(" and ")} after ${text}`);
      }
    }
  }
}

/** The messages that a server has recorded, in the order of their numbers. */
function recordedBy({ store }: SimulatedServer): string[] {
  const texts: string[] = [];
  const server = store.snapshot.id;
  for (let after = 0;;) {
    const { records } = store.query({ type: "records", server, after, limit: 1000 });
    if (records.length === 0) return texts;
    after = records.at(-1)!.number;
    for (const { text } of records) {
      const record = JSON.parse(text);
      if (record.type === "entry" && record.kind === "message") texts.push(record.text);
    }
  }
}

function isOfRoom(to: Target): boolean {
  return "room" in to && to.room !== "lobby";
}

/** All messages of a server's log, in order. */
function logOf({ name, store }: SimulatedServer, tell: (text: string) => void): Log {
  const { rooms, pairs } = store.snapshot;
  const messages = [...rooms, ...pairs].flatMap(({ id }) =>
    store.query({ type: "history", conversation: id, after: 0, limit: 1_000_000 }).messages
  );
  const log = new Map<string, Shown>();
  for (const { seq, text, withdrawn, reactions } of messages.sort((one, other) => one.seq - other.seq)) {
    const original = originalOf(withdrawn ? store.query({ type: "versions", seq }).texts[0]!.text : text);
    if (log.has(original)) tell(`${name} has ${original} twice`);
    const marks = (reactions ?? []).map(({ mark, by }) => `${mark} ${by.toSorted()}`).join(" ");
    log.set(original, { seq, text: withdrawn ? WITHDRAWN : text, marks });
  }
  return log;
}

/** The texts of each sender are in the order in which they were said. */
function checkOrder(texts: readonly string[], where: string, tell: (text: string) => void): void {
  const last = new Map<string, number>();
  for (const text of texts) {
    const from = senderOf(text);
    if (numberOf(text) <= (last.get(from) ?? 0)) tell(`${where} has ${text} after ${from}.${last.get(from)}`);
    last.set(from, numberOf(text));
  }
}
