import type { Outputs } from "../core/machine.ts";
import type { CatchUp } from "./catch_up.ts";
import { runOf } from "./delivery_cursor.ts";
import { type Effect, tell } from "./effect.ts";
import type { Entry } from "./entry.ts";
import { Entries } from "./event.ts";
import type { Draft } from "./log_items.ts";
import { LOBBY } from "./names.ts";
import type { Producer } from "./entities.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { Roster } from "./roster.ts";
import type { UserCursors } from "./user_cursors.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** Entries, and characters, in one event at most: it is written to a session at once. */
const MAX_RUN = 64;
const MAX_RUN_CHARACTERS = 32 * 1024;

/** An entry that was committed, and what it was made of. */
export interface Published {
  readonly entry: Entry;
  readonly draft: Draft;
}

export interface FanOutParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly outputs: Outputs<Effect>;
  readonly presence: Pick<PresenceUpdates, "says">;
  readonly cursors: UserCursors;
  readonly catchUp: CatchUp;
}

/** Tells live native sessions what was committed: what follows each other for the same sessions is one event. */
export class FanOut {
  readonly #parts: FanOutParts;
  /** The native sessions in each room, as long as neither members nor sessions change. */
  readonly #audiences = new Map<string, readonly Session[]>();

  constructor(parts: FanOutParts) {
    this.#parts = parts;
  }

  /** The members of a room, or the sessions of a user, have changed. */
  audienceChanged(): void {
    this.#audiences.clear();
  }

  tell(published: readonly Published[]): void {
    const answered = new Map<Producer, { upTo: number; seq: number }>();
    let run:
      | { key: string; audience: readonly Session[]; entries: Entry[]; said: number[]; characters: number }
      | undefined;
    const flush = () => {
      if (run) this.#tellRun(run.audience, run.entries, run.said);
      run = undefined;
    };
    for (const { entry, draft } of published) {
      for (const effect of this.#parts.presence.says(entry.from)) {
        flush();
        this.#parts.outputs.push(effect);
      }
      if ("room" in entry.to) this.#parts.roster.room(entry.to.room)!.last = entry.seq;
      const key = audienceKey(entry);
      if (run?.key !== key || run.entries.length === MAX_RUN || run.characters > MAX_RUN_CHARACTERS) {
        flush();
        run = { key, audience: this.#audienceOf(entry), entries: [], said: [], characters: 0 };
      }
      run.entries.push(entry);
      run.said.push(draft.said);
      run.characters += entry.text.length;
      if (draft.producer && draft.number !== undefined) {
        draft.producer.committed = Math.max(draft.producer.committed, draft.number);
        answered.set(draft.producer, { upTo: draft.producer.committed, seq: entry.seq });
      }
      if (entry.type !== "failure" && entry.type !== "reaction") this.#parts.cursors.waits(entry);
    }
    flush();
    for (const [producer, { upTo, seq }] of answered) this.confirmSent(producer, upTo, seq);
  }

  /** What a turn has added for one audience. */
  #tellRun(audience: readonly Session[], entries: readonly Entry[], said: readonly number[]): void {
    const { catchUp, outputs } = this.#parts;
    const to: number[] = [];
    const run = "room" in entries[0]!.to ? runOf(entries, said) : undefined;
    for (const session of audience) {
      const cursor = session.cursor;
      if (!cursor?.live) continue;
      if (session.unproven) {
        cursor.told = entries.at(-1)!.seq;
        to.push(session.id);
        continue;
      }
      if (cursor.room === 0) {
        catchUp.fallBehind(session, cursor);
        continue;
      }
      if (run) cursor.tell(run);
      else {
        entries.forEach((entry, i) => {
          const since = catchUp.isDelivery(entry, session) ? said[i]! : NaN;
          cursor.tellOne(entry.seq, entry.text.length, since, catchUp.pairFor(session, entry));
        });
      }
      to.push(session.id);
    }
    if (to.length > 0) outputs.push({ type: "tell", to, event: new Entries(entries) });
  }

  /** The native sessions that an entry concerns. */
  #audienceOf(entry: Entry): readonly Session[] {
    const { online, roster } = this.#parts;
    if ("user" in entry.to) {
      const own = online.get(entry.from)?.natives ?? [];
      if (entry.type === "failure" || entry.to.user === entry.from) return own;
      const other = online.get(entry.to.user)?.natives ?? [];
      return own.length === 0 ? other : other.length === 0 ? own : [...own, ...other];
    }
    const { room } = entry.to;
    let audience = this.#audiences.get(room);
    if (!audience) {
      audience = room === LOBBY
        ? [...online.natives].filter(({ ready }) => ready)
        : [...roster.room(room)?.members.keys() ?? []].flatMap(({ name }) => online.get(name)?.natives ?? []);
      this.#audiences.set(room, audience);
    }
    return audience;
  }

  /** Everything that a client said is kept up to here; where its own entry `seq` tells it, nothing more is said. */
  confirmSent(producer: Producer, upTo: number, seq: number): void {
    for (const session of this.#parts.online.get(producer.user.name)?.natives ?? []) {
      if (session.producer !== producer || (session.cursor && session.cursor.told >= seq)) continue;
      this.#parts.outputs.push(tell(session.id, { type: "sent", upTo }));
    }
  }
}

function audienceKey(entry: Entry): string {
  if ("room" in entry.to) return `#${entry.to.room}`;
  return entry.type === "failure" ? `!${entry.from}` : `${entry.from} ${entry.to.user}`;
}
