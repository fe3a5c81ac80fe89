import { UserError } from "../core/errors.ts";
import { join } from "@std/path";
import type { PeerStore } from "../peers/store.ts";
import { PeerKeys } from "./peer_keys.ts";
import { PeerMemoryStore } from "./peer_memory_store.ts";
import { PeerSqliteStore } from "./peer_sqlite_store.ts";

const FILE = "peer.db";

/** The key and the store of a peer. */
export interface OpenPeerStore {
  readonly keys: PeerKeys;
  readonly store: PeerStore;
  /** Why both are for this run only; undefined if they are kept. */
  readonly temporary: string | undefined;
}

/**
 * Opens the key and the store of a person in a folder, which several people may share. While another program has them open, this
 * one gets a temporary key and keeps nothing; a folder that cannot be used for another reason throws.
 */
export async function openPeerStore(folder: string, name: string): Promise<OpenPeerStore> {
  const own = join(folder, `peer-${encodeURIComponent(name).replaceAll("*", "%2A")}`);
  let store: PeerStore;
  try {
    store = new PeerSqliteStore(join(own, FILE));
  } catch (error) {
    if (error instanceof UserError && /damaged|not a database/.test(error.message)) {
      throw new UserError(`${error.message}; to start over with a new key, move the folder ${own} away`, {
        cause: error,
      });
    }
    if (!(error instanceof UserError) || !/another running program/.test(error.message)) throw error;
    const temporary =
      `another program is running as ${name} here (${own}); this one has a temporary key and keeps nothing`;
    return { keys: await PeerKeys.temporary(), store: new PeerMemoryStore(), temporary };
  }
  return { keys: await PeerKeys.open(own), store, temporary: undefined };
}
