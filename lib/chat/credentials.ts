import { equals } from "../core/bytes.ts";
import { type Credential, SCRYPT } from "./accounts.ts";
import { chosenNameFault } from "./chosen_names.ts";
import type { Challenge } from "./event.ts";
import { nameFault } from "./names.ts";
import type { Registry } from "./registry.ts";
import { isUnproven } from "./entities.ts";

/** Unpredictable bytes for challenges. */
export interface Randomness {
  bytes(count: number): Uint8Array;
  /** A salt for a name, which cannot be guessed; always the same one for the same name. */
  salt(name: string): Uint8Array;
}

const NONCE_BYTES = 16;

/** The proof that a session must give for a name, and its challenge. */
export class Credentials {
  /** `isGuest`: whether a guest is online whose name looks like this one. */
  constructor(
    readonly registry: Registry,
    readonly isGuest: (name: string) => boolean,
    readonly random: Randomness | undefined,
  ) {}

  /** What proves a name; the reason if a session with this key cannot have it. */
  of(name: string, key: Uint8Array | undefined): Credential | string {
    const secret = this.registry.accounts.secret(name);
    if (secret) return { type: "password", secret };
    const fault = nameFault(name);
    if (fault) return fault;
    const found = this.registry.user(name);
    const user = found?.registered ? found : undefined;
    if (!key) return `${JSON.stringify(name)} is no account of this server, and no key came with it to register it by`;
    if (!user && this.isGuest(name)) return `${JSON.stringify(name)} is the name of a guest who is online`;
    if (!user) {
      const [like] = this.registry.names.like(name);
      const refusal = chosenNameFault(name) ?? (like && `"${name}" looks like the name of another user, "${like}"`);
      return refusal ?? { type: "key", key, fresh: true };
    }
    if (isUnproven(user)) return `${JSON.stringify(name)} is in use by programs that prove no name`;
    if (!user.key) return `${JSON.stringify(name)} is the name of a user who logs in with a password`;
    return equals(user.key, key)
      ? { type: "key", key, fresh: false }
      : `${JSON.stringify(name)} is held by another key, that of another machine or of other --data`;
  }

  /** The same for a guest; an account's name is no guest's. */
  ofGuest(name: string, key: Uint8Array | undefined): Credential | string {
    const credential = this.of(name, key);
    return typeof credential === "object" && credential.type === "password"
      ? `"${name}" is an account of this server; log in with its password`
      : credential;
  }

  challenge(name: string, credential: Credential): Challenge {
    const nonce = this.random!.bytes(NONCE_BYTES);
    if (credential.type === "key") return { how: "key", nonce };
    const { secret } = credential;
    if (secret.type === "plain") return { how: "password", nonce, salt: this.random!.salt(name), ...SCRYPT };
    const { salt, logN, r, p, key } = secret;
    return { how: "password", nonce, salt, logN, r, p, keyBytes: key.length };
  }
}
