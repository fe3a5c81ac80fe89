import { randomBytes, scrypt } from "node:crypto";
import { timingSafeEqual } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import { type KeyDerivation, SCRYPT, type ScryptSecret } from "../chat/accounts.ts";

/** More cores than these would take a gigabyte for passwords: 128 MiB each. */
const MOST_AT_ONCE = 8;

/** How many passwords are checked at once: as many as were asked for, or one for each core. */
export function checksAtOnce(asked: number): number {
  return asked || Math.min(navigator.hardwareConcurrency, MOST_AT_ONCE);
}

/** The client for which a password is checked. */
export interface Requester {
  /** Requests from one address have a queue of their own. */
  readonly address: string;
  /** Whether the client still waits for the answer. */
  isWaiting(): boolean;
}

const SERVER_ITSELF: Requester = { address: "", isWaiting: () => true };

/**
 * Makes and checks scrypt secrets, `atOnce` at the same time, since each takes 128 MiB of memory. Further requests wait in
 * one queue per address; the queues take turns. Requests of clients that have left are skipped.
 */
export class Passwords {
  #running = 0;
  readonly #queues = new Map<string, (() => void)[]>();

  constructor(readonly atOnce: number) {}

  /** The number of computations that run. */
  get running(): number {
    return this.#running;
  }

  /** Whether `password` is the one that `secret` was made from; false, unchecked, if the requester has left. */
  async verify(password: string, secret: ScryptSecret, requester: Requester = SERVER_ITSELF): Promise<boolean> {
    await this.#turn(requester);
    try {
      if (!requester.isWaiting()) return false;
      return timingSafeEqual(await derive(password, secret, secret.key.length), secret.key);
    } finally {
      this.#next();
    }
  }

  /** A new secret for a password, with a new salt. */
  async hash(password: string): Promise<ScryptSecret> {
    const { saltBytes, keyBytes, ...strength } = SCRYPT;
    const salt = new Uint8Array(randomBytes(saltBytes));
    await this.#turn(SERVER_ITSELF);
    try {
      return { type: "scrypt", ...strength, salt, key: await derive(password, { ...strength, salt }, keyBytes) };
    } finally {
      this.#next();
    }
  }

  /** The key of a password by given parameters; throws if the requester has left. */
  async deriveKey(
    password: string,
    parameters: KeyDerivation,
    requester: Requester = SERVER_ITSELF,
  ): Promise<Uint8Array> {
    await this.#turn(requester);
    try {
      if (!requester.isWaiting()) throw new Error("the requester has left");
      return await derive(password, parameters, parameters.keyBytes);
    } finally {
      this.#next();
    }
  }

  async #turn(requester: Requester): Promise<void> {
    if (this.#running < this.atOnce) {
      this.#running++;
      return;
    }
    await new Promise<void>((go) => {
      const queue = this.#queues.get(requester.address);
      if (queue) queue.push(go);
      else this.#queues.set(requester.address, [go]);
    });
  }

  /** Starts the first request of the next queue, which then goes behind the others. */
  #next(): void {
    for (const [address, queue] of this.#queues) {
      const first = queue.shift()!;
      this.#queues.delete(address);
      if (queue.length > 0) this.#queues.set(address, queue);
      return first();
    }
    this.#running--;
  }
}

function derive(password: string, parameters: Omit<KeyDerivation, "keyBytes">, length: number): Promise<Uint8Array> {
  const { salt, logN, r, p } = parameters;
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    scrypt(encodeText(password), salt, length, { N, r, p, maxmem: 256 * r * (N + p + 1) }, (error, key) => {
      if (error) reject(error);
      else resolve(new Uint8Array(key!));
    });
  });
}
