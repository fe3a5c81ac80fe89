import type { Command } from "../chat/command.ts";
import type { Entry } from "../chat/entry.ts";
import type { Event, SessionId } from "../chat/event.ts";
import { UNPROVEN_CLIENT } from "../chat/unproven.ts";
import { REQUESTS_HELD, REQUESTS_PER_FLUSH } from "../core/limits.ts";
import { answeredKey, answerKey, isoTime, lineOf, outcomeOf, type Recorded, type Requester } from "./request_lines.ts";

const ASKED_AGAIN = "asked again";

interface Numbered extends Recorded {
  readonly number: number;
}

/** The requests of one session that have no outcome yet. */
interface Open {
  /** What is said under numbers, in their order. */
  numbered: Numbered[];
  /** The others, by what answers them. */
  others: Map<string, Recorded> | undefined;
}

/**
 * Records every request of every listener with what came of it, one line each.
 *
 * 1. It is bounded: of lines that are not written, and requests without an outcome, there are `REQUESTS_HELD` at most. Further
 *    requests are counted, and a line says how many were not recorded. A flush writes a bounded number of lines.
 * 2. A line is made with the outcome, in a microsecond or two. Of a request that has one, nothing but its line is held: making
 *    all lines at a flush kept every message alive until then, which cost the collector more than the lines.
 * 3. Passwords and proofs are not in it. Receipts and signals of programs are no requests.
 */
export class RequestLog {
  readonly #open = new Map<SessionId, Open>();
  /** Native sessions by client and user, as entries name them; and back. */
  readonly #sessions = new Map<string, Map<string, SessionId>>();
  readonly #clients = new Map<SessionId, { readonly name: string; readonly client: string }>();
  #lines: string[] = [];
  #held = 0;
  #dropped = 0;

  constructor(readonly write: (line: string) => void, readonly wallTime: () => number) {}

  /** Before the hub takes a command. */
  command(by: Requester, command: Command): void {
    switch (command.type) {
      case "leave":
        return this.#left(by, command.why);
      case "resume":
        this.#isClient(by.id, by.session.name ?? "", command.client);
        break;
      case "say":
      case "edit":
      case "withdraw":
      case "react":
        return this.#said(by, command, command.number);
    }
    const key = answerKey(command);
    if (key === undefined) return;
    const recorded = this.#record(by, command);
    if (!recorded) return;
    if (key === "") return this.#close(recorded, "");
    const others = this.#openOf(by.id).others ??= new Map();
    // The same question again: the former one has its answer, or never gets one.
    const former = others.get(key);
    if (former) this.#close(former, ASKED_AGAIN);
    others.set(key, recorded);
  }

  /** A request that the hub does not hear of, with its outcome. */
  request(by: Requester, text: string, outcome: string): void {
    const recorded = this.#record(by, text);
    if (recorded) this.#close(recorded, outcome);
  }

  /** Sessions are told something. */
  told(to: readonly SessionId[], event: Event): void {
    switch (event.type) {
      case "message":
      case "presence":
      case "roomChanges":
      case "membersChanged":
      case "signal":
      case "received":
      case "read":
      case "live":
      case "conversations":
      case "closing":
        return;
      case "entries":
        return this.#entries(event.entries);
      case "sent":
        for (const id of to) this.#kept(id, event.upTo);
        return;
      case "notSent":
        for (const id of to) this.#notSent(id, event.number, outcomeOf(event));
        return;
    }
    for (const id of to) {
      this.#answered(id, answeredKey(event), event);
      if (event.type === "claimed") this.#isClient(id, event.name, UNPROVEN_CLIENT);
    }
  }

  /** Writes some of what is complete. */
  flush(most = REQUESTS_PER_FLUSH): void {
    if (this.#dropped > 0) {
      this.write(`${isoTime(this.wallTime())} (${this.#dropped} requests were not recorded)\n`);
      this.#dropped = 0;
    }
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = lines.length > most ? lines.splice(most) : [];
    this.#held -= lines.length;
    for (const line of lines) this.write(line);
  }

