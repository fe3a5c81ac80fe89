import type { RoomState } from "../hub/event.ts";
import type { Target } from "../hub/store.ts";
import type { Happening } from "../wire/native/happening.ts";
import { type ChatAct, chatAct, type ChatQuestion, LOBBY, sameTarget } from "./chat_acts.ts";
import type { ChatLook } from "./chat_look.ts";
import { ChatMemory } from "./chat_memory.ts";
import { ChatReach, type ReachWay } from "./chat_reach.ts";
import type { Face } from "./face.ts";
import { mailboxAct } from "./mailbox_acts.ts";

/** What a talk asks of the client. */
export interface Talker {
  /** Says something; the id that its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string };
  /** Asks something; the answer comes as a happening. */
  ask(question: ChatQuestion): void;
  leave(): void;
}

/** Where a talk makes itself seen. */
export interface TalkWay extends ReachWay, Pick<Face, "show"> {
  help(topic: string | undefined): readonly string[];
}

/** How a talk goes. */
export interface TalkStyle {
  /** The mailbox handout's words and menu; it begins in the menu, not in the lobby. */
  readonly mailbox: boolean;
  /** Whether it asks at once who and what there is: for completion, and for the menu. */
  readonly curious: boolean;
}

interface Asked {
  readonly question: ChatQuestion;
  /** `quiet`: the answer is only learnt from. */
  readonly purpose: "shown" | "quiet" | "menu";
  /** Where the question has taken us from, and to. */
  readonly moved: { from: Target | undefined; readonly to: Target | undefined } | undefined;
}

/** A server that never answers is not asked for ever. */
const ASKED = 10_000;

/**
 * What happens between typed lines and shown lines.
 *
 * 1. What follows `/join ROOM` goes to ROOM, also before the server has answered; when it denies, one is back where one was.
 * 2. Answers come in the order of the questions: a denial is of the oldest.
 */
export class ChatTalk {
  readonly memory: ChatMemory;
  /** What is told of the connection. */
  readonly reach: ChatReach;
  #asked: Asked[] = [];
  readonly #unanswered = new Set<string>();
  #menuRooms: readonly RoomState[] = [];
  /** The server answers each question and each message. */
  #answers = false;

