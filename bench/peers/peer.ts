import type { Running } from "../process.ts";
import type { Join } from "../traffic.ts";

/** A server that a measurement talks to. */
export interface Peer {
  readonly running: Running;
  readonly port: number;
}

/** One kind of server: what it is called in the table, how it is started, how users come to it. */
export interface PeerKind {
  readonly name: string;
  /** Why it cannot run on this machine, or undefined when it can. */
  missing(): Promise<string | undefined>;
  /** Starts one; `folder` is empty and removed afterwards, `usersFile` is what the IM handout says. */
  start(folder: string, usersFile: string): Promise<Peer>;
  readonly join: Join;
}
