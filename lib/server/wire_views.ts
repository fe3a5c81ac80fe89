import { ImTraceJudge } from "../check/replay/im_judge.ts";
import {
  WIRE_VIEW_BYTES,
  WIRE_VIEW_LINGER_MS,
  WIRE_VIEW_PENDING_BYTES,
  WIRE_VIEW_SESSION_BYTES,
} from "../core/limits.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { TraceRecord } from "../core/wire_trace.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { HelpList } from "./help_list.ts";

/** A session whose wire can be watched. */
export interface WatchedHost {
  readonly id: number;
  readonly protocol: ServerProtocol;
  /** The user, or the address as long as that is not known. */
  readonly who: string;
  readonly isTraced: boolean;
  /** Begins or ends tracing its wire. */
  traceWire(traced: boolean): void;
}

/** Takes records, and how many were lost since the last call; returns false when it has no room for them now. */
export type WireListener = (records: readonly TraceRecord[], missed: number) => boolean;

/** The part of a session's wire that is held. */
interface Held {
  readonly names: Set<string>;
  readonly records: TraceRecord[];
  bytes: number;
  /** Whether it was traced from its first byte, and so can be judged. */
  readonly isWhole: boolean;
}

interface Follower {
  readonly name: string;
  readonly listener: WireListener;
  pending: TraceRecord[];
  bytes: number;
  missed: number;
}

/** The protocols whose programs are written from the handouts: all of their sessions are traced while someone watches. */
const HANDOUTS = ["im", "lobby", "rooms"];
/** The memory of a record besides its text. */
const RECORD_BYTES = 200;

/**
 * The records of the wire that the server's page shows.
 *
 * 1. Nothing is traced for it unless the page is open somewhere, or was a minute ago; then it is the sessions of the handouts'
 *    protocols, and those of the users who are followed.
 * 2. Of a session it holds the last `WIRE_VIEW_SESSION_BYTES`, of all together `WIRE_VIEW_BYTES`: the session that began first
 *    is forgotten first.
 * 3. A follower gets the records that are held for its user, then new ones, in order; those it has no room for are counted.
 * 4. IM sessions that it has seen from their first byte are judged by the rules of `client check`.
 */
export class WireViews {
  readonly help = new HelpList();
  readonly #hosts = new Map<number, WatchedHost>();
  readonly #held = new Map<number, Held>();
  readonly #followers = new Set<Follower>();
  #bytes = 0;
  #watchers = 0;
  #isOn = false;
  #offAt = Infinity;
  #judge = new ImTraceJudge();

  /** Whether a new session at this protocol is to be traced. */
  traces({ name }: ServerProtocol): boolean {
    return this.#isOn && HANDOUTS.includes(name);
  }

