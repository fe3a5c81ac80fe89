import type { Target } from "../chat/entry.ts";
import { LOBBY } from "../chat/names.ts";
import { Fault } from "../core/errors.ts";
import { clock } from "../net/clock.ts";
import type { DirectEvent } from "../peers/direct.ts";
import type { PeerQuestion } from "../peers/event.ts";
import { PageServer, type PageServerOutput } from "../peers/page_server.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { decodeNative } from "../protocols/native/requests.ts";
import type { PageOutput } from "../protocols/native/single_window.ts";
import { freshRun } from "../store/proofs.ts";
import type { ChatSide } from "./chat_side.ts";
import type { PageHost } from "./page_site.ts";

type Say = Extract<PageServerOutput, { type: "say" }>;

/** How often the list of users is requested, since their server does not announce changes. */
const USERS_EVERY_MS = 5000;
/** Messages of the page that wait for their turn. */
const MAX_WAITING = 1000;

/**
 * The page at a server of the mailbox authors: a client of that server, and a server for the page.
 *
 * 1. A message is shown as sent once their server has confirmed it. One at a time is under way, since a confirmation to the page
 *    covers all earlier messages.
 * 2. Earlier messages are requested when a conversation is opened or gets a message, and are shown before that message.
 */
export class MailboxPage implements PageHost {
  readonly isLoggedIn = true;
  readonly #server: PageServer;
  readonly #waiting: Say[] = [];
  #underWay: { readonly say: Say; readonly id: string } | undefined;
  readonly #online = new Map<string, boolean>();
  /** Requests of the page for the list of users. */
  #usersRefs: number[] = [];
  /** The request of the page that is being asked. */
  #ref: number | undefined;
  /** For each conversation, whether its earlier messages are known; until then its new messages wait. */
  readonly #earlier = new Map<string, "known" | ShownMessage[]>();
  /** How many times the page has received a message with this text and sender. */
  readonly #told = new Map<string, number>();
  readonly #polling: ReturnType<typeof setInterval>;
  #draining = false;

  constructor(
    readonly name: string,
    readonly mailbox: Pick<ChatSide, "ask" | "say">,
    readonly perform: (output: PageOutput) => void,
  ) {
    this.#server = new PageServer(name, freshRun());
    this.#polling = setInterval(() => mailbox.ask({ type: "users" }), USERS_EVERY_MS);
  }

  pageOpened(page: number): void {
    this.#input((server) => server.pageOpened(page));
  }

  pageReceived(page: number, json: string): void {
    const request = decodeNative(json);
    if (!(request instanceof Fault) && request.type === "history" && "user" in request.of) this.#retrieve(request.of);
    this.#input((server) => server.pageReceived(page, json));
  }

  pageClosed(page: number): void {
    this.#input((server) => server.pageClosed(page));
  }

