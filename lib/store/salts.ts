import { randomBytes } from "node:crypto";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { encodeText } from "../core/text.ts";
import { makeKey, readKey } from "./key_file.ts";
import { hmac } from "./proofs.ts";

const FILE = "salt-key.json";
const SALT_BYTES = 16;

/**
 * The salts of names whose passwords are stored in plain, or that have none. They follow from a key in the data folder, so that
 * a name has the same salt after a restart: clients that come back need not derive their keys again, which takes a third of a
 * second of a core each, and a salt does not show whether a name has a password.
 */
export class Salts {
  #key: Uint8Array | undefined;

  constructor(readonly folder: string) {
    // An unreadable key is reported when the server starts, not at the first login.
    this.#key = readKey(folder, FILE);
  }

  /** Always the same one for the same name. */
  of(name: string): Uint8Array {
    return hmac(this.#key ??= this.#makeKey(), encodeText(name)).slice(0, SALT_BYTES);
  }

  #makeKey(): Uint8Array {
    try {
      return makeKey(this.folder, FILE);
    } catch (error) {
      log.warning(`the key of salts cannot be stored, and logins take longer after a restart: ${reason(error)}`);
      return new Uint8Array(randomBytes(SALT_BYTES));
    }
  }
}
