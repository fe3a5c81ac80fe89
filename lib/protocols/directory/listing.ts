import { type Address, isIpAddress, unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { encodeText } from "../../core/text.ts";

const TOKEN_CHARACTERS = 128;
/** A server with more than this is none of a classroom. */
const MOST_ADDRESSES = 10_000;
const MOST_BYTES = 1024 * 1024;

/** The answer to `R`: every address, one after the other, with nothing between. */
export function encodeListing(addresses: Iterable<Address>): Uint8Array {
  return encodeText(Array.from(addresses, ({ hostname, port }) => `-R:${hostname}:${port}`).join(""));
}

/**
 * Reads the answer to `R`, however it is cut: `-R:IP:PORT-R:IP:PORT…`, and what servers in the wild make of it.
 *
 * 1. A count may stand in front (`2-R:…`), white space or NULs anywhere between; `Null-` or a count of 0 is an empty table.
 * 2. `answer` is the addresses once nothing more can belong to them, a fault, or undefined for "not yet".
 * 3. `finish` is for when nothing more comes: the addresses if what came is whole, else a fault.
 * 4. An entry that names no address to be reached is passed over. More entries than the count has are not read.
 */
export class ListingDecoder {
  readonly #addresses: Address[] = [];
  #count: number | undefined;
  /** Entries so far, those passed over too. */
  #entries = 0;
  /** The token that has not ended; it begins with its own dash. */
  #token = "";
  #bytes = 0;
  #complete = false;
  #fault: Fault | undefined;

  /** The addresses when surely all are there, or a fault; undefined when more may come. */
  get answer(): readonly Address[] | Fault | undefined {
    return this.#fault ?? (this.#complete ? this.#addresses : undefined);
  }

  /** Whether anything has come that says something. */
  get begun(): boolean {
    return this.#token !== "" || this.#entries > 0 || this.#count !== undefined || this.#complete;
  }

  /** Whether what has come could be all: no entry is half there, and none that was announced is missing. */
  get whole(): boolean {
    if (this.answer !== undefined) return true;
    const last = entryOf(this.#token) ? 1 : 0;
    if (last === 0 && this.#token !== "") return /^(0|null)$/i.test(this.#token);
    return this.begun && this.#entries + last >= (this.#count ?? 0);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.answer !== undefined) return;
      if (++this.#bytes > MOST_BYTES) return this.#fail("too long", `an answer of at most ${MOST_BYTES} bytes`, "more");
      this.#take(String.fromCharCode(byte));
    }
  }

  /** Nothing more comes: what it was. */
  finish(): readonly Address[] | Fault {
    if (this.answer === undefined) this.#end();
    return this.#fault ?? this.#addresses;
  }

  #take(character: string): void {
    if (/[\s\0]/.test(character)) return this.#end();
    if (character === "-") {
      this.#end();
      this.#token = "-";
      return;
    }
    if (this.#token.length >= TOKEN_CHARACTERS) {
      return this.#fail("too long", `an entry of at most ${TOKEN_CHARACTERS} characters`, quoted(this.#token));
    }
    this.#token += character;
    // The last entry may be whole without anything behind it.
    if (this.#entries + 1 === this.#count && cannotGrow(this.#token)) this.#end();
  }

  /** The token has ended. */
  #end(): void {
    const token = this.#token;
    this.#token = "";
    if (token === "") return;
    const first = this.#entries === 0 && this.#count === undefined;
    if (first && /^\d{1,7}$/.test(token)) {
      this.#count = Number(token);
      this.#complete = this.#count === 0;
    } else if (this.#entries === 0 && /^null$/i.test(token)) this.#complete = true;
    else this.#enter(token);
  }

  #enter(token: string): void {
    const entry = entryOf(token);
    if (!entry) return this.#fail("malformed", "-R:IP:PORT, a count, or Null-", quoted(token));
    this.#entries++;
    const { hostname, port } = entry;
    if (isIpAddress(hostname) && port >= 1 && port <= 65535) {
      this.#addresses.push({ hostname: unwrapped(hostname), port });
    }
    this.#complete = this.#entries === this.#count;
    if (this.#entries > MOST_ADDRESSES) {
      this.#fail("too long", `at most ${MOST_ADDRESSES} entries`, `${this.#entries}`);
    }
  }

  #fail(kind: Fault["kind"], expected: string, found: string): void {
    this.#fault ??= new Fault(kind, `expected ${expected}, found ${found}`);
  }
}

/** Whether no further digit could belong to the port of an entry, and no further group to its address. */
function cannotGrow(token: string): boolean {
  const entry = entryOf(token);
  if (!entry || !isIpAddress(entry.hostname)) return false;
  // What looks like a port at the end of an IPv6 address may be a group of it; a group has four digits at most.
  return /\d{5}$/.test(token) || (!entry.hostname.includes(":") && entry.port > 6553);
}

function entryOf(token: string): Address | undefined {
  const [, hostname, port] = /^-?R:(.*):(\d{1,9})$/.exec(token) ?? [];
  return hostname === undefined ? undefined : { hostname, port: Number(port) };
}

function quoted(token: string): string {
  return JSON.stringify(token.slice(0, 80));
}
