import { type Address, isIpAddress, unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { decodeLossy, encodeText, sanitized } from "../../core/text.ts";

/** The forms of the answer to `R`: that of the handout's text, that of the course's server, and the latter with names. */
export const REPLY_FORMS = ["text", "count", "names"] as const;

export type ReplyForm = typeof REPLY_FORMS[number];

/** An address in a listing, with the user's name where the server tells it. */
export interface ListedAddress extends Address {
  readonly name?: string;
}

const TOKEN_CHARACTERS = 128;
/** Of a name in an answer. */
const NAME_CHARACTERS = 64;
/** More than any classroom has. */
const MAX_ADDRESSES = 10_000;
const MAX_BYTES = 1024 * 1024;

/**
 * Encodes the answer to `R`: the entries one after the other, without a separator. The forms other than "text" begin with
 * their number, or are `Null-`; "names" adds the name as a fourth field, with `_` for the characters that separate fields.
 */
export function encodeListing(entries: readonly (Address & { readonly user?: string })[], form: ReplyForm): Uint8Array {
  if (form !== "text" && entries.length === 0) return encodeText("Null-");
  const listed = entries.map(({ hostname, port, user }) => {
    const name = form === "names" ? `:${fieldOf(user ?? "")}` : "";
    return `-R:${hostname}:${port}${name}`;
  });
  return encodeText((form === "text" ? "" : `${entries.length}`) + listed.join(""));
}

/** A name as one field: nothing in it separates fields, entries or tokens. */
function fieldOf(name: string): string {
  return [...sanitized(name)].slice(0, NAME_CHARACTERS).join("").replace(/[-:\s]/g, "_");
}

/**
 * Parses the answer to `R`, however it is cut: `-R:IP:PORT-R:IP:PORT…`, and the variants that real servers send.
 *
 * 1. A count may precede (`2-R:…`), and white space or NULs may separate entries; `Null-` or a count of 0 is an empty table.
 *    A name may follow the port (`-R:IP:PORT:NAME`); it may contain what separates entries, but not what begins one.
 * 2. `answer` is the addresses once no more can follow, a fault, or undefined for "not yet".
 * 3. `finish` ends the input: it returns the addresses if the input is complete, else a fault.
 * 4. An entry without a usable address is skipped. Entries beyond the count are not read.
 */
export class ListingDecoder {
  readonly #addresses: ListedAddress[] = [];
  #count: number | undefined;
  /** Entries so far, including skipped ones. */
  #entries = 0;
  /** The token that has not ended yet, with the dash that it begins with. */
  #token = "";
  #bytes = 0;
  #complete = false;
  /** The entry that was read last, as long as its name may go on. */
  #named: { readonly at: number; readonly name: string } | undefined;
  #fault: Fault | undefined;

  /** The addresses if no more can follow, or a fault; undefined if more may come. */
  get answer(): readonly ListedAddress[] | Fault | undefined {
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
    if (last === 0 && this.#token !== "" && !this.#continuesName(this.#token)) return /^(0|null)$/i.test(this.#token);
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
  finish(): readonly ListedAddress[] | Fault {
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
      // The rest of a long name is of no use.
      if (entryOf(this.#token)?.name !== undefined) return;
      return this.#fail("too long", `an entry of at most ${TOKEN_CHARACTERS} characters`, quoted(this.#token));
    }
    this.#token += character;
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
    if (!entry) {
      if (this.#continuesName(token)) return this.#continueName(token);
      return this.#fail("malformed", "-R:IP:PORT, a count, or Null-", quoted(token));
    }
    this.#entries++;
    this.#named = undefined;
    const { hostname, port, name } = entry;
    if (name !== undefined) this.#named = { at: this.#addresses.length, name };
    if (isIpAddress(hostname) && port >= 1 && port <= 65535) {
      this.#addresses.push({ hostname: unwrapped(hostname), port, ...nameField(name) });
    }
    this.#complete = this.#entries === this.#count;
    if (this.#entries > MAX_ADDRESSES) {
      this.#fail("too long", `at most ${MAX_ADDRESSES} entries`, `${this.#entries}`);
    }
  }

  /** Whether a token is no entry, but the rest of a name that contains a dash or white space. */
  #continuesName(token: string): boolean {
    return this.#named !== undefined && !/^-(R(:.*)?)?$/s.test(token);
  }

  #continueName(token: string): void {
    const { at, name } = this.#named!;
    if (name.length + token.length > TOKEN_CHARACTERS) return;
    const whole = name + (token.startsWith("-") ? token : ` ${token}`);
    this.#named = { at, name: whole };
    const address = this.#addresses[at];
    if (address) this.#addresses[at] = { ...address, ...nameField(whole) };
  }

  #fail(kind: Fault["kind"], expected: string, found: string): void {
    this.#fault ??= new Fault(kind, `expected ${expected}, found ${found}`);
  }
}

/** An entry; its name is undecoded bytes, and undefined where there is none. */
function entryOf(token: string): { hostname: string; port: number; name: string | undefined } | undefined {
  // Of an IPv6 address, the last two fields are the port and the name if the last one alone is no port.
  const [, hostname, port, name] = /^-?R:([^:]*):(\d{1,9}):([^]*)$/.exec(token) ?? /^-?R:(.*):(\d{1,9})$/.exec(token) ??
    /^-?R:(.*):(\d{1,9}):([^:]*)$/.exec(token) ?? [];
  return hostname === undefined ? undefined : { hostname, port: Number(port), name };
}

function nameField(bytes: string | undefined): { name?: string } {
  if (bytes === undefined || bytes === "") return {};
  return { name: decodeLossy(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))) };
}

function quoted(token: string): string {
  return JSON.stringify(token.slice(0, 80));
}
