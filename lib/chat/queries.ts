import { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { textFault } from "../core/text.ts";
import type { Accounts } from "./accounts.ts";
import type { NativeQuestion } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { Entry, Target } from "./entry.ts";
import type { ConversationView, RoomState, UserState } from "./event.ts";
import type { RecentLog } from "./log.ts";
import type { LogWriter } from "./log_writer.ts";
import type { NameIndex } from "./name_index.ts";
import { LOBBY, nameFault } from "./names.ts";
import type { Questions } from "./questions.ts";
import { type KnownUser, type Room, type Roster, sideOf } from "./roster.ts";
import type { Sharing } from "./sharing.ts";
import type { ConversationState } from "./store.ts";
import type { OnlineUsers, Session, User } from "./users.ts";

/** The most that one page of history, of a search, or of names holds. */
const MAX_PAGE = 250;

/** What queries are answered from. */
export interface QueryParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly log: RecentLog;
  readonly writer: LogWriter;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly accounts: () => Accounts;
  /** The names of all accounts and registered users. */
  readonly names: () => NameIndex;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<
    Limits,
    | "maxRooms"
    | "roomsPerUser"
    | "textBytes"
    | "textLines"
    | "waitingBytes"
    | "waitingBytesPerUser"
    | "listedNames"
    | "listedNamesPerSecond"
    | "failureEntries"
  >;
  readonly searches: boolean;
  /** Where there are other servers. */
  readonly sharing: Sharing | undefined;
  /** A room is new, or has other members. */
  readonly memberChanged: (room: Room, user: KnownUser, isIn: boolean, now: number) => void;
}

/** What native clients ask about users, rooms and what was said; and who is in which room. */
export class Queries {
  readonly #parts: QueryParts;
  /** Names of members that were listed, by user. */
  readonly #listed: RateLimiters;

  constructor(parts: QueryParts) {
    const { listedNames, listedNamesPerSecond, failureEntries } = parts.limits;
    this.#parts = parts;
    this.#listed = new RateLimiters(listedNames, listedNamesPerSecond, failureEntries);
  }

  /** Why a text cannot be said there; undefined when it can. */
  fault(from: string, to: Target, text: string): string | undefined {
    const why = this.textFault(text);
    if (why !== undefined) return why;
    if ("room" in to) return this.isIn(from, to.room) ? undefined : notInRoom(to.room);
    if (!this.#isKnown(to.user)) return `there is no user ${JSON.stringify(to.user)}`;
    return this.waitingFault(from, to, text);
  }

  /** Why a text cannot wait for its receiver; undefined when it can. */
  waitingFault(from: string, to: Target, text: string): string | undefined {
    if (!("user" in to) || to.user === from) return undefined;
    const { limits: { waitingBytes, waitingBytesPerUser }, roster } = this.#parts;
    const waiting = roster.user(to.user)?.waitingBytes ?? 0;
    if (waiting + text.length > waitingBytesPerUser) {
      return `${waiting} bytes wait for ${to.user} to come, the most that are kept are ${waitingBytesPerUser}`;
    }
    if (roster.waitingBytes + text.length <= waitingBytes) return undefined;
    return `${roster.waitingBytes} bytes wait for users to come, the most that are kept for all are ${waitingBytes}`;
  }

  textFault(text: string): string | undefined {
    const { textBytes, textLines } = this.#parts.limits;
    return text === "" ? "an empty text is not sent" : textFault(text, textBytes, textLines);
  }

  answer(asker: Session, user: User, question: NativeQuestion, now: number): void {
    const known = user.known!;
    const { ref } = question;
    switch (question.type) {
      case "users":
        return this.#users(asker, question);
      case "rooms":
        return this.#rooms(asker, known, question);
      case "inRoom":
        return this.#inRoom(asker, question, now);
      case "join":
        return this.#join(asker, known, question, now);
      case "leaveRoom":
        return this.#leave(asker, known, question, now);
      case "history":
        return this.#history(asker, known, question);
      case "search":
        return this.#search(asker, known, question);
      case "versions":
        return this.#versions(asker, known, ref, question.of);
    }
  }

  /** Tells a session in which state its user's conversations are. */
  overview(asker: Session, known: KnownUser): void {
    this.#parts.questions.ask(
      { type: "overview", user: known.id },
      ({ states }) => {
        const views = states.flatMap((state) => this.#viewOf(state, known) ?? []);
        if (asker.ready) this.#parts.outputs.push(tell(asker.id, { type: "conversations", states: views }));
      },
      (why) => this.#deny(asker, 0, why),
    );
  }

  /** The cursors are those of the store: what it has answered is committed, and entries before that were told. */
  #viewOf({ conversation, ...state }: ConversationState, known: KnownUser): ConversationView | undefined {
    const found = this.#parts.roster.conversation(conversation);
    if (!found) return undefined;
    if ("members" in found) return { of: { room: found.name }, ...state };
    return { of: { user: found.users[sideOf(found, known) === 0 ? 1 : 0].name }, ...state };
  }

