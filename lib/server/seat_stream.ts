import type { Limits } from "../core/limits.ts";
import type { Link } from "../protocols/session.ts";
import { Stream, type StreamOptions } from "../net/tcp.ts";
import type { Seat } from "./session_host.ts";

const LINGER_MS = 1000;

/** How the streams of seats are used: handout programs take one read for one message, so each line is a write. */
export function seatStreamOptions(limits: Limits): StreamOptions {
  return { outboxBytes: limits.outboxBytes, apart: true, lingerMs: LINGER_MS };
}

/** A stream that is one link of a seat. */
export class SeatStream extends Stream {
  constructor(conn: Deno.TcpConn | Deno.TlsConn, seat: Seat, link: Link, options: StreamOptions) {
    super(conn, {
      push: (bytes) => seat.push(link, bytes),
      hungry: () => seat.hungry(link),
      closed: (ending) => seat.closed(link, ending),
      overflowed: () => seat.overflowed(),
    }, options);
  }
}
