import { Talk } from "../../lib/web/talk.js";
import type { Json } from "./native.ts";
import type { Random } from "./random.ts";

interface Kept extends Json {
  readonly seq: number;
}

interface Seat {
  readonly name: string;
  talk: Talk;
  lives: number;
  left: readonly Json[];
  open: boolean;
  /** Whether the stream runs. */
  resumed: boolean;
  readonly up: Json[];
  readonly down: Json[];
  /** Up to where the stream has told. */
  told: number;
  readonly heard: Map<string, Json>;
  readonly delivered: Set<string>;
}

/** Pages of a few people at one server, which answers as PROTOCOLS.md says, and cuts whom it is told to cut. */
export class PageServer {
  readonly #kept: Kept[] = [];
  readonly #answers = new Map<string, Json>();
  readonly #acked = new Map<string, number>();
  readonly #hosts = new Map<string, Seat>();

  constructor(names: readonly string[], readonly random: Random) {
    for (const name of names) {
      const host: Seat = {
        name,
        talk: undefined!,
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
      this.#hosts.set(name, host);
      this.reload(name);
    }
  }

  /** What is on its way either way is lost. */
  cut(name: string): void {
    const host = this.#hosts.get(name)!;
    host.open = host.resumed = false;
    host.up.length = host.down.length = 0;
    host.talk.lost();
  }

  /** The page is loaded anew: all it has is what it kept. */
  reload(name: string): void {
    const host = this.#hosts.get(name)!;
    host.open = host.resumed = false;
    host.up.length = host.down.length = 0;
    host.talk = new Talk(
      {
        send: (json) => void host.up.push(JSON.parse(json)),
        show: (happening) => this.#show(host, happening),
        signalled: () => {},
        unheard: () => {},
        keep: (unanswered) => host.left = [...unanswered],
        broken: (why) => {
          throw new Error(why);
        },
      },
      name,
      `${name}${++host.lives}`,
      host.left as ConstructorParameters<typeof Talk>[3],
    );
  }

  say(name: string, to: string, text: string): void {
    this.#hosts.get(name)!.talk.say({ user: to }, text, 0);
  }

  /** One thing happens somewhere. */
  step(): void {
    const host = this.random.pick([...this.#hosts.values()]);
    if (!host.open) {
      host.open = true;
      return host.talk.opened();
    }
    const up = this.random.chance(0.5);
    const message = up ? host.up.shift() : host.down.shift();
    if (!message) return;
    if (up) return this.#received(host, message);
    host.talk.received(JSON.stringify(message));
    // What a page is shown last before it is loaded anew may be acknowledged or not.
    if (this.random.chance(0.7)) host.talk.flush();
  }

  /** Everything happens that is under way. */
  settle(): void {
    for (let quiet = 0; quiet < 200;) {
      for (const host of this.#hosts.values()) host.talk.flush();
      const moves = [...this.#hosts.values()].some(({ open, up, down }) => !open || up.length + down.length > 0);
      quiet = moves ? 0 : quiet + 1;
      this.step();
    }
  }

  /** What somebody heard of another, in the order of the numbers: a page shows it so. */
  heard(name: string, from: string): string[] {
    const all = [...this.#hosts.get(name)!.heard.values()].filter((said) => said.from === from);
    return all.sort((a, b) => a.seq - b.seq).map(({ text }) => text);
  }

  waiting(name: string): number {
    return this.#hosts.get(name)!.talk.outgoing.all.length;
  }

  delivered(name: string): number {
    return this.#hosts.get(name)!.delivered.size;
  }

  #show(host: Seat, happening: Json): void {
    if (happening.type === "message") {
      const { said } = happening;
      // One life of a page is told once.
      const key = `${host.lives} ${said.id}`;
      if (host.heard.has(key)) throw new Error(`${host.name} was shown ${said.id} twice`);
      for (const known of host.heard.keys()) if (known.endsWith(` ${said.id}`)) host.heard.delete(known);
      host.heard.set(key, said);
    }
    if (happening.type === "delivered") host.delivered.add(happening.id);
  }

  #received(host: Seat, message: Json): void {
    if (message.type === "resume") {
      const after = message.store === "store" ? message.after : this.#acked.get(host.name) ?? 0;
      host.told = after;
      host.resumed = true;
      host.down.push({ type: "begun", store: "store", last: this.#kept.length, rooms: ["lobby"], textBytes: 1000 });
      this.#tell();
    } else if (message.type === "say") {
      const { id, to, text } = message;
      const key = `${host.name} ${id}`;
      let answer = this.#answers.get(key);
      if (!answer) {
        const { seq } = this.#keep({ type: "message", from: host.name, to, text, time: 0, id });
        this.#answers.set(key, answer = { type: "sent", id, seq, time: 0 });
      }
      host.down.push(answer);
      this.#tell();
    } else if (message.type === "ack") {
      const before = this.#acked.get(host.name) ?? 0;
      this.#acked.set(host.name, Math.max(before, message.seq));
      for (const said of this.#kept.slice(before, message.seq)) {
        if (said.type !== "message" || said.to !== host.name) continue;
        this.#keep({ type: "delivered", owner: said.from, id: said.id, to: host.name, of: said.seq, time: 0 });
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
    for (const host of this.#hosts.values()) {
      if (!host.resumed) continue;
      for (const kept of this.#kept.slice(host.told)) {
        host.told = kept.seq;
        const concerns = kept.type === "message"
          ? kept.from === host.name || kept.to === host.name
          : kept.owner === host.name;
        if (concerns) host.down.push(kept);
      }
    }
  }
}