  #users(asker: Session, { ref, after, limit }: Extract<NativeQuestion, { type: "users" }>): void {
    const { online, roster, names: index, outputs } = this.#parts;
    const { names, more } = index().page(after, atMost(limit));
    const users = names.map((name): UserState => {
      const isOnline = online.isOnline(name);
      return isOnline || roster.user(name)?.registered
        ? { name, online: isOnline }
        : { name, online: false, seen: false };
    });
    outputs.push(tell(asker.id, { type: "users", ref, users, more }));
  }

  #rooms(asker: Session, known: KnownUser, { ref, after, limit }: Extract<NativeQuestion, { type: "rooms" }>): void {
    // In the order in which they were made; `after` is the last that the asker knows.
    const { rooms: page, more } = this.#parts.roster.roomPage(
      after,
      atMost(limit),
      ({ unlisted, members }) => !unlisted || members.has(known),
    );
    const rooms = page.map((room): RoomState => ({
      name: room.name,
      members: room.members.size,
      joined: room.members.has(known),
    }));
    this.#parts.outputs.push(tell(asker.id, { type: "rooms", ref, rooms, more }));
  }

  /** Who is in a room, its guests too; in the lobby, which all are in, those who are online. */
  #inRoom(asker: Session, question: Extract<NativeQuestion, { type: "inRoom" }>, now: number): void {
    const { ref, room, after, limit } = question;
    const { online, roster, outputs, limits: { listedNames, listedNamesPerSecond } } = this.#parts;
    if (!this.isIn(asker.name!, room)) return this.#deny(asker, ref, notInRoom(room));
    const isLobby = room === LOBBY;
    const most = atMost(limit);
    const members = isLobby ? undefined : roster.memberNames(roster.room(room)!);
    const { names, more } = online.page(room, members, after, most);
    if (!this.#listed.take(asker.name!, now, Math.min(names.length, listedNames))) {
      const rule = `more than ${listedNames} names were listed for you of late; ${listedNamesPerSecond} a second are`;
      return this.#deny(asker, ref, rule);
    }
    const users = names.map((name) => {
      return { name, online: isLobby || online.isOnline(name) || online.isGuestIn(room, name) };
    });
    outputs.push(tell(asker.id, { type: "inRoom", ref, room, users, more }));
  }

  #join(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "join" }>, now: number): void {
    const { roster, log, writer, delivery, outputs, online } = this.#parts;
    const { ref, room: name, unlisted = false } = question;
    const isNew = roster.room(name) === undefined;
    const why = isNew ? nameFault(name) ?? this.#full(known) : undefined;
    if (why) return this.#deny(asker, ref, why);
    const { sharing } = this.#parts;
    if (sharing) {
      if (isNew) known.roomsMade++;
      return sharing.share(
        { type: "join", room: name, user: known.name, unlisted: unlisted || online.guestsIn(name).size > 0 },
        {
          done: () => {
            const members = roster.room(name)?.members.size ?? 0;
            outputs.push(tell(asker.id, { type: "joined", ref, room: name, members }));
          },
          failed: (why) => this.#deny(asker, ref, why),
        },
      );
    }
    // A room that guests are in already has a name that they keep to themselves.
    const room = roster.makeRoom(name, unlisted || online.guestsIn(name).size > 0);
    if (isNew) known.roomsMade++;
    const joins = !room.members.has(known);
    roster.join(room, known, log.last);
    delivery.audienceChanged();
    writer.after({
      done: () => {
        outputs.push(tell(asker.id, { type: "joined", ref, room: name, members: room.members.size }));
        if (joins) this.#membershipChanged(asker, known, room, true, now);
      },
      failed: (why) => {
        if (joins) roster.leave(room, known);
        delivery.audienceChanged();
        this.#deny(asker, ref, why);
      },
    });
  }

  #leave(
    asker: Session,
    known: KnownUser,
    question: Extract<NativeQuestion, { type: "leaveRoom" }>,
    now: number,
  ): void {
    const { ref, room: name } = question;
    const { roster, writer, delivery, outputs } = this.#parts;
    if (name === LOBBY) return this.#deny(asker, ref, "every user is in the lobby; it cannot be left");
    if (!this.isIn(known.name, name)) return this.#deny(asker, ref, notInRoom(name));
    const { sharing } = this.#parts;
    if (sharing) {
      return sharing.share(
        { type: "leave", room: name, user: known.name },
        {
          done: () => void outputs.push(tell(asker.id, { type: "left", ref, room: name })),
          failed: (why) => this.#deny(asker, ref, why),
        },
      );
    }
    const room = roster.room(name)!;
    roster.leave(room, known);
    delivery.audienceChanged();
    writer.after({
      done: () => {
        outputs.push(tell(asker.id, { type: "left", ref, room: name }));
        this.#membershipChanged(asker, known, room, false, now);
      },
      failed: (why) => this.#deny(asker, ref, why),
    });
  }

  /** Tells the user's other sessions at once, and all others with what else has changed. */
  #membershipChanged(asker: Session, known: KnownUser, room: Room, joined: boolean, now: number): void {
    const { online, outputs, memberChanged } = this.#parts;
    const own = online.get(asker.name)?.natives.filter((each) => each !== asker && each.ready).map(({ id }) => id) ??
      [];
    const rooms = [{ name: room.name, members: room.members.size, joined }];
    if (own.length > 0) outputs.push({ type: "tell", to: own, event: { type: "roomChanges", rooms } });
    memberChanged(room, known, joined, now);
  }

  #history(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "history" }>): void {
    const { ref, of, before, after, limit } = question;
    if ("room" in of && !this.isIn(known.name, of.room)) return this.#deny(asker, ref, notInRoom(of.room));
    const conversation = this.#parts.roster.find(known, of);
    if (!conversation) {
      return void this.#parts.outputs.push(
        tell(asker.id, { type: "history", ref, messages: [], forward: false, more: false }),
      );
    }
    this.#afterOwn(known.name, () =>
      this.#parts.questions.ask(
        { type: "history", conversation: conversation.id, before, after, limit: atMost(limit) },
        ({ messages, more }) => {
          const forward = after !== undefined;
          this.#parts.outputs.push(tell(asker.id, { type: "history", ref, messages, forward, more }));
        },
        (why) => this.#deny(asker, ref, why),
      ));
  }

  /** Asks once everything that the asker has said is with the store: it is part of the answer. */
  #afterOwn(name: string, ask: () => void): void {
    const { writer } = this.#parts;
    if (writer.hasGathered(name)) writer.after({ done: ask, failed: ask });
    else ask();
  }

  #search(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "search" }>): void {
    const { roster, outputs, questions, searches } = this.#parts;
    const { ref, words, from, of, since, until, before, limit } = question;
    if (!searches) {
      return this.#deny(asker, ref, "this server's SQLite has no full-text index, so nothing can be searched");
    }
    if (of && "room" in of && !this.isIn(known.name, of.room)) return this.#deny(asker, ref, notInRoom(of.room));
    const conversation = of && roster.find(known, of);
    const sender = from === undefined ? undefined : roster.user(from);
    if ((of && !conversation) || (from !== undefined && !sender)) {
      return void outputs.push(tell(asker.id, { type: "search", ref, hits: [], more: false }));
    }
    this.#afterOwn(known.name, () =>
      questions.ask(
        {
          type: "search",
          user: known.id,
          words,
          from: sender?.id,
          conversation: conversation?.id,
          since,
          until,
          before,
          limit: atMost(limit),
        },
        ({ hits, more }) => outputs.push(tell(asker.id, { type: "search", ref, hits, more })),
        (why) => this.#deny(asker, ref, why),
      ));
  }

  /** Only those who may see a message may see what it was. */
  #versions(asker: Session, known: KnownUser, ref: number, seq: number): void {
    const { questions, outputs } = this.#parts;
    const deny = (why: string) => this.#deny(asker, ref, why);
    questions.ask({ type: "entry", seq }, ({ entry }) => {
      if (!entry || !this.canSee(known.name, entry)) return deny(`there is no message ${seq} that you can see`);
      questions.ask(
        { type: "versions", seq },
        ({ texts }) => outputs.push(tell(asker.id, { type: "versions", ref, texts })),
        deny,
      );
    }, deny);
  }

  #deny(asker: Session, ref: number, why: string): void {
    this.#parts.outputs.push(tell(asker.id, { type: "denied", ref, why }));
  }

  /** Whether an entry is the user's, to the user or in one of the user's rooms. */
  canSee(name: string, { from, to }: Pick<Entry, "from" | "to">): boolean {
    return from === name || ("room" in to ? this.isIn(name, to.room) : to.user === name);
  }

  /** Whether a user is in a room; all are in the lobby. */
  isIn(name: string, room: string): boolean {
    if (room === LOBBY) return true;
    const known = this.#parts.roster.user(name);
    return known !== undefined && (this.#parts.roster.room(room)?.members.has(known) ?? false);
  }

  #isKnown(name: string): boolean {
    const { online, accounts, roster } = this.#parts;
    return online.isOnline(name) || accounts().has(name) || this.#parts.names().has(name) ||
      (roster.user(name)?.registered ?? false);
  }

  #full(known: KnownUser): string | undefined {
    const { roster, limits } = this.#parts;
    if (roster.rooms.size >= limits.maxRooms) return `there are ${limits.maxRooms} rooms, the most allowed`;
    if (known.roomsMade < limits.roomsPerUser) return undefined;
    return `you have made ${limits.roomsPerUser} rooms, the most allowed for one user`;
  }
}

function notInRoom(room: string): string {
  return `${JSON.stringify(room)} is not a room that you are in`;
}

function atMost(limit: number): number {
  return Math.min(Math.max(1, limit), MAX_PAGE);
}
