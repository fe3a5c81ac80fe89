import { type Address, isIpAddress, unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { encodeText } from "../../core/text.ts";

const TOKEN_CHARACTERS = 128;
/** More than any classroom has. */
const MAX_ADDRESSES = 10_000;
const MAX_BYTES = 1024 * 1024;

/** Encodes the answer to `R`: all addresses, one after the other, without a separator. */
export function encodeListing(addresses: Iterable<Address>): Uint8Array {
  return encodeText(Array.from(addresses, ({ hostname, port }) => `-R:${hostname}:${port}`).join(""));
}

/**
 * Parses the answer to `R`, however it is cut: `-R:IP:PORT-R:IP:PORT…`, and the variants that real servers send.
 *
 * 1. A count may precede (`2-R:…`), and white space or NULs may separate entries; `Null-` or a count of 0 is an empty table.
 * 2. `answer` is the addresses once no more can follow, a fault, or undefined for "not yet".
 * 3. `finish` ends the input: it returns the addresses if the input is complete, else a fault.
 * 4. An entry without a usable address is skipped. Entries beyond the count are not read.
 */
export class ListingDecoder {
  readonly #addresses: Address[] = [];
  #count: number | undefined;
  /** Entries so far, including skipped ones. */
  #entries = 0;
  /** The token that has not ended yet, with the dash that it begins with. */
  #token = "";
  #bytes = 0;
  #complete = false;
  #fault: Fault | undefined;

  /** The addresses if no more can follow, or a fault; undefined if more may come. */
  get answer(): readonly Address[] | Fault | undefined {
    return this.#fault ?? (this.#complete ? this.#addresses : undefined);
  }

  /** Whether anything but white space has come. */
  get begun(): boolean {
    return this.#token !== "" || this.#entries > 0 || this.#count !== undefined || this.#complete;
  }

  /** Whether the input may be complete: no entry is cut off, and none that the count announced is missing. */
  get whole(): boolean {
    if (this.answer !== undefined) return true;
    const last = entryOf(this.#token) ? 1 : 0;
    if (last === 0 && this.#token !== "") return /^(0|null)$/i.test(this.#token);
    return this.begun && this.#entries + last >= (this.#count ?? 0);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.answer !== undefined) return;
      if (++this.#bytes > MAX_BYTES) return this.#fail("too long", `an answer of at most ${MAX_BYTES} bytes`, "more");
      this.#take(String.fromCharCode(byte));
    }
  }

  /** Ends the input. */
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
    // The last entry may be complete without a separator after it.
    if (this.#entries + 1 === this.#count && cannotGrow(this.#token)) this.#end();
  }

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
    if (this.#entries > MAX_ADDRESSES) {
      this.#fail("too long", `at most ${MAX_ADDRESSES} entries`, `${this.#entries}`);
    }
  }

  #fail(kind: Fault["kind"], expected: string, found: string): void {
    this.#fault ??= new Fault(kind, `expected ${expected}, found ${found}`);
  }
}

/** Whether neither a digit could extend the port of an entry, nor a group its address. */
function cannotGrow(token: string): boolean {
  const entry = entryOf(token);
  if (!entry || !isIpAddress(entry.hostname)) return false;
  // The end of an IPv6 address may look like a port, but a group has at most four digits.
  return /\d{5}$/.test(token) || (!entry.hostname.includes(":") && entry.port > 6553);
}

function entryOf(token: string): Address | undefined {
  const [, hostname, port] = /^-?R:(.*):(\d{1,9})$/.exec(token) ?? [];
  return hostname === undefined ? undefined : { hostname, port: Number(port) };
}

function quoted(token: string): string {
  return JSON.stringify(token.slice(0, 80));
}