  constructor(readonly talker: Talker, readonly look: ChatLook, readonly way: TalkWay, readonly style: TalkStyle) {
    this.memory = new ChatMemory(style.mailbox ? undefined : { room: LOBBY });
    this.reach = new ChatReach(look, way, () => ({ said: this.#unanswered.size, all: this.waiting }));
  }

  get prompt(): string {
    return this.look.prompt(this.memory.here);
  }

  /** How much was said and asked, and not answered yet. */
  get waiting(): number {
    return this.#answers ? this.#unanswered.size + this.#asked.length : 0;
  }

  /** A line was typed. */
  typed(line: string): void {
    const { here, rooms } = this.memory;
    this.#do((this.style.mailbox ? mailboxAct : chatAct)(line, { here, rooms }));
  }

  /** The client has learnt something. */
  happened(happening: Happening, now: number): void {
    this.reach.heard();
    const asked = this.#answered(happening);
    this.memory.learn(happening, now);
    switch (happening.type) {
      case "in":
        return this.#cameIn(happening.again);
      case "closing":
        return this.reach.closing();
      case "denied":
        if (asked?.moved) this.#goBack(asked.moved.from, asked.moved.to);
        // Of the two questions for the menu one denial says enough.
        if (asked?.purpose === "quiet" || (asked?.purpose === "menu" && asked.question.type === "users")) return;
        return this.way.aside(this.look.fault(happening.why));
      case "sent":
      case "failed":
        this.#unanswered.delete(happening.id);
        break;
      case "users":
      case "rooms":
        if (asked?.purpose === "quiet") return;
        if (asked?.purpose === "menu") return this.#menu(happening);
        break;
    }
    this.#show(this.look.happened(happening, this.memory, now));
  }

  /** The server is one of the handout: it answers in lines of its own. */
  handout(): void {
    this.#answers = false;
    this.#unanswered.clear();
    this.#asked = [];
  }

  #do(act: ChatAct): void {
    switch (act.type) {
      case "nothing":
        return;
      case "exit":
        return this.talker.leave();
      case "say":
        return this.#say(act.to, act.text);
      case "go":
        this.memory.here = act.to;
        this.#show(this.look.went(act.to));
        return this.#doubt(act.to);
      case "ask":
        return this.#ask(act.question);
      case "menu":
        if (act.back) this.memory.here = undefined;
        return this.#askMenu();
      case "help":
        for (const line of this.way.help(act.topic)) this.way.aside(line);
        return;
      case "fault":
        return this.way.aside(this.look.fault(act.why));
    }
  }

  #say(to: Target, text: string): void {
    const said = this.talker.say(to, text);
    if ("why" in said) return this.way.aside(this.look.fault(`not sent: ${said.why}`));
    this.memory.said(said.id, { to, text });
    if (this.#answers) this.#unanswered.add(said.id);
    this.reach.tellWaiting();
  }

  /** A name that nobody has is noticed before anything is said to it. */
  #doubt(to: Target): void {
    const { memory, way, look } = this;
    if (!memory.usersListed || !("user" in to) || memory.users.has(to.user)) return;
    way.aside(look.news(`nothing was heard of a "${to.user}" so far; /list shows who there is`));
  }

  #ask(question: ChatQuestion, purpose: Asked["purpose"] = "shown"): void {
    if (this.reach.away) {
      return this.way.aside(this.look.fault("there is no connection at the moment; ask again when it is back"));
    }
    const from = this.memory.here;
    if (question.type === "join") this.memory.here = { room: question.room };
    if (question.type === "leave" && sameTarget(from, { room: question.room })) {
      this.memory.here = this.style.mailbox ? undefined : { room: LOBBY };
    }
    const to = this.memory.here;
    this.#asked.push({ question, purpose, moved: to === from ? undefined : { from, to } });
    if (this.#asked.length > ASKED) this.#asked.shift();
    // Last: the answer may come at once.
    this.talker.ask(question);
  }

  /** The server does not let us go `to`; nor does anything lead back to there. */
  #goBack(from: Target | undefined, to: Target | undefined): void {
    if (sameTarget(this.memory.here, to)) this.memory.here = from;
    for (const { moved } of this.#asked) if (moved && sameTarget(moved.from, to)) moved.from = from;
  }

  #askMenu(): void {
    this.#ask({ type: "rooms" }, "menu");
    // Said once is enough.
    if (!this.reach.away) this.#ask({ type: "users" }, "menu");
  }

  #menu(happening: Extract<Happening, { type: "rooms" | "users" }>): void {
    if (happening.type === "rooms") this.#menuRooms = happening.rooms;
    else this.#show(this.look.menu(this.#menuRooms, happening.users, this.memory));
  }

  #cameIn(again: boolean): void {
    this.#answers = true;
    this.reach.cameIn();
    // What was asked before was asked of a connection that is gone.
    this.#asked = [];
    if (again) return this.way.aside(this.look.news("back"));
    this.#show(this.look.welcome(this.memory));
    if (!this.style.curious) return;
    if (this.style.mailbox) this.#askMenu();
    else this.#ask({ type: "users" }, "quiet");
  }

  #answered(happening: Happening): Asked | undefined {
    const at = happening.type === "denied" ? 0 : this.#asked.findIndex(({ question }) => isAnswer(happening, question));
    return at < 0 ? undefined : this.#asked.splice(0, at + 1).at(-1);
  }

  #show(lines: readonly string[]): void {
    for (const line of lines) this.way.show(line);
  }
}

function isAnswer(happening: Happening, question: ChatQuestion): boolean {
  switch (question.type) {
    case "users":
    case "rooms":
      return happening.type === question.type;
    case "join":
      return happening.type === "joined" && happening.room === question.room;
    case "leave":
      return happening.type === "left" && happening.room === question.room;
    case "history":
      return happening.type === "history" && sameTarget(happening.of, question.of);
  }
}
