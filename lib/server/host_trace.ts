import type { WireTap } from "../core/transport.ts";
import { WireTrace } from "../core/wire_trace.ts";
import type { Link, ServerProtocol, Session } from "../protocols/session.ts";
import type { Platform } from "./platform.ts";
import type { WatchedHost, WireViews } from "./wire_views.ts";

/** The host of a session whose wire is traced. */
export interface TracedHost extends WatchedHost {
  readonly id: number;
  readonly protocol: ServerProtocol;
  readonly session: Session;
}

/** The receivers of the trace: the operator's `--trace` options, and the server's page. */
export interface TraceParts {
  readonly platform: Platform;
  readonly wires: WireViews | undefined;
  /** The time of the current turn. */
  readonly now: number;
}

/** The longest part of the last line that is kept. */
const LAST_LINE_CHARACTERS = 200;

/** The trace of one session's wire, from its beginning or from when a viewer asks for it; without one it does nothing. */
export class HostTrace {
  readonly #host: TracedHost;
  readonly #parts: TraceParts;
  /** Only while the wire is traced. */
  #trace: WireTrace | undefined;
  /** The last line or piece that came, while the wire is traced. */
  lastLine: string | undefined;

  constructor(host: TracedHost, parts: TraceParts) {
    this.#host = host;
    this.#parts = parts;
    if (parts.platform.trace || parts.wires?.traces(host.protocol)) this.#trace = this.#newTrace(false);
  }

  get isOn(): boolean {
    return this.#trace !== undefined;
  }

  /** Whether the links are to tell what is sent on them: the wire is traced, or may be later. */
  get wantsTap(): boolean {
    return this.isOn || this.#parts.wires !== undefined;
  }

  /** Begins or ends tracing for the page. A trace that an option has begun goes on. */
  turn(on: boolean): void {
    if (on) this.#trace ??= this.#newTrace(true);
    else if (!this.#parts.platform.trace) this.#trace = this.lastLine = undefined;
  }

  tick(now: number): void {
    if (this.#trace && this.#trace.wakeAt <= now) this.#record((trace) => trace.tick(now));
  }

  received(link: Link, bytes: Uint8Array, isLate: boolean): void {
    if (this.#trace) this.#record((trace) => trace.received(link, bytes, this.#parts.now, isLate));
  }

  closed(link: Link): void {
    if (this.#trace) this.#record((trace) => trace.closed(link));
  }

  complaint(link: Link, text: string): void {
    if (this.#trace) this.#record((trace) => trace.complaint(link, text));
  }

  sent(link: Link, bytes: Uint8Array): void {
    if (this.#trace) this.#record((trace) => trace.sent(link, bytes));
  }

  notTaken(link: Link, bytes: number): void {
    if (this.#trace) this.#record((trace) => trace.notTaken(link, bytes));
  }

  #newTrace(isUnderWay: boolean): WireTrace {
    const { links, framing = "pieces" } = this.#host.protocol;
    const mask = (link: number) => {
      const { session } = this.#host;
      return session.masked && ((text: string, nth: number) => session.masked!(link, text, nth));
    };
    return new WireTrace(links, "up", framing, mask, isUnderWay);
  }

  #record(input: (trace: WireTrace) => void): void {
    const trace = this.#trace!;
    input(trace);
    const { platform, wires } = this.#parts;
    const { id, who, session, protocol } = this.#host;
    const common = { time: platform.wallTime(), session: id, protocol: protocol.name, name: who, user: session.name };
    for (const entry of trace.takeOutputs()) {
      const record = { ...common, ...entry };
      platform.trace?.(record);
      if (!wires) continue;
      if (entry.text !== undefined && entry.direction === "up") this.lastLine = lastLineOf(entry.text);
      wires.record(this.#host, record);
    }
  }
}

/** Records the traffic of one link in a trace. */
export class LinkTap implements WireTap {
  constructor(readonly trace: HostTrace, readonly link: Link) {}

  sent(bytes: Uint8Array): void {
    this.trace.sent(this.link, bytes);
  }

  notTaken(bytes: number): void {
    this.trace.notTaken(this.link, bytes);
  }

  late(bytes: Uint8Array): void {
    this.trace.received(this.link, bytes, true);
  }
}

function lastLineOf(text: string): string {
  return (text.endsWith("\n") ? text.slice(0, -1) : text).slice(0, LAST_LINE_CHARACTERS);
}
