import type { Running } from "../process.ts";
import type { Join } from "../traffic.ts";

/** A running server under measurement. */
export interface Peer {
  readonly running: Running;
  readonly port: number;
}

/** A kind of server: its name in the table, how to start it, and how users log in. */
export interface PeerKind {
  readonly name: string;
  /** Why it cannot run on this machine; undefined if it can. */
  missing(): Promise<string | undefined>;
  /** Starts one; `folder` is empty and removed afterwards, `usersFile` is in the IM handout's format. */
  start(folder: string, usersFile: string): Promise<Peer>;
  readonly join: Join;
}
