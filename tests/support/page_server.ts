import { ChatSession } from "../../lib/web/session.ts";
import type { OutgoingMessage } from "../../lib/protocols/native/outgoing.ts";
import type { ServerEvent } from "../../lib/web/state.ts";
import type { Json } from "./native.ts";
import type { Random } from "./random.ts";

interface Kept extends Json {
  readonly seq: number;
}

interface Page {
  readonly name: string;
  session: ChatSession;
  lives: number;
  left: readonly OutgoingMessage[];
  open: boolean;
  /** Whether the stream runs. */
  resumed: boolean;
  readonly up: Json[];
  readonly down: Json[];
  /** Up to where the stream has told. */
  told: number;
  readonly heard: Map<string, { seq: number; from: string; text: string }>;
  readonly delivered: Set<string>;
}

/** Pages of a few people at one server, which answers as PROTOCOLS.md says, and cuts whom it is told to cut. */
export class PageServer {
  readonly #kept: Kept[] = [];
  readonly #answers = new Map<string, Json>();
  readonly #acked = new Map<string, number>();
  readonly #pages = new Map<string, Page>();

  constructor(names: readonly string[], readonly random: Random) {
    for (const name of names) {
      const page: Page = {
        name,
        session: undefined!,
        lives: 0,
        left: [],
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

  /** What is on its way either way is lost. */
  cut(name: string): void {
    const page = this.#pages.get(name)!;
    page.open = page.resumed = false;
    page.up.length = page.down.length = 0;
    page.session.lost();
  }

  /** The page is loaded anew: all it has is what it kept. */
  reload(name: string): void {
    const page = this.#pages.get(name)!;
    page.open = page.resumed = false;
    page.up.length = page.down.length = 0;
    page.session = new ChatSession({
      user: name,
      run: `${name}${++page.lives}`,
      unanswered: page.left,
      send: (json) => void page.up.push(JSON.parse(json)),
      show: (event) => this.#show(page, event),
      signal: () => {},
      signalFailed: () => {},
      keep: (unanswered) => page.left = [...unanswered],
      broken: () => {
        throw new Error("the connection is broken");
      },
    });
  }

  say(name: string, to: string, text: string): void {
    this.#pages.get(name)!.session.say({ user: to }, text, 0);
  }

  /** One thing happens somewhere. */
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

  /** Everything happens that is under way. */
  settle(): void {
    for (let quiet = 0; quiet < 200;) {
      const moves = [...this.#pages.values()].some(({ open, up, down }) => !open || up.length + down.length > 0);
      quiet = moves ? 0 : quiet + 1;
      this.step();
    }
  }

  /** What somebody heard of another, in the order of the numbers: a page shows it so. */
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
      // One life of a page is told once.
      const key = `${page.lives} ${said.id}`;
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
      page.down.push({ type: "begun", store: "store", last: this.#kept.length, rooms: ["lobby"], textBytes: 1000 });
      this.#tell();
    } else if (message.type === "say") {
      const { id, to, text } = message;
      const key = `${page.name} ${id}`;
      let answer = this.#answers.get(key);
      if (!answer) {
        const { seq } = this.#keep({ type: "message", from: page.name, to, text, time: 0, id });
        this.#answers.set(key, answer = { type: "sent", id, seq, time: 0 });
      }
      page.down.push(answer);
      this.#tell();
    } else if (message.type === "ack") {
      const before = this.#acked.get(page.name) ?? 0;
      this.#acked.set(page.name, Math.max(before, message.seq));
      for (const said of this.#kept.slice(before, message.seq)) {
        if (said.type !== "message" || said.to !== page.name) continue;
        this.#keep({ type: "delivered", owner: said.from, id: said.id, to: page.name, of: said.seq, time: 0 });
      }
      this.#tell();
    }
  }

  #keep(kept: Json): Kept {
    const whole = { ...kept, seq: this.#kept.length + 1 };
    this.#kept.push(whole);
    return whole;
  }

  /** Everybody is told what concerns them. */
  #tell(): void {
    for (const page of this.#pages.values()) {
      if (!page.resumed) continue;
      for (const kept of this.#kept.slice(page.told)) {
        page.told = kept.seq;
        const concerns = kept.type === "message"
          ? kept.from === page.name || kept.to === page.name
          : kept.owner === page.name;
        if (concerns) page.down.push(kept);
      }
    }
  }
}
