import { join } from "@std/path";
import type { MessageStore } from "../chat/store.ts";
import { openSqlite } from "./sqlite_store.ts";

const FILE = "partyline.db";

/** Opens what is kept in a folder, which is made when it is first needed. */
export function openStore(folder: string): MessageStore {
  return openSqlite(join(folder, FILE));
}

/** Whether anything was ever kept there. */
export function storeExists(folder: string): boolean {
  try {
    Deno.statSync(join(folder, FILE));
    return true;
  } catch (error) {
    // Whatever else is wrong with it is told by whoever opens it.
    return !(error instanceof Deno.errors.NotFound);
  }
}
