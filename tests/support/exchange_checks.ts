import { type HandoutProgram, NativeProgram, type PeopleWorld } from "./simulated_people.ts";
import type { SimulatedServer } from "./simulated_server.ts";
import type { Target } from "../../lib/chat/entry.ts";

/** Where a server's log has each message, as it was said, and the text that is shown of it. */
type Log = ReadonlyMap<string, { readonly seq: number; readonly text: string }>;

/** Checks what servers and programs have at the end; `isCalm` where nothing failed. */
export function checkAll(
  world: PeopleWorld,
  servers: readonly SimulatedServer[],
  programs: readonly (NativeProgram | HandoutProgram)[],
  isCalm: boolean,
): void {
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
  for (const [text, { from, to }] of said) {
    if (failed.has(text)) continue;
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
}

/** Everything that was confirmed is in a log, edits too, and nothing that the first server does not have. */
function checkLog(
  name: string,
  log: Log,
  firstName: string,
  first: Log,
  { confirmed, problems }: PeopleWorld,
  isCalm: boolean,
): void {
  for (const text of confirmed) {
    const shown = log.get(originalOf(text));
    if (!shown || editOf(shown.text) < editOf(text)) {
      problems.push(`${name} shows ${shown?.text} instead of ${text}, which was confirmed`);
    }
  }
  for (const text of first.keys()) {
    if (!log.has(text)) problems.push(`${name} does not have ${text}, which ${firstName} has`);
  }
  for (const [text, { text: shown }] of log) {
    const other = first.get(text)?.text;
    if (other !== undefined && other !== shown) problems.push(`${name} shows ${shown}, and ${firstName} ${other}`);
    if (!first.has(text)) problems.push(`${firstName} does not have ${text}, which ${name} has`);
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
  const log = new Map<string, { seq: number; text: string }>();
  for (const { seq, text } of messages.sort((one, other) => one.seq - other.seq)) {
    const original = originalOf(text);
    if (log.has(original)) tell(`${name} has ${original} twice`);
    log.set(original, { seq, text });
  }
  return log;
}

/** The number of a text: each user counts what it says. */
function numberOf(text: string): number {
  return Number(text.slice(text.indexOf(".") + 1));
}

/** A text without the number of its edit. */
function originalOf(text: string): string {
  return text.replace(/e\d+$/, "");
}

/** The number of an edit, which grows; 0 of what is not edited. */
function editOf(text: string): number {
  return Number(/e(\d+)$/.exec(text)?.[1] ?? 0);
}

/** The texts of each sender are in the order in which they were said. */
function checkOrder(texts: readonly string[], where: string, tell: (text: string) => void): void {
  const last = new Map<string, number>();
  for (const text of texts) {
    const from = text.slice(0, text.indexOf("."));
    if (numberOf(text) <= (last.get(from) ?? 0)) tell(`${where} has ${text} after ${from}.${last.get(from)}`);
    last.set(from, numberOf(text));
  }
}
