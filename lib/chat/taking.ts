import { Fault } from "../core/errors.ts";
import { type KnownUser, type Room, sideOf } from "./entities.ts";
import { EntryTaking, type EntryTakingParts } from "./entry_taking.ts";
import type { RecentLog } from "./log.ts";
import type { TakenRecord } from "./log_items.ts";
import type { NameClaims } from "./name_claims.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import { decodeRecord, type SharedRecord } from "./records.ts";
import type { Write } from "./store.ts";

export interface TakingParts extends EntryTakingParts {
  readonly log: RecentLog;
  readonly questions: Questions;
  readonly names: NameClaims;
  /** A user is known from now on. */
  readonly registered: (name: string, key: Uint8Array | undefined, now: number) => void;
  /** A room has other members, or one more. */
  readonly membersChanged: (room: Room, user: KnownUser, joined: boolean) => void;
}

/**
 * Makes records part of this server's chat, one after the other. Each is written once with the number that its server gave it;
 * what it changes is in the same batch.
 */
export class RecordTaking {
  readonly entries: EntryTaking;
  readonly #parts: TakingParts;

  constructor(parts: TakingParts) {
    this.#parts = parts;
    this.entries = new EntryTaking(parts);
  }

  /** Takes a record; `next` is called when the next one may be taken, `done` when it is committed. */
  take(record: TakenRecord, next: () => void, done: () => void): void {
    const read = decodeRecord(record.text);
    if (read instanceof Fault) {
      const text = `a record of another server is not understood and left out: ${read.message}`;
      this.#parts.outputs.push({ type: "note", level: "warning", text });
      this.#parts.rows.write(record, [], done);
      return next();
    }
    // A failure of this server is in its log since it happened.
    if (read.type === "entry" && read.kind === "failure" && record.id.server === this.#parts.self) {
      this.#parts.rows.write(record, [], done);
      return next();
    }
    if (read.type === "entry") return this.entries.take(record, read, next, done);
    if (read.type === "forget") return this.#forget(record, read.of, next, done);
    this.#takeOther(record, read, done);
    next();
  }

  /** The exchange has put a record somewhere that was taken before. */
  placed(record: TakenRecord): void {
    const read = decodeRecord(record.text);
    if (!(read instanceof Fault) && read.type === "claim") return this.#takeOther(record, read, () => {});
    this.#parts.rows.write(record, [], () => {});
  }

  #takeOther(
    record: TakenRecord,
    read: Exclude<SharedRecord, { type: "entry" | "forget" }>,
    done: () => void,
  ): void {
    const { roster, names, log, delivery, registered, membersChanged, self } = this.#parts;
    const isOwn = record.id.server === self;
    switch (read.type) {
      case "claim": {
        const rows = names.decide(read, record.id, record.place, this.#parts.now());
        return this.#parts.rows.write(record, rows.writes, () => {
          done();
          rows.done();
        });
      }
      case "user":
        if (!isOwn && !roster.user(read.name)?.registered) registered(read.name, read.key, this.#parts.now());
        return this.#parts.rows.write(record, [], done);
      case "join": {
        const room = roster.makeRoom(read.room, read.unlisted);
        const user = roster.mention(read.user);
        const joins = !room.members.has(user);
        roster.join(room, user, log.last);
        delivery.audienceChanged();
        return this.#parts.rows.write(record, [], () => {
          done();
          if (joins) membersChanged(room, user, true);
        });
      }
      case "leave": {
        const room = roster.room(read.room);
        const user = roster.user(read.user);
        const leaves = room !== undefined && user !== undefined && room.members.has(user);
        if (leaves) roster.leave(room, user);
        delivery.audienceChanged();
        return this.#parts.rows.write(record, [], () => {
          done();
          if (leaves) membersChanged(room, user, false);
        });
      }
      case "received":
        return isOwn ? this.#parts.rows.write(record, [], done) : this.#received(record, read, done);
      case "read":
        return isOwn ? this.#parts.rows.write(record, [], done) : this.#read(record, read, done);
    }
  }

  #received(record: TakenRecord, read: Extract<SharedRecord, { type: "received" }>, done: () => void): void {
    const { roster, delivery } = this.#parts;
    const [sender, user] = [roster.mention(read.from), roster.mention(read.by)];
    const pair = roster.makePair(sender, user);
    const side = sideOf(pair, user);
    const write = { ...{ pair: pair.id, side, user: user.id, sender: sender.id }, upTo: read.upTo };
    this.#parts.rows.write(record, [{ type: "sharedReceived", ...write }], () => {
      done();
      this.#parts.questions.ask(
        { type: "receivedUpTo", pair: pair.id, side },
        ({ seq }) => delivery.receivedElsewhere(pair, user, seq),
        () => {},
      );
    });
  }

  #read(
    record: TakenRecord,
    { user: name, of, upTo }: Extract<SharedRecord, { type: "read" }>,
    done: () => void,
  ): void {
    const { roster, delivery } = this.#parts;
    const user = roster.mention(name);
    let write: Write | undefined;
    if ("room" in of) {
      const room = roster.room(of.room);
      if (room?.members.has(user)) write = { type: "sharedRoomRead", room: room.id, user: user.id, upTo };
    } else {
      const pair = roster.makePair(user, roster.mention(of.user));
      write = { type: "sharedPairRead", pair: pair.id, side: sideOf(pair, user), upTo };
    }
    this.#parts.rows.write(record, write ? [write] : [], () => {
      done();
      this.#parts.questions.ask({ type: "entryOf", id: upTo }, ({ seq }) => {
        if (seq !== undefined) delivery.readElsewhere(user, of, seq);
      }, () => {});
    });
  }

  #forget(record: TakenRecord, of: RecordId, next: () => void, done: () => void): void {
    if (record.id.server === this.#parts.self) {
      this.#parts.rows.write(record, [], done);
      return next();
    }
    const { rows, delivery } = this.#parts;
    rows.resolve(of, (seq) => {
      const end = () => {
        rows.write(record, [], done);
        next();
      };
      if (seq === undefined) return end();
      rows.ask({ type: "entry", seq }, ({ entry }) => {
        if (entry) delivery.forgetElsewhere(entry);
        end();
      });
    });
  }
}
