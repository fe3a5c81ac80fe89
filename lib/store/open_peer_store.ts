import { UserError } from "../core/errors.ts";
import { join } from "@std/path";
import type { Cryptography } from "../peers/cryptography.ts";
import type { PeerStore } from "../peers/store.ts";
import { type Later, PeerKeys } from "./peer_keys.ts";
import { PeerMemory } from "./peer_memory_store.ts";
import { PeerSqlite } from "./peer_sqlite_store.ts";

const FILE = "peer.db";

/** What a peer is known by and remembers. */
export interface OpenPeerStore {
  readonly secrecy: Cryptography;
  readonly store: PeerStore;
  /** Why nothing is kept beyond this run; undefined when it is. */
  readonly passing: string | undefined;
}

/**
 * Opens what a person keeps in a folder, by their name: two people may share it. While another program has it open this one has a
 * key of its own and keeps nothing; a folder that cannot be used otherwise throws.
 */
export async function openPeerStore(folder: string, name: string, later: Later): Promise<OpenPeerStore> {
  const own = join(folder, `peer-${encodeURIComponent(name).replaceAll("*", "%2A")}`);
  let store: PeerStore;
  try {
    store = new PeerSqlite(join(own, FILE));
  } catch (error) {
    if (error instanceof UserError && /damaged|not a database/.test(error.message)) {
      throw new UserError(`${error.message}; to begin anew, with a new key, move the folder ${own} away`, {
        cause: error,
      });
    }
    if (!(error instanceof UserError) || !/another running program/.test(error.message)) throw error;
    const passing = `another program is ${name} here already (${own}); this one has a new key and keeps nothing`;
    return { secrecy: await PeerKeys.passing(later), store: new PeerMemory(), passing };
  }
  return { secrecy: await PeerKeys.open(own, later), store, passing: undefined };
}
