import { setImmediate } from "node:timers";
import type { Limits } from "../core/limits.ts";
import type { ScryptSecret } from "../chat/accounts.ts";
import type { Effect } from "../chat/effect.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import type { Address } from "../core/address.ts";
import type { Direction } from "../protocols/session.ts";
import { clock } from "../net/clock.ts";
import type { Requester } from "../store/passwords.ts";
import type { ProofResult } from "../store/proofs.ts";
import { connect, probe } from "../net/dial.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";

/** A proof that is to be looked at. */
export type ProofEffect = Extract<Effect, { type: "prove" }>;

/** A dialed connection, or why there is none. */
export type DialResult = Transport | "refused" | "failed";

/** What the switchboard asks of the world outside. */
export interface Platform {
  /** Opens a connection for `owner`; `done` is called once, later. */
  dial(hostname: string, port: number, owner: TransportOwner, done: (result: DialResult) => void): void;
  /** Finds out whether the machine at the other end of a connection is still there; `done` is called once, later. */
  probe(peer: Address, done: (outcome: ProbeOutcome) => void): void;
  /** Tries a password against a secret, unless the asker has left before its turn comes. */
  verify(password: string, secret: ScryptSecret, asker: Requester): Promise<boolean>;
  /** Looks whether a proof answers its challenge; what the asker may be answered with, so that it knows us too. */
  prove(proof: ProofEffect, asker: Requester): Promise<ProofResult>;
  /** Makes a secret of a password and writes the account down; why that cannot be done. */
  enroll?(name: string, password: string, asker: Requester): Promise<ScryptSecret | string>;
  /** Calls `turn` soon, after what else is due has had its turn. */
  soon(turn: () => void): void;
  /** Milliseconds, for timers: it never jumps. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Shows a wire line, when somebody watches. */
  trace?: ((who: string, link: string, direction: Direction, line: string) => void) | undefined;
}

/** The world as a server has it. */
export interface RealPlatform extends Platform {
  /** Resolves when the last connection that was opened for a seat is gone. */
  over(): Promise<void>;
}

/** The real world: TCP, this machine's clock, and what else it is given. */
export function openPlatform(
  given: Pick<Platform, "verify" | "prove" | "enroll" | "trace"> & { limits: Limits },
): RealPlatform {
  const dialled = new Set<Promise<void>>();
  return {
    dial(hostname, port, owner, done) {
      const gone = dial(hostname, port, owner, done, given.limits).then(() => void dialled.delete(gone));
      dialled.add(gone);
    },
    async over() {
      await Promise.all(dialled);
    },
    probe: ({ hostname, port }, done) => void probe(hostname, port).then(done),
    verify: given.verify,
    prove: given.prove,
    ...(given.enroll ? { enroll: given.enroll } : {}),
    // No microtask: sockets that are ready have their turn before it. No timer either, which takes a millisecond or two.
    soon: (turn) => void setImmediate(turn),
    now: clock,
    wallTime: Date.now,
    trace: given.trace,
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
  await connection.over;
}

const LINGER_MS = 1000;

/** Handout programs expect one line a read, so each line leaves in a write of its own. */
export function connectionOptions(limits: Limits): ConnectionOptions {
  return { outboxBytes: limits.outboxBytes, separateWrites: true, lingerMs: LINGER_MS };
}
