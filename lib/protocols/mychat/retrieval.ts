import type { NativeQuestion } from "../../chat/command.ts";
import type { Event } from "../../chat/event.ts";
import { LOBBY } from "../../chat/names.ts";
import type { HistoryMessage } from "../../chat/store.ts";
import type { JsonObject } from "./json.ts";
import { STRANGER_BYTES } from "./gate.ts";
import { DATAGRAM_BYTES, fitting, listedMessage, listedUser, type MychatRequest, withFields } from "./messages.ts";
import type { Part } from "./receipts.ts";

/** Users or messages that are asked for at once. */
const PAGE = 250;

type Of<Key extends MychatRequest["key"]> = Extract<MychatRequest, { key: Key }>;
type ListOf<Key extends string> = { readonly object: JsonObject; readonly key: Key; readonly user: string };
/** A request whose answer has a list. */
export type ListRequest = ListOf<"CONNECT" | "GET_USERS" | "GET_GROUP_DATA"> | Of<"GET_DATA">;
type Page = Extract<Event, { type: "users" | "history" }>;

/** Gathers a list for one answer, page by page, until it is complete or fills the datagram. */
export class MychatRetrieval {
  readonly #request: ListRequest;
  readonly #me: string;
  readonly #told: number;
  /** What the answer has besides the list. */
  readonly #fields: Readonly<Record<string, boolean>>;
  #users: JsonObject[] = [];
  #after = "";
  #messages: HistoryMessage[] = [];
  #before: number | undefined;
  /** The private messages in the answer. */
  given: { readonly from: string; readonly part: Part } | undefined;

  /** `isNew`: the first contact has registered the user; `told`: the newest entry that the program was sent. */
  constructor(request: ListRequest, me: string, isNew: boolean, told: number) {
    this.#request = request;
    this.#me = me;
    this.#told = told;
    this.#fields = request.key === "CONNECT" ? { isConnected: true, newAccount: isNew } : {};
  }

  /** The question for the next page. */
  question(ref: number): NativeQuestion {
    const request = this.#request;
    if (request.key === "GET_DATA" || request.key === "GET_GROUP_DATA") {
      const of = request.key === "GET_DATA" ? { user: request.find } : { room: LOBBY };
      return { type: "history", ref, of, before: this.#before, after: undefined, limit: PAGE };
    }
    return { type: "users", ref, after: this.#after, limit: PAGE };
  }

  /** Takes a page. The answer, of at most this many bytes; undefined when another page is to be asked for. */
  page(page: Page, bytes: number): JsonObject | undefined {
    return page.type === "users" ? this.#usersAnswer(page, bytes) : this.#messagesAnswer(page, bytes);
  }

  #usersAnswer({ users, more }: Extract<Page, { type: "users" }>, bytes: number): JsonObject | undefined {
    const { key } = this.#request;
    for (const { name, online, seen } of users) {
      if (seen !== false && (key === "CONNECT" || name !== this.#me)) this.#users.push(listedUser(name, online));
    }
    const base = this.#answer({ users: [] });
    const count = fitting(this.#users, base, bytes);
    const last = users.at(-1);
    if (more && last && count === this.#users.length) {
      this.#after = last.name;
      return undefined;
    }
    return this.#answer({ users: this.#users.slice(0, count) });
  }

  #messagesAnswer({ messages, more }: Extract<Page, { type: "history" }>, bytes: number): JsonObject | undefined {
    const request = this.#request;
    const field = request.key === "GET_DATA" ? "data" : "group_data";
    this.#messages = [...messages, ...this.#messages];
    const shown = this.#messages.filter(({ withdrawn, failed, from }) =>
      !withdrawn && (failed === undefined || from === this.#me)
    );
    const list = shown.map(({ from, text, time }) => listedMessage(from, text, time));
    // The newest that fit; one that is longer by itself comes alone, as it came when it was said.
    const [newestFirst, base] = [list.toReversed(), this.#answer({ [field]: [] })];
    const count = fitting(newestFirst, base, bytes) ||
      (bytes > STRANGER_BYTES ? fitting(newestFirst.slice(0, 1), base, DATAGRAM_BYTES) : 0);
    const isComplete = count === list.length;
    if (more && isComplete && messages.length > 0) {
      this.#before = messages[0]!.seq;
      return undefined;
    }
    if (request.key === "GET_DATA" && count > 0) {
      const oldest = isComplete && !more ? 0 : shown[shown.length - count]!.seq - 1;
      this.given = { from: request.find, part: { since: oldest, upTo: Math.max(shown.at(-1)!.seq, this.#told) } };
    }
    return this.#answer({ [field]: list.slice(list.length - count) });
  }

  #answer(list: Readonly<Record<string, readonly JsonObject[]>>): JsonObject {
    // In the order of the handout's example: isConnected, users, newAccount.
    const { isConnected, newAccount } = this.#fields;
    return withFields(this.#request.object, {
      ...(isConnected === undefined ? {} : { isConnected }),
      ...list,
      ...(newAccount === undefined ? {} : { newAccount }),
    });
  }
}
