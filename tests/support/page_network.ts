import { ChatSession } from "../../lib/web/session.ts";
import type { OutgoingMessage } from "../../lib/protocols/native/outgoing.ts";
import type { ServerEvent } from "../../lib/web/chat_event.ts";
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
  lastNumber: number;
  open: boolean;
  /** Whether the session has begun. */
  resumed: boolean;
  readonly up: Json[];
  readonly down: Json[];
  /** The number of the last entry sent. */
  told: number;
  readonly heard: Map<string, { seq: number; from: string; text: string }>;
  /** Up to where the other one has received what this one said. */
  received: number;
  /** Own messages by their entries. */
  readonly own: Set<number>;
}

/** The pages of a few users at one simulated server, on a network that loses connections on demand. */
export class PageNetwork {
  readonly #stored: Stored[] = [];
  /** The highest number that each page's client had taken. */
  readonly #taken = new Map<string, number>();
  readonly #acked = new Map<string, number>();
  readonly #pages = new Map<string, Page>();

  constructor(names: readonly string[], readonly random: Random) {
    for (const name of names) {
      const page: Page = {
        name,
        session: undefined!,
        loads: 0,
        unanswered: [],
        lastNumber: 0,
        open: false,
        resumed: false,
        up: [],
        down: [],
        told: 0,
        heard: new Map(),
        received: 0,
        own: new Set(),
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
    page.loads++;
    page.session = new ChatSession({
      user: name,
      client: name,
      lastNumber: page.lastNumber,
      unanswered: page.unanswered,
      send: (json) => void page.up.push(JSON.parse(json)),
      show: (event) => this.#show(page, event),
      signal: () => {},
      typing: () => {},
      signalFailed: () => {},
      keep: (unanswered, lastNumber) => [page.unanswered, page.lastNumber] = [[...unanswered], lastNumber],
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

  /** How many own messages a page has been told to be received, by whatever page of the tab. */
  delivered(name: string): number {
    const { own, received } = this.#pages.get(name)!;
    return [...own].filter((seq) => seq <= received).length;
  }

  #show(page: Page, event: ServerEvent): void {
    if (event.type === "message") {
      const { message: said } = event;
      // A page is shown each message once.
      const key = `${page.loads} ${said.seq}`;
      if (page.heard.has(key)) throw new Error(`${page.name} was shown ${said.seq} twice`);
      for (const known of page.heard.keys()) if (known.endsWith(` ${said.seq}`)) page.heard.delete(known);
      page.heard.set(key, said);
    }
    if (event.type === "received") page.received = Math.max(page.received, event.upTo);
  }

  #received(page: Page, message: Json): void {
    if (message.type === "resume") {
      page.told = message.store === "store" ? message.after : this.#acked.get(page.name) ?? 0;
      page.resumed = true;
      page.down.push({
        type: "begun",
        store: "store",
        last: this.#stored.length,
        accepted: this.#taken.get(page.name) ?? 0,
        refused: [],
        rooms: ["lobby"],
        textBytes: 1000,
        searches: true,
      });
      this.#tell();
      page.down.push({ type: "live", upTo: this.#stored.length });
      this.#tellReceived(page);
    } else if (message.type === "say") {
      const { number, to, text } = message;
      const taken = this.#taken.get(page.name) ?? 0;
      if (number > taken + 1) throw new Error(`${page.name} sends ${number} after ${taken}`);
      if (number === taken + 1) {
        this.#taken.set(page.name, number);
        const { seq } = this.#store({ type: "message", from: page.name, to, text, time: 0, client: page.name, number });
        page.own.add(seq);
      }
      page.down.push({ type: "sent", upTo: number });
      this.#tell();
    } else if (message.type === "ack") {
      const before = this.#acked.get(page.name) ?? 0;
      this.#acked.set(page.name, Math.max(before, message.seq));
      for (const other of this.#pages.values()) if (other.resumed) this.#tellReceived(other);
    }
  }

  /** Tells a page up to where the others have received what its user said. */
  #tellReceived(page: Page): void {
    for (const [by, upTo] of this.#acked) if (by !== page.name) page.down.push({ type: "received", by, upTo });
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
        if (entry.from === page.name || entry.to === page.name) page.down.push(entry);
      }
    }
  }
}