  close(): void {
    clearInterval(this.#polling);
  }

  /** An event of the mailbox. */
  event(event: ClientEvent | DirectEvent): void {
    switch (event.type) {
      case "users":
        this.#presence(event.users);
        for (const ref of this.#usersRefs.splice(0)) this.#input((server) => server.event(event, ref, clock()));
        return;
      case "rooms":
      case "joined":
        return this.#input((server) => server.event(event, this.#ref, clock()));
      case "denied":
        // Unanswered requests will not be answered.
        for (const [key, held] of this.#earlier) if (held !== "known") this.#release(key, []);
        for (const ref of this.#usersRefs.splice(0)) this.#input((server) => server.event(event, ref, clock()));
        return this.#input((server) => server.event(event, this.#ref, clock()));
      case "history":
        return this.#release(keyOf(event.of), event.messages);
      case "message":
        return this.#message(event.message);
      case "sent":
        return this.#settled(event.id, event.time);
      case "failed":
        if (event.id !== undefined && event.id === this.#underWay?.id) {
          return this.#settled(event.id, undefined, event.why);
        }
        return this.#input((server) => server.event(event, undefined, clock()));
      case "delivered":
        return this.#input((server) => server.event(event, undefined, clock()));
    }
  }

  #input(give: (server: PageServer) => void): void {
    give(this.#server);
    if (this.#draining) return;
    this.#draining = true;
    for (let outputs = this.#server.takeOutputs(); outputs.length > 0; outputs = this.#server.takeOutputs()) {
      for (const output of outputs) this.#performServer(output);
    }
    this.#draining = false;
  }

  #performServer(output: PageServerOutput): void {
    switch (output.type) {
      case "say":
        if (this.#waiting.length < MAX_WAITING) this.#waiting.push(output);
        else this.#input((server) => server.sent(output, { why: `${MAX_WAITING} messages wait already` }, clock()));
        return this.#sayNext();
      case "ask":
        return this.#ask(output.ref, output.question);
      case "signal":
        return this.#input((server) => server.unheard(output.to));
      default:
        return this.perform(output);
    }
  }

  #ask(ref: number, question: PeerQuestion): void {
    this.#ref = ref;
    if (question.type === "users") {
      this.#usersRefs.push(ref);
      this.mailbox.ask(question);
    } else if (question.type === "rooms") this.mailbox.ask(question);
    else if (question.type === "join") {
      // The group's earlier messages follow by themselves.
      if (question.room === LOBBY) this.#hold(keyOf({ room: LOBBY }));
      this.mailbox.ask({ type: "join", room: question.room });
    } else {this.event({
        type: "denied",
        why: `this server speaks the mailbox authors' protocol, which has no such request`,
      });}
    this.#ref = undefined;
  }

  #sayNext(): void {
    const say = this.#waiting[0];
    if (!say || this.#underWay || Array.isArray(this.#earlier.get(keyOf(say.to)))) return;
    this.#waiting.shift();
    const said = this.mailbox.say(say.to, say.text);
    if ("id" in said) this.#underWay = { say, id: said.id };
    else {
      this.#input((server) => server.sent(say, said, clock()));
      this.#sayNext();
    }
  }

  #settled(id: string, time: number | undefined, why?: string): void {
    const { say } = this.#underWay?.id === id ? this.#underWay : {};
    if (!say) return;
    this.#underWay = undefined;
    if (time !== undefined) this.#count(lookOf({ from: this.name, text: say.text, time }));
    const outcome = why === undefined ? { id } : { why };
    this.#input((server) => server.sent(say, outcome, time ?? Date.now()));
    this.#sayNext();
  }

  #presence(users: readonly { readonly name: string; readonly online: boolean }[]): void {
    for (const { name, online } of users) {
      if (this.#online.get(name) === online) continue;
      this.#online.set(name, online);
      this.#input((server) => server.event({ type: online ? "online" : "offline", name }, undefined, clock()));
    }
  }

  #message(message: ShownMessage): void {
    const of = "room" in message.to ? message.to : { user: message.from };
    this.#retrieve(of);
    const held = this.#earlier.get(keyOf(of));
    if (Array.isArray(held)) held.push(message);
    else this.#tell(message);
  }

  /** Requests the earlier messages of a conversation, once. */
  #retrieve(of: Target): void {
    if (this.#hold(keyOf(of))) this.mailbox.ask({ type: "history", of, limit: 0 });
  }

  #hold(key: string): boolean {
    if (this.#earlier.has(key)) return false;
    this.#earlier.set(key, []);
    return true;
  }

  /** The earlier messages are known: the page gets those that it lacks, then those that have arrived meanwhile. */
  #release(key: string, earlier: readonly ShownMessage[]): void {
    const held = this.#earlier.get(key);
    this.#earlier.set(key, "known");
    this.#tellMissing(earlier);
    if (Array.isArray(held)) this.#tellMissing(held);
    this.#sayNext();
  }

  #tellMissing(messages: readonly ShownMessage[]): void {
    const found = new Map<string, number>();
    for (const message of messages) {
      const look = lookOf(message);
      const count = (found.get(look) ?? 0) + 1;
      found.set(look, count);
      if (count > (this.#told.get(look) ?? 0)) this.#tell(message);
    }
  }

  #tell(message: ShownMessage): void {
    this.#count(lookOf(message));
    this.#input((server) => server.event({ type: "message", message, own: false }, undefined, clock()));
  }

  #count(look: string): void {
    this.#told.set(look, (this.#told.get(look) ?? 0) + 1);
  }
}

function keyOf(of: Target): string {
  return "user" in of ? `user ${of.user}` : `room ${of.room}`;
}

/** Their messages have no numbers. */
function lookOf({ from, text, time }: Pick<ShownMessage, "from" | "text" | "time">): string {
  return `${from} ${time} ${text}`;
}