  opened(host: WatchedHost, isTraced: boolean): void {
    this.#hosts.set(host.id, host);
    if (isTraced && this.#isOn) this.#holds(host, true);
  }

  ended(host: WatchedHost): void {
    this.#hosts.delete(host.id);
  }

  /** The session goes on in the native protocol, which is not the student's program. */
  upgraded(host: WatchedHost): void {
    if (host.isTraced && !this.#isFollowed(host)) host.traceWire(false);
  }

  /** The server's page is open, until the returned function is called. */
  watched(now: () => number): () => void {
    this.#watchers++;
    this.#offAt = Infinity;
    if (!this.#isOn) {
      this.#isOn = true;
      for (const host of this.#hosts.values()) if (this.traces(host.protocol)) this.#traceOn(host);
    }
    return () => {
      if (--this.#watchers === 0) this.#offAt = now() + WIRE_VIEW_LINGER_MS;
    };
  }

  /** Tells a listener the wire of a user, or of an address, until the returned function is called. */
  follow(name: string, listener: WireListener): () => void {
    const follower: Follower = { name, listener, pending: [], bytes: 0, missed: 0 };
    this.#followers.add(follower);
    this.#traceFollowed();
    const past = [...this.#held.values()].flatMap(({ names, records }) => names.has(name) ? records : []);
    past.sort((one, other) => one.time - other.time);
    let bytes = 0;
    const first = past.findLastIndex((record) => (bytes += weightOf(record)) > WIRE_VIEW_PENDING_BYTES) + 1;
    follower.missed = first;
    for (const record of past.slice(first)) queue(follower, record);
    this.#tell(follower);
    return () => {
      this.#followers.delete(follower);
      for (const host of this.#hosts.values()) {
        if (host.isTraced && !this.traces(host.protocol) && !this.#isFollowed(host)) host.traceWire(false);
      }
    };
  }

  record(host: WatchedHost, record: TraceRecord): void {
    if (!this.#isOn) return;
    const held = this.#held.get(host.id) ?? this.#holds(host, false);
    held.names.add(record.name);
    held.records.push(record);
    const bytes = weightOf(record);
    held.bytes += bytes;
    this.#bytes += bytes;
    while (held.bytes > WIRE_VIEW_SESSION_BYTES && held.records.length > 1) this.#forgetFirst(held);
    this.#makeRoom(host.id);
    for (const follower of this.#followers) {
      if (held.names.has(follower.name)) queue(follower, record);
    }
    if (held.isWhole && host.protocol.name === "im") this.#judgeRecord(host, record);
  }

  /** Sends new entries to their followers, and ends the views that have none left. */
  tick(now: number): void {
    if (!this.#isOn) return;
    this.#traceFollowed();
    for (const follower of this.#followers) this.#tell(follower);
    if (now >= this.#offAt) this.#off();
  }

  #off(): void {
    this.#isOn = false;
    this.#offAt = Infinity;
    this.#held.clear();
    this.#bytes = 0;
    this.#judge = new ImTraceJudge();
    for (const host of this.#hosts.values()) if (host.isTraced) host.traceWire(false);
  }

  #tell(follower: Follower): void {
    const { pending, missed, listener } = follower;
    if ((pending.length === 0 && missed === 0) || !listener(pending, missed)) return;
    follower.pending = [];
    follower.bytes = follower.missed = 0;
  }

  /** The sessions of a user who is followed are traced, of whatever protocol. */
  #traceFollowed(): void {
    if (this.#followers.size === 0 || !this.#isOn) return;
    for (const host of this.#hosts.values()) if (!host.isTraced && this.#isFollowed(host)) this.#traceOn(host);
  }

  #isFollowed({ who }: WatchedHost): boolean {
    for (const { name } of this.#followers) if (name === who) return true;
    return false;
  }

  #traceOn(host: WatchedHost): void {
    if (host.protocol.bypassesHub || host.protocol.oneShot) return;
    host.traceWire(true);
    this.#holds(host, false);
  }

  #holds(host: WatchedHost, isWhole: boolean): Held {
    const held = this.#held.get(host.id) ?? { names: new Set([host.who]), records: [], bytes: 0, isWhole };
    this.#held.set(host.id, held);
    return held;
  }

  #forgetFirst(held: Held): void {
    const bytes = weightOf(held.records.shift()!);
    held.bytes -= bytes;
    this.#bytes -= bytes;
  }

  #makeRoom(but: number): void {
    for (const [id, { bytes }] of this.#held) {
      if (this.#bytes <= WIRE_VIEW_BYTES) return;
      if (id === but) continue;
      this.#held.delete(id);
      this.#bytes -= bytes;
    }
  }

  #judgeRecord({ who: name }: WatchedHost, record: TraceRecord): void {
    try {
      for (const finding of this.#judge.feed(record)) this.help.add({ ...finding, name });
    } catch (error) {
      log.error(`internal error in the judge of the wire: ${stackOf(error)}`);
      this.#judge = new ImTraceJudge();
    }
  }
}

function queue(follower: Follower, record: TraceRecord): void {
  follower.bytes += weightOf(record);
  if (follower.bytes <= WIRE_VIEW_PENDING_BYTES) follower.pending.push(record);
  else follower.missed++;
}

function weightOf({ text, remark }: TraceRecord): number {
  return RECORD_BYTES + 2 * ((text?.length ?? 0) + (remark?.length ?? 0));
}
