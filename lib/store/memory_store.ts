import { LOBBY } from "../chat/names.ts";
import type {
  AcknowledgedMessage,
  Answer,
  ExpiredMessage,
  MessageStore,
  NewMessage,
  NewNotice,
  StoredEntry,
  StoredMessage,
  StoredNotice,
  StoredUser,
} from "../chat/store.ts";
import { keptMessage, keptNotice, oldest, wellFormed } from "./entry.ts";
import { type Room, Tables } from "./tables.ts";

/** The store that keeps nothing beyond the process: for simulations, and for a server that is to forget. */
export class MemoryStore implements MessageStore {
  readonly #shelf = new Tables();

  /** `id`: for whoever wants it to be the same each time. */
  constructor(readonly id: string = crypto.randomUUID()) {
    this.#shelf.room(LOBBY);
    this.commit();
  }

  get last(): number {
    return this.#shelf.last;
  }

  get dirty(): boolean {
    return this.#shelf.changed;
  }

  user(name: string): StoredUser | undefined {
    const person = this.#shelf.people.get(name);
    return person?.added ? { name, key: person.key, acked: person.acked } : undefined;
  }

  users(): string[] {
    return [...this.#shelf.people.values()].filter(({ added }) => added).map(({ name }) => name).sort();
  }

  addUser(name: string, key: Uint8Array | undefined): void {
    const person = this.#shelf.person(name);
    const { added, key: old } = person;
    if (!added || (!old && key)) {
      const now = { added: true, key: old ?? key?.slice() };
      this.#shelf.change(() => Object.assign(person, now), () => Object.assign(person, { added, key: old }));
    }
    this.join(LOBBY, name);
  }

  rooms(): string[] {
    return namesInOrder(this.#shelf.rooms.values());
  }

  members(room: string): string[] {
    return [...this.#shelf.rooms.get(room)?.members ?? []].sort();
  }

  roomsOf(name: string): string[] {
    return namesInOrder(this.#shelf.people.get(name)?.rooms.keys() ?? []);
  }

  join(room: string, name: string): void {
    this.#shelf.enter(this.#shelf.room(room), this.#shelf.person(name));
  }

  leave(room: string, name: string): void {
    const found = this.#shelf.rooms.get(room);
    if (found) this.#shelf.leave(found, this.#shelf.person(name));
  }

  answer(from: string, id: string): Answer | undefined {
    return this.#shelf.people.get(from)?.answers.get(wellFormed(id));
  }

  keep(message: NewMessage): StoredMessage {
    const shelf = this.#shelf;
    if (message.id !== undefined) this.#mustBeNew(message.from, message.id);
    const kept = keptMessage(this.#number(), message);
    if ("room" in kept.to) shelf.room(kept.to.room);
    shelf.add(kept);
    if ("user" in kept.to) shelf.wait(kept);
    return kept;
  }

  refuse(from: string, id: string, why: string, time: number): void {
    this.#mustBeNew(from, id);
    const { answers } = this.#shelf.person(from);
    const refusal = { seq: ++this.#shelf.refused, from, id: wellFormed(id), why: wellFormed(why), time };
    const answer = { type: "refused", why: refusal.why } as const;
    this.#shelf.change(() => this.#shelf.refusals.add(refusal), () => this.#shelf.refusals.delete(refusal));
    this.#shelf.change(() => answers.set(refusal.id, answer), () => answers.delete(refusal.id));
  }

  notify(notice: NewNotice): StoredNotice {
    const kept = keptNotice(this.#number(), notice);
    this.#shelf.add(kept);
    this.#shelf.wait(kept);
    return kept;
  }

  acknowledge(name: string, seq: number): AcknowledgedMessage[] {
    const person = this.#shelf.person(name);
    const upTo = Math.min(seq, this.last);
    if (upTo <= person.acked) return [];
    const { acked, waiting } = person;
    this.#shelf.change(() => person.acked = upTo, () => person.acked = acked);
    const done = waiting.slice(0, waiting.upTo(upTo));
    for (const kept of done) this.#shelf.unwait(kept);
    return done.filter(isMessage).map(taken);
  }

  settle(seq: number): AcknowledgedMessage | undefined {
    const kept = this.#shelf.entries.get(seq);
    if (kept?.type !== "message" || !this.#shelf.receiver(kept)?.waiting.has(kept)) return undefined;
    this.#shelf.unwait(kept);
    return taken(kept);
  }

  withdraw(seq: number): void {
    const kept = this.#shelf.entries.get(seq);
    if (kept?.type === "message" && "user" in kept.to) this.#forget(kept);
  }

  seen(room: string, name: string, seq: number): void {
    const found = this.#shelf.rooms.get(room);
    const rooms = this.#shelf.people.get(name)?.rooms;
    const member = found && rooms?.get(found);
    const upTo = Math.min(seq, this.last);
    if (!member || upTo <= member.seen) return;
    const now = { since: member.since, seen: upTo };
    this.#shelf.change(() => rooms!.set(found, now), () => rooms!.set(found, member));
  }

  waiting(name: string, after: number, limit: number, only?: "private"): StoredEntry[] {
    const person = this.#shelf.people.get(name);
    if (!person) return [];
    const lists = [person.waiting.after(after, limit)];
    for (const [room, { seen }] of only ? [] : person.rooms) {
      const past = Math.max(after, person.acked, seen);
      lists.push(room.messages.after(past, limit, ({ from }) => from !== name));
    }
    return oldest(lists, limit);
  }

  since(name: string, after: number, limit: number): StoredEntry[] {
    const person = this.#shelf.people.get(name);
    if (!person) return [];
    const lists = [person.inbox.after(after, limit), person.sent.after(after, limit)];
    for (const [room, { since }] of person.rooms) lists.push(room.messages.after(Math.max(after, since), limit));
    return oldest(lists, limit);
  }

  history(
    where: { readonly between: readonly [string, string] } | { readonly room: string },
    before: number,
    limit: number,
  ): StoredMessage[] {
    const shelf = this.#shelf;
    const messages = "room" in where ? shelf.rooms.get(where.room)?.messages : shelf.messages(where.between);
    const end = messages?.below(before) ?? 0;
    return messages?.slice(end - Math.max(0, limit), end) ?? [];
  }

  prune(past: number, perRoom: number, limit: number): { expired: ExpiredMessage[]; more: boolean } {
    const { entries, refusals, rooms } = this.#shelf;
    const expired: ExpiredMessage[] = [];
    let left = Math.max(0, limit);
    let more = false;
    const take = <T>(items: T[], forget: (item: T) => void) => {
      more ||= items.length > left;
      const taken = items.slice(0, left);
      left -= taken.length;
      taken.forEach(forget);
    };
    const forget = (kept: StoredEntry) => {
      const to = this.#forget(kept);
      if (to !== undefined && kept.type === "message") expired.push({ ...taken(kept), to });
    };
    // All are looked at: a list by time would cost each message more than this costs the rare call.
    take([...entries.values()].filter(({ time }) => time < past).sort(byTime), forget);
    for (const { messages } of [...rooms.values()].sort(byOrder)) {
      take(messages.slice(0, messages.size - perRoom), forget);
    }
    take(refusals.slice(0, refusals.below(past)), (refusal) => {
      const { answers } = this.#shelf.person(refusal.from);
      const answer = answers.get(refusal.id)!;
      this.#shelf.change(() => refusals.delete(refusal), () => refusals.add(refusal));
      this.#shelf.change(() => answers.delete(refusal.id), () => answers.set(refusal.id, answer));
    });
    return { expired: expired.sort((one, other) => one.seq - other.seq), more };
  }

  commit(): void {
    this.#shelf.keepChanges();
  }

  rollback(): void {
    this.#shelf.undoChanges();
  }

  close(): void {
    this.commit();
  }

  #number(): number {
    const shelf = this.#shelf;
    shelf.change(() => shelf.last++, () => shelf.last--);
    return shelf.last;
  }

  /** Forgets an entry; whom it waited for. */
  #forget(kept: StoredEntry): string | undefined {
    const receiver = this.#shelf.receiver(kept);
    const waited = receiver?.waiting.has(kept);
    if (waited) this.#shelf.unwait(kept);
    this.#shelf.delete(kept);
    return waited ? receiver!.name : undefined;
  }

  #mustBeNew(from: string, id: string): void {
    if (this.answer(from, id)) throw new Error(`${from} has said something as ${JSON.stringify(id)} before`);
  }
}

function isMessage(kept: StoredEntry): kept is StoredMessage {
  return kept.type === "message";
}

function taken({ seq, from, id }: StoredMessage): AcknowledgedMessage {
  return { seq, from, id };
}

function byTime(one: StoredEntry, other: StoredEntry): number {
  return one.time - other.time || one.seq - other.seq;
}

function byOrder(one: Room, other: Room): number {
  return one.order - other.order;
}

function namesInOrder(rooms: Iterable<Room>): string[] {
  return [...rooms].sort(byOrder).map(({ name }) => name);
}
