import { ChatSession } from "../../lib/web/session.ts";
import type { OutgoingMessage } from "../../lib/protocols/native/outgoing.ts";
import type { ServerEvent } from "../../lib/web/state.ts";
import type { Json } from "./native.ts";
import type { Random } from "./random.ts";

interface Stored extends Json {
  readonly seq: number;
}

interface Page {
  readonly name: string;
  session: ChatSession;
  loads: number;
  unanswered: readonly OutgoingMessage[];
  open: boolean;
  /** Whether the session has begun. */
  resumed: boolean;
  readonly up: Json[];
  readonly down: Json[];
  /** The number of the last entry sent. */
  told: number;
  readonly heard: Map<string, { seq: number; from: string; text: string }>;
  readonly delivered: Set<string>;
}

/** The pages of a few users at one simulated server, on a network that loses connections on demand. */
export class PageNetwork {
  readonly #stored: Stored[] = [];
  readonly #answers = new Map<string, Json>();
  readonly #acked = new Map<string, number>();
  readonly #pages = new Map<string, Page>();

  constructor(names: readonly string[], readonly random: Random) {
    for (const name of names) {
      const page: Page = {
        name,
        session: undefined!,
        loads: 0,
        unanswered: [],
        open: false,
        resumed: false,
        up: [],
        down: [],
        told: 0,
        heard: new Map(),
        delivered: new Set(),
      };
      this.#pages.set(name, page);
      this.reload(name);
    }
  }

  /** The connection is lost, with everything on the way. */
  cut(name: string): void {
    const page = this.#pages.get(name)!;
    page.open = page.resumed = false;
    page.up.length = page.down.length = 0;
    page.session.lost();
  }

  /** The page is reloaded: it has what the earlier one has stored. */
  reload(name: string): void {
    const page = this.#pages.get(name)!;
    page.open = page.resumed = false;
    page.up.length = page.down.length = 0;
    page.session = new ChatSession({
      user: name,
      run: `${name}${++page.loads}`,
      unanswered: page.unanswered,
      send: (json) => void page.up.push(JSON.parse(json)),
      show: (event) => this.#show(page, event),
      signal: () => {},
      signalFailed: () => {},
      keep: (unanswered) => page.unanswered = [...unanswered],
      broken: () => {
        throw new Error("the connection is broken");
      },
    });
  }

  say(name: string, to: string, text: string): void {
    this.#pages.get(name)!.session.say({ user: to }, text, 0);
  }

  /** One random step of one page. */
  step(): void {
    const page = this.random.pick([...this.#pages.values()]);
    if (!page.open) {
      page.open = true;
      return page.session.opened();
    }
    const up = this.random.chance(0.5);
    const message = up ? page.up.shift() : page.down.shift();
    if (!message) return;
    if (up) return this.#received(page, message);
    page.session.received(JSON.stringify(message));
  }

  /** Steps until nothing is on the way. */
  settle(): void {
    for (let quiet = 0; quiet < 200;) {
      const moves = [...this.#pages.values()].some(({ open, up, down }) => !open || up.length + down.length > 0);
      quiet = moves ? 0 : quiet + 1;
      this.step();
    }
  }

  /** The texts that one user was shown from another, in the order of their numbers. */
  heard(name: string, from: string): string[] {
    const all = [...this.#pages.get(name)!.heard.values()].filter((said) => said.from === from);
    return all.sort((a, b) => a.seq - b.seq).map(({ text }) => text);
  }

  waiting(name: string): number {
    return this.#pages.get(name)!.session.waiting;
  }

  delivered(name: string): number {
    return this.#pages.get(name)!.delivered.size;
  }

  #show(page: Page, event: ServerEvent): void {
    if (event.type === "message") {
      const { message: said } = event;
      // A page is shown each message once.
      const key = `${page.loads} ${said.id}`;
      if (page.heard.has(key)) throw new Error(`${page.name} was shown ${said.id} twice`);
      for (const known of page.heard.keys()) if (known.endsWith(` ${said.id}`)) page.heard.delete(known);
      page.heard.set(key, said);
    }
    if (event.type === "delivered") page.delivered.add(event.id);
  }

  #received(page: Page, message: Json): void {
    if (message.type === "resume") {
      const after = message.store === "store" ? message.after : this.#acked.get(page.name) ?? 0;
      page.told = after;
      page.resumed = true;
      page.down.push({ type: "begun", store: "store", last: this.#stored.length, rooms: ["lobby"], textBytes: 1000 });
      this.#tell();
    } else if (message.type === "say") {
      const { id, to, text } = message;
      const key = `${page.name} ${id}`;
      let answer = this.#answers.get(key);
      if (!answer) {
        const { seq } = this.#store({ type: "message", from: page.name, to, text, time: 0, id });
        this.#answers.set(key, answer = { type: "sent", id, seq, time: 0 });
      }
      page.down.push(answer);
      this.#tell();
    } else if (message.type === "ack") {
      const before = this.#acked.get(page.name) ?? 0;
      this.#acked.set(page.name, Math.max(before, message.seq));
      for (const said of this.#stored.slice(before, message.seq)) {
        if (said.type !== "message" || said.to !== page.name) continue;
        this.#store({ type: "delivered", owner: said.from, id: said.id, to: page.name, of: said.seq, time: 0 });
      }
      this.#tell();
    }
  }

  #store(entry: Json): Stored {
    const whole = { ...entry, seq: this.#stored.length + 1 };
    this.#stored.push(whole);
    return whole;
  }

  /** Sends to every page what concerns its user. */
  #tell(): void {
    for (const page of this.#pages.values()) {
      if (!page.resumed) continue;
      for (const entry of this.#stored.slice(page.told)) {
        page.told = entry.seq;
        const concerns = entry.type === "message"
          ? entry.from === page.name || entry.to === page.name
          : entry.owner === page.name;
        if (concerns) page.down.push(entry);
      }
    }
  }
}
