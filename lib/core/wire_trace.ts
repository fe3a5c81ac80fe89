import { concat, encodeBase64 } from "./bytes.ts";
import { TRACE_HELD_BYTES, TRACE_WAITS_MS } from "./limits.ts";
import { type Machine, Outputs } from "./machine.ts";
import { formatDuration, sanitized } from "./text.ts";
import { timeOfDay } from "./time_of_day.ts";
import { decodeWire, encodeWire, escapesBytes, visible } from "./wire_text.ts";

/** Which way bytes went: up to the server, down to the client. */
export type Direction = "up" | "down";

/**
 * How the bytes of a protocol are cut for a trace. `lines`: what arrives without a line end is held until the rest comes, and
 * shown meanwhile. `loose lines`: it is shown at once, since the protocol takes it as it is. `pieces`: each read and each write
 * is shown as it was, line ends included.
 */
export type TraceFraming = "lines" | "loose lines" | "pieces";

/** Hides the passwords of a text that arrived on a link; `nth` counts the texts of the link from 0. */
export type Mask = (text: string, nth: number) => string;

/** Bytes that went over the wire, or a remark about a link. */
export interface TraceEntry {
  readonly link: string;
  readonly direction: Direction;
  /** The bytes as `decodeWire` has them, passwords masked; undefined for a remark alone. */
  readonly text: string | undefined;
  /** A line is shown without its line end. A complaint names the peer's mistake; the log has it too. */
  readonly kind: "line" | "piece" | "remark" | "complaint";
  /** A remark about the bytes, or about the link. */
  readonly remark: string | undefined;
}

/** An entry of a session. */
export interface TraceRecord extends TraceEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The number of the session, from 1. */
  readonly session: number;
  /** The session's listener; undefined at a client. */
  readonly protocol?: string;
  /** The user, or the address as long as that is not known. */
  readonly name: string;
  /** The user, if known. */
  readonly user: string | undefined;
}

/** How long a line or a reply has been waited for; reported after each of `TRACE_WAITS_MS`. */
export class Waiting {
  #since = 0;
  #told = TRACE_WAITS_MS.length;

  get wakeAt(): number {
    return this.#told < TRACE_WAITS_MS.length ? this.#since + TRACE_WAITS_MS[this.#told]! : Infinity;
  }

  begin(now: number): void {
    this.#since = now;
    this.#told = 0;
  }

  end(): void {
    this.#told = TRACE_WAITS_MS.length;
  }

  /** How long it has waited, as "5 s", if that is to be told now. */
  tick(now: number): string | undefined {
    let waited: number | undefined;
    while (now >= this.wakeAt) waited = TRACE_WAITS_MS[this.#told++];
    return waited === undefined ? undefined : formatDuration(waited);
  }
}

/** What has arrived on one link. */
interface Arrived {
  /** Bytes of the line that has not ended. */
  held: Uint8Array;
  /** Whether the beginning of that line was shown already, since it is long. */
  continued: boolean;
  /** Texts that have come. */
  count: number;
  readonly waiting: Waiting;
}

/**
 * Traces the links of one session or client: the bytes that a socket gave, and those that were handed to one. Pure.
 *
 * 1. Nothing is shown that did not go over the wire, and everything is that did: line ends other than `\n`, bytes that are not
 *    UTF-8, a line that never ends, what arrives after the end.
 * 2. Of a line that has not ended it holds at most `TRACE_HELD_BYTES`.
 * 3. What a `Mask` hides is never in an entry. The mask is asked about whole lines, also where they arrive in pieces.
 */
export class WireTrace implements Machine<TraceEntry> {
  readonly #outputs = new Outputs<TraceEntry>();
  readonly #arrived: Arrived[] = [];

  /** `links` are the names of the links; what arrives goes `up` at a server, `down` at a client. */
  constructor(
    readonly links: readonly string[],
    readonly arrives: Direction,
    public framing: TraceFraming,
    readonly mask: (link: number) => Mask | undefined,
    /** Whether texts have gone over the links already, so that the next one is not the first. */
    readonly isUnderWay = false,
  ) {}

  get wakeAt(): number {
    return this.#arrived.reduce((at, { waiting }) => Math.min(at, waiting.wakeAt), Infinity);
  }

  takeOutputs(): readonly TraceEntry[] {
    return this.#outputs.take();
  }

  /** Bytes that have arrived; `late`, after the session had ended. */
  received(link: number, bytes: Uint8Array, now: number, late = false): void {
    const arrived = this.#at(link);
    const remark = late ? "after the end" : undefined;
    if (this.framing === "pieces") return this.#show(link, arrived, bytes, false, remark);
    const loose = late || this.framing === "loose lines";
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const rest = bytes.subarray(start, end + 1);
      this.#show(link, arrived, concat([arrived.held, rest]), true, remark);
      arrived.held = NOTHING;
      arrived.continued = false;
      arrived.waiting.end();
      start = end + 1;
    }
    if (start === bytes.length) return;
    this.#hold(link, arrived, bytes.subarray(start), now);
    if (loose) this.#showRest(link, remark);
  }