  /** Writes everything, also what has no outcome yet. */
  close(): void {
    for (const open of this.#open.values()) this.#closeAll(open, "the server stops");
    this.#open.clear();
    this.flush(Infinity);
  }

  #isClient(id: SessionId, name: string, client: string): void {
    const ids = this.#sessions.get(client) ?? new Map<string, SessionId>();
    this.#sessions.set(client, ids.set(name, id));
    this.#clients.set(id, { name, client });
  }

  #openOf(id: SessionId): Open {
    let open = this.#open.get(id);
    if (!open) this.#open.set(id, open = { numbered: [], others: undefined });
    return open;
  }

  #record(by: Requester, request: Command | string): Recorded | undefined {
    if (!this.#takePlace()) return undefined;
    return { time: this.wallTime(), by, name: by.session.name, request };
  }

  #takePlace(): boolean {
    if (this.#held < REQUESTS_HELD) return ++this.#held > 0;
    this.#dropped++;
    return false;
  }

  #close(recorded: Recorded, outcome: string): void {
    this.#lines.push(lineOf(recorded, outcome));
  }

  #said(by: Requester, request: Command, number: number): void {
    if (!this.#takePlace()) return;
    const { numbered } = this.#openOf(by.id);
    const recorded = { time: this.wallTime(), by, name: by.session.name, request, number };
    // A number that is repeated is not the newest.
    if ((numbered.at(-1)?.number ?? -1) < number) numbered.push(recorded);
    else {
      const at = numbered.findIndex((each) => each.number >= number);
      const isSame = numbered[at]!.number === number;
      if (isSame) this.#close(numbered[at]!, ASKED_AGAIN);
      numbered.splice(at, isSame ? 1 : 0, recorded);
    }
  }

  /** The newest number of a client that is kept confirms all before it. */
  #entries(entries: readonly Entry[]): void {
    for (let at = entries.length - 1; at >= 0; at--) {
      const { from, client, number } = entries[at]!;
      if (client === undefined || number === undefined) continue;
      const id = this.#sessions.get(client)?.get(from);
      if (id !== undefined) this.#kept(id, number);
      while (at > 0 && entries[at - 1]!.from === from && entries[at - 1]!.client === client) at--;
    }
  }

  #kept(id: SessionId, upTo: number): void {
    const open = this.#open.get(id);
    if (!open) return;
    const { numbered } = open;
    let count = 0;
    while (count < numbered.length && numbered[count]!.number <= upTo) this.#close(numbered[count++]!, "kept");
    if (count === numbered.length) open.numbered = [];
    else if (count > 0) numbered.splice(0, count);
  }

  #notSent(id: SessionId, number: number, outcome: string): void {
    const numbered = this.#open.get(id)?.numbered ?? [];
    const at = numbered.findIndex((each) => each.number === number);
    if (at >= 0) this.#close(numbered.splice(at, 1)[0]!, outcome);
  }

  #answered(id: SessionId, key: string | undefined, event: Event): void {
    const others = this.#open.get(id)?.others;
    const recorded = key === undefined ? undefined : others?.get(key);
    if (!recorded) return;
    others!.delete(key!);
    // The session itself has not heard of its name yet.
    const named = event.type === "welcome" || event.type === "claimed" ? { ...recorded, name: event.name } : recorded;
    this.#close(named, outcomeOf(event));
  }

  #closeAll({ numbered, others }: Open, outcome: string): void {
    for (const recorded of numbered) this.#close(recorded, outcome);
    for (const recorded of others?.values() ?? []) this.#close(recorded, outcome);
  }

  #left(by: Requester, why: string): void {
    const open = this.#open.get(by.id);
    if (open) this.#closeAll(open, "left before the answer");
    this.#open.delete(by.id);
    const is = this.#clients.get(by.id);
    this.#clients.delete(by.id);
    const ids = is && this.#sessions.get(is.client);
    if (ids?.get(is!.name) === by.id) {
      ids.delete(is!.name);
      if (ids.size === 0) this.#sessions.delete(is!.client);
    }
    this.request(by, "leave", why);
  }
}
