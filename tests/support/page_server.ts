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
  readonly #seats = new Map<string, Seat>();

  constructor(names: readonly string[], readonly random: Random) {
    for (const name of names) {
      const seat: Seat = {
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
      this.#seats.set(name, seat);
      this.reload(name);
    }
  }

  /** What is on its way either way is lost. */
  cut(name: string): void {
    const seat = this.#seats.get(name)!;
    seat.open = seat.resumed = false;
    seat.up.length = seat.down.length = 0;
    seat.talk.lost();
  }

  /** The page is loaded anew: all it has is what it kept. */
  reload(name: string): void {
    const seat = this.#seats.get(name)!;
    seat.open = seat.resumed = false;
    seat.up.length = seat.down.length = 0;
    seat.talk = new Talk(
      {
        send: (json) => void seat.up.push(JSON.parse(json)),
        show: (happening) => this.#show(seat, happening),
        signalled: () => {},
        unheard: () => {},
        keep: (unanswered) => seat.left = [...unanswered],
        broken: (why) => {
          throw new Error(why);
        },
      },
      name,
      `${name}${++seat.lives}`,
      seat.left as ConstructorParameters<typeof Talk>[3],
    );
  }

  say(name: string, to: string, text: string): void {
    this.#seats.get(name)!.talk.say({ user: to }, text, 0);
  }

  /** One thing happens somewhere. */
  step(): void {
    const seat = this.random.pick([...this.#seats.values()]);
    if (!seat.open) {
      seat.open = true;
      return seat.talk.opened();
    }
    const up = this.random.chance(0.5);
    const message = up ? seat.up.shift() : seat.down.shift();
    if (!message) return;
    if (up) return this.#received(seat, message);
    seat.talk.received(JSON.stringify(message));
    // What a page is shown last before it is loaded anew may be acknowledged or not.
    if (this.random.chance(0.7)) seat.talk.flush();
  }

  /** Everything happens that is under way. */
  settle(): void {
    for (let quiet = 0; quiet < 200;) {
      for (const seat of this.#seats.values()) seat.talk.flush();
      const moves = [...this.#seats.values()].some(({ open, up, down }) => !open || up.length + down.length > 0);
      quiet = moves ? 0 : quiet + 1;
      this.step();
    }
  }

  /** What somebody heard of another, in the order of the numbers: a page shows it so. */
  heard(name: string, from: string): string[] {
    const all = [...this.#seats.get(name)!.heard.values()].filter((said) => said.from === from);
    return all.sort((a, b) => a.seq - b.seq).map(({ text }) => text);
  }

  waiting(name: string): number {
    return this.#seats.get(name)!.talk.outgoing.all.length;
  }

  delivered(name: string): number {
    return this.#seats.get(name)!.delivered.size;
  }

  #show(seat: Seat, happening: Json): void {
    if (happening.type === "message") {
      const { said } = happening;
      // One life of a page is told once.
      const key = `${seat.lives} ${said.id}`;
      if (seat.heard.has(key)) throw new Error(`${seat.name} was shown ${said.id} twice`);
      for (const known of seat.heard.keys()) if (known.endsWith(` ${said.id}`)) seat.heard.delete(known);
      seat.heard.set(key, said);
    }
    if (happening.type === "delivered") seat.delivered.add(happening.id);
  }

  #received(seat: Seat, message: Json): void {
    if (message.type === "resume") {
      const after = message.store === "store" ? message.after : this.#acked.get(seat.name) ?? 0;
      seat.told = after;
      seat.resumed = true;
      seat.down.push({ type: "begun", store: "store", last: this.#kept.length, rooms: ["lobby"], textBytes: 1000 });
      this.#tell();
    } else if (message.type === "say") {
      const { id, to, text } = message;
      const key = `${seat.name} ${id}`;
      let answer = this.#answers.get(key);
      if (!answer) {
        const { seq } = this.#keep({ type: "message", from: seat.name, to, text, time: 0, id });
        this.#answers.set(key, answer = { type: "sent", id, seq, time: 0 });
      }
      seat.down.push(answer);
      this.#tell();
    } else if (message.type === "ack") {
      const before = this.#acked.get(seat.name) ?? 0;
      this.#acked.set(seat.name, Math.max(before, message.seq));
      for (const said of this.#kept.slice(before, message.seq)) {
        if (said.type !== "message" || said.to !== seat.name) continue;
        this.#keep({ type: "delivered", owner: said.from, id: said.id, to: seat.name, of: said.seq, time: 0 });
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
    for (const seat of this.#seats.values()) {
      if (!seat.resumed) continue;
      for (const kept of this.#kept.slice(seat.told)) {
        seat.told = kept.seq;
        const concerns = kept.type === "message"
          ? kept.from === seat.name || kept.to === seat.name
          : kept.owner === seat.name;
        if (concerns) seat.down.push(kept);
      }
    }
  }
}