  /** Bytes that were handed to a socket. */
  sent(link: number, bytes: Uint8Array): void {
    if (this.framing === "pieces") return this.#showSent(link, bytes, false, undefined);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      this.#showSent(link, bytes.subarray(start, end + 1), true, undefined);
      start = end + 1;
    }
    const rest = bytes.subarray(start);
    if (rest.length > 0) this.#showSent(link, rest, true, withoutEnd(rest.length));
  }

  /** The other side has ended a link: an unfinished line will never get its line end. */
  closed(link: number): void {
    this.#showRest(link, "then the end");
  }

  tick(now: number): void {
    this.#arrived.forEach((arrived, link) => {
      const waited = arrived.waiting.tick(now);
      if (waited === undefined) return;
      const { held } = arrived;
      this.#push(
        link,
        this.arrives,
        this.#masked(link, arrived, held),
        true,
        withoutEnd(held.length, `waiting ${waited}`),
      );
    });
  }

  /** The socket did not take this many of the bytes handed over last. */
  notTaken(link: number, bytes: number): void {
    this.remark(link, opposite(this.arrives), `${counted(bytes)} of that could not be sent`);
  }

  /** Says something about a link. */
  remark(link: number, direction: Direction, remark: string): void {
    this.#outputs.push({ link: this.#name(link), direction, text: undefined, kind: "remark", remark });
  }

  /** The peer did something wrong. */
  complaint(link: number, remark: string): void {
    const direction = this.arrives;
    this.#outputs.push({ link: this.#name(link), direction, text: undefined, kind: "complaint", remark });
  }

  #at(link: number): Arrived {
    return this.#arrived[link] ??= {
      held: NOTHING,
      continued: false,
      count: this.isUnderWay ? 1 : 0,
      waiting: new Waiting(),
    };
  }

  #name(link: number): string {
    return this.links[link] ?? String(link);
  }

  #hold(link: number, arrived: Arrived, bytes: Uint8Array, now: number): void {
    arrived.held = concat([arrived.held, bytes]);
    if (arrived.held.length > TRACE_HELD_BYTES) {
      this.#show(link, arrived, arrived.held, true, withoutEnd(arrived.held.length, "more may follow"));
      arrived.held = NOTHING;
      arrived.continued = true;
      arrived.waiting.end();
    } else arrived.waiting.begin(now);
  }

  #showRest(link: number, remark: string | undefined): void {
    const arrived = this.#arrived[link];
    if (!arrived || arrived.held.length === 0) return;
    this.#show(link, arrived, arrived.held, true, withoutEnd(arrived.held.length, remark));
    arrived.held = NOTHING;
    arrived.continued = false;
    arrived.waiting.end();
  }

  #show(link: number, arrived: Arrived, bytes: Uint8Array, isLine: boolean, remark: string | undefined): void {
    this.#push(link, this.arrives, this.#masked(link, arrived, bytes), isLine, remark);
    arrived.count++;
  }

  /** Of a line whose beginning was shown already, the place of the password is not known any more. */
  #masked(link: number, arrived: Arrived, bytes: Uint8Array): string {
    const text = decodeWire(bytes);
    const mask = this.#maskOf(link, this.arrives);
    if (!mask) return text;
    return arrived.continued ? stars(text) : mask(text, arrived.count);
  }

  #showSent(link: number, bytes: Uint8Array, isLine: boolean, remark: string | undefined): void {
    const text = decodeWire(bytes);
    const direction = opposite(this.arrives);
    this.#push(link, direction, this.#maskOf(link, direction)?.(text, 1) ?? text, isLine, remark);
  }

  /** A server sends no passwords. */
  #maskOf(link: number, direction: Direction): Mask | undefined {
    return direction === "up" ? this.mask(link) : undefined;
  }

  #push(link: number, direction: Direction, text: string, isLine: boolean, remark: string | undefined): void {
    this.#outputs.push({ link: this.#name(link), direction, text, kind: isLine ? "line" : "piece", remark });
  }
}

const NOTHING = new Uint8Array(0);

/** Hides a text: one `*` a character, but spaces and control characters stay. */
export function stars(text: string): string {
  return text.replace(/[^\s\p{Cc}]/gu, "*");
}

function opposite(direction: Direction): Direction {
  return direction === "up" ? "down" : "up";
}

/** A number of bytes, for a remark. */
export function counted(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

function withoutEnd(bytes: number, remark?: string): string {
  return `${counted(bytes)} without a line end${remark === undefined ? "" : `, ${remark}`}`;
}

/** Longer lines are cut where people read them. */
const SHOWN_CHARACTERS = 1000;

/** An entry for people: `HH:MM:SS NAME La> …` to the server, `La< …` from it; remarks are in parentheses. */
export function traceText({ time, name, link, direction, text, kind, remark }: TraceRecord): string {
  const shown = text === undefined
    ? undefined
    : visible(kind === "line" && text.endsWith("\n") ? text.slice(0, -1) : text);
  const cut = shown !== undefined && shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
  const parts = [remark === undefined ? undefined : `(${remark})`, cut].filter((part) => part !== undefined);
  return `${timeOfDay(time)} ${sanitized(name)} ${link}${direction === "up" ? ">" : "<"} ${parts.join(" ")}\n`;
}

/** An entry for programs: one JSON object and a line end. Bytes that are not UTF-8 are in `base64`. */
export function traceJson({ time, session, protocol, name, link, direction, text, remark }: TraceRecord): string {
  const bytes = text === undefined || !escapesBytes(text)
    ? { bytes: text ?? "" }
    : { base64: encodeBase64(encodeWire(text)) };
  const when = new Date(time).toISOString();
  return JSON.stringify({ time: when, session, protocol, name, link, direction, ...bytes, verdict: remark ?? null }) +
    "\n";
}
