import { setImmediate } from "node:timers";
import type { ScryptSecret } from "../chat/accounts.ts";
import type { Effect } from "../chat/effect.ts";
import type { Address } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { JoinedWrites, Transport, TransportOwner } from "../core/transport.ts";
import type { TraceRecord } from "../core/wire_trace.ts";
import { clock } from "../net/clock.ts";
import { connect, probe } from "../net/dial.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";
import type { Requester } from "../store/passwords.ts";
import type { ProofResult } from "../store/proofs.ts";
import type { RequestLog } from "./request_log.ts";

const LINGER_MS = 1000;

export type ProofEffect = Extract<Effect, { type: "prove" }>;

/** A dialed connection, or why there is none. */
export type DialResult = Transport | "refused" | "failed";

/** The runner's environment: the real one, or a simulated one. */
export interface Platform {
  /** Opens a connection for `owner`; `done` is called once, later. */
  dial(hostname: string, port: number, owner: TransportOwner, done: (result: DialResult) => void): void;
  /** Finds out whether the machine at the other end of a connection is still there; `done` is called once, later. */
  probe(peer: Address, done: (outcome: ProbeOutcome) => void): void;
  /** Checks a password; one whose requester has left before its turn is not checked. */
  verify(password: string, secret: ScryptSecret, requester: Requester): Promise<boolean>;
  /** Checks the proof for a challenge. */
  prove(proof: ProofEffect, requester: Requester): Promise<ProofResult>;
  /** Hashes a password and stores the account; the secret, or why there is no account. */
  enroll?(name: string, password: string, requester: Requester): Promise<ScryptSecret | string>;
  /** Hashes a user's new password and replaces the old one; the secret, or why there is none. */
  setPassword?(name: string, password: string, requester: Requester): Promise<ScryptSecret | string>;
  /** Calls `turn` soon, after other input that has arrived already. */
  soon(turn: () => void): void;
  /** Milliseconds, for timers: it never jumps. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Shows what went over the wire; only where it is traced. */
  trace?: ((record: TraceRecord) => void) | undefined;
  /** Records requests. */
  readonly requests?: RequestLog | undefined;
  /** Prints the lines that a handout's server shows on its terminal; without it, they are logged. */
  show?: ((line: string) => void) | undefined;
}

export interface RealPlatform extends Platform {
  /** Resolves when the last dialed connection is gone. */
  finished(): Promise<void>;
}

export function openPlatform(
  parts: Pick<Platform, "verify" | "prove" | "enroll" | "setPassword" | "trace" | "show" | "requests"> & {
    limits: Limits;
  },
): RealPlatform {
  const dialed = new Set<Promise<void>>();
  return {
    dial(hostname, port, owner, done) {
      const finished = dial(hostname, port, owner, done, parts.limits).then(() => void dialed.delete(finished));
      dialed.add(finished);
    },
    async finished() {
      await Promise.all(dialed);
    },
    probe: ({ hostname, port }, done) => void probe(hostname, port).then(done),
    verify: parts.verify,
    prove: parts.prove,
    ...(parts.enroll ? { enroll: parts.enroll } : {}),
    ...(parts.setPassword ? { setPassword: parts.setPassword } : {}),
    // A microtask would run before other sockets that are ready; a timer takes a millisecond or two.
    soon: (turn) => void setImmediate(turn),
    now: clock,
    wallTime: Date.now,
    trace: parts.trace,
    requests: parts.requests,
    show: parts.show,
  };
}

/** Resolves when the connection is gone again, or could not be opened. */
async function dial(
  hostname: string,
  port: number,
  owner: TransportOwner,
  done: (result: DialResult) => void,
  limits: Limits,
): Promise<void> {
  let conn: Deno.TcpConn;
  try {
    conn = await connect(hostname, port, limits.linkDialMs);
  } catch (error) {
    return done(error instanceof Deno.errors.ConnectionRefused ? "refused" : "failed");
  }
  const connection = new Connection(conn, owner, connectionOptions(limits));
  done(connection);
  await connection.finished;
}

/** Handout programs expect one line a read, so each line leaves in a write of its own, unless the protocol says otherwise. */
export function connectionOptions(limits: Limits, joined?: JoinedWrites): ConnectionOptions {
  return { outboxBytes: limits.outboxBytes, separateWrites: joined ?? true, lingerMs: LINGER_MS };
}
