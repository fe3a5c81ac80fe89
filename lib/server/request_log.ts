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

/** The requests of one session that have no outcome yet; a session without any has none of this. */
interface Open {
  /** Numbered messages, in the order of their numbers. */
  numbered: Numbered[];
  /** The others, by what answers them. */
  others: Map<string, Recorded> | undefined;
}

/**
 * Records every request of every listener with its outcome, one line each.
 *
 * 1. It is bounded: of lines that are not written, and requests without an outcome, there are `REQUESTS_HELD` at most. Further
 *    requests are counted, and a line says how many were not recorded. A flush writes a bounded number of lines.
 * 2. A line is made with the outcome, in a microsecond, and then only the line is held: making all lines at a flush kept every
 *    message alive until then, which cost the garbage collector more than the lines.
 * 3. Passwords and proofs are not in it. Receipts and signals of programs are no requests.
 */
export class RequestLog {
  readonly #open = new Map<SessionId, Open>();
  /** Native sessions by user, and their clients, as entries name them. */
  readonly #sessions = new Map<string, { readonly id: SessionId; readonly client: string }[]>();
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
    // The question is repeated: the earlier one has been answered, or will never be.
    const former = others.get(key);
    if (former) this.#close(former, ASKED_AGAIN);
    others.set(key, recorded);
  }

  /** A request that does not reach the hub, with its outcome. */
  request(by: Requester, text: string, outcome: string): void {
    const recorded = this.#record(by, text);
    if (recorded) this.#close(recorded, outcome);
  }

  /** Sessions get an event. */
  told(to: readonly SessionId[], event: Event): void {
    switch (event.type) {
      case "message":
      case "presence":
      case "roomChanges":
      case "membersChanged":
      case "signal":
      case "typing":
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

  /** Writes some of the complete lines. */
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

  /** Writes everything, requests without an outcome included. */
  close(): void {
    for (const open of this.#open.values()) this.#closeAll(open, "the server stops");
    this.#open.clear();
    this.flush(Infinity);
  }

  #isClient(id: SessionId, name: string, client: string): void {
    const others = this.#sessions.get(name)?.filter((each) => each.id !== id && each.client !== client) ?? [];
    this.#sessions.set(name, [...others, { id, client }]);
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
      const session = this.#sessions.get(from)?.find((each) => each.client === client);
      if (session) this.#kept(session.id, number);
      while (at > 0 && entries[at - 1]!.from === from && entries[at - 1]!.client === client) at--;
    }
  }

  #kept(id: SessionId, upTo: number): void {
    const open = this.#open.get(id);
    if (!open) return;
    const { numbered } = open;
    let count = 0;
    while (count < numbered.length && numbered[count]!.number <= upTo) this.#close(numbered[count++]!, "kept");
    if (count < numbered.length) numbered.splice(0, count);
    else open.numbered = [];
    this.#tidy(id, open);
  }

  #notSent(id: SessionId, number: number, outcome: string): void {
    const open = this.#open.get(id);
    const at = open?.numbered.findIndex((each) => each.number === number) ?? -1;
    if (at < 0) return;
    this.#close(open!.numbered.splice(at, 1)[0]!, outcome);
    this.#tidy(id, open!);
  }

  #answered(id: SessionId, key: string | undefined, event: Event): void {
    const open = this.#open.get(id);
    const recorded = key === undefined ? undefined : open?.others?.get(key);
    if (!recorded) return;
    open!.others!.delete(key!);
    this.#tidy(id, open!);
    // The session itself has not heard of its name yet.
    const named = event.type === "welcome" || event.type === "claimed" ? { ...recorded, name: event.name } : recorded;
    this.#close(named, outcomeOf(event));
  }

  /** Most sessions are silent most of the time, and hold nothing then. */
  #tidy(id: SessionId, open: Open): void {
    if (open.others?.size === 0) open.others = undefined;
    if (open.others === undefined && open.numbered.length === 0) this.#open.delete(id);
  }

  #closeAll({ numbered, others }: Open, outcome: string): void {
    for (const recorded of numbered) this.#close(recorded, outcome);
    for (const recorded of others?.values() ?? []) this.#close(recorded, outcome);
  }

  #left(by: Requester, why: string): void {
    const open = this.#open.get(by.id);
    if (open) this.#closeAll(open, "left before the answer");
    this.#open.delete(by.id);
    const name = by.session.name ?? "";
    const others = this.#sessions.get(name)?.filter(({ id }) => id !== by.id);
    if (others?.length === 0) this.#sessions.delete(name);
    else if (others) this.#sessions.set(name, others);
    this.request(by, "leave", why);
  }
}
