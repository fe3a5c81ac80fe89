import { join } from "@std/path";
import { encodeBase64 } from "../../lib/core/bytes.ts";
import type { FileEvent } from "../../lib/protocols/transfer/event.ts";
import { decodeSignal, encodeSignal, type Signal } from "../../lib/protocols/transfer/signal.ts";
import { Fault } from "../../lib/core/errors.ts";
import { TransferRunner } from "../../lib/client/transfer/runner.ts";
import { freshFileKey } from "../../lib/store/transfer_keys.ts";
import { TransferStore } from "../../lib/store/transfer_store.ts";
import { WAIT_MS } from "./wire.ts";

/** Maps a signal in transit to itself, to another, or to none. */
export type SignalFilter = (signal: Signal, from: string, at: boolean) => Signal | undefined;

/** Two clients that exchange files over real connections and disks; only the chat between them is simulated. */
export class FilePair {
  readonly folder = Deno.makeTempDirSync();
  readonly #people = new Map<string, FileClient>();
  /** Applied to every signal. */
  meddle: SignalFilter = (signal) => signal;
  /** Whether clients seal. */
  seals = true;

  /** The client of this name, started if it is not there. */
  person(name: string): FileClient {
    const known = this.#people.get(name);
    if (known) return known;
    const person = new FileClient(this, name);
    this.#people.set(name, person);
    for (const other of this.#people.values()) if (other !== person) other.files.online(name);
    person.files.loggedIn();
    return person;
  }

  /** Closes a client properly; its data stays. */
  async leave(name: string): Promise<void> {
    const person = this.#people.get(name);
    this.#people.delete(name);
    await person?.files.close();
  }

  /** Delivers a signal from one client to another, with its address only if `at`. */
  signal(from: string, to: string, text: string, at: boolean): void {
    queueMicrotask(() => {
      const signal = decodeSignal(text);
      if (signal instanceof Fault || !signal) throw new Error(`${from} signals what is no signal: ${text}`);
      const meddled = this.meddle(signal, from, at);
      if (!meddled) return;
      const receiver = this.#people.get(to);
      if (receiver) receiver.files.signalled(from, encodeSignal(meddled), at ? "127.0.0.1" : undefined);
      else this.#people.get(from)?.files.notReached(to);
    });
  }

  say(from: string, to: string, text: string): { id: string } {
    queueMicrotask(() => this.#people.get(to)?.files.heard({ from, to: { user: to }, text }, false));
    return { id: "1" };
  }

  /** Creates a file with these bytes in a folder of its own. */
  file(name: string, bytes: Uint8Array): string {
    const folder = Deno.makeTempDirSync({ dir: this.folder });
    const path = join(folder, name);
    Deno.writeFileSync(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#people.keys()]) await this.leave(name);
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** One client of the pair. */
export class FileClient {
  readonly files: TransferRunner;
  readonly downloads: string;
  readonly events: FileEvent[] = [];
  readonly problems: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(pair: FilePair, readonly name: string) {
    this.downloads = join(pair.folder, `${name} downloads`);
    this.files = new TransferRunner({
      store: new TransferStore(join(pair.folder, `${name} data`), this.downloads),
      freshKey: () => pair.seals ? freshFileKey() : Promise.resolve(undefined),
      say: (to, text) => pair.say(name, "user" in to ? to.user : to.room, text),
      signal: (...signal) => pair.signal(name, ...signal),
      show: (event) => {
        this.events.push(event);
        this.#wake();
      },
      problem: (why) => {
        this.problems.push(why);
        this.#wake();
      },
    });
  }

  /** The first event of this type, past or future, that satisfies the predicate. */
  async event<Type extends FileEvent["type"]>(
    type: Type,
    fits: (event: Extract<FileEvent, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<FileEvent, { type: Type }>> {
    for (;;) {
      const found = this.events.find((event): event is Extract<FileEvent, { type: Type }> =>
        event.type === type && fits(event as Extract<FileEvent, { type: Type }>)
      );
      if (found) return found;
      await this.#more();
    }
  }

  /** Whether an event of one of these types was shown. */
  saw(...types: FileEvent["type"][]): boolean {
    return this.events.some(({ type }) => types.includes(type));
  }

  async problem(): Promise<string> {
    while (this.problems.length === 0) await this.#more();
    return this.problems.shift()!;
  }

  #more(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The names in the downloads folder. */
  get names(): string[] {
    try {
      return [...Deno.readDirSync(this.downloads)].map(({ name }) => name).sort();
    } catch {
      return [];
    }
  }

  read(...path: string[]): Uint8Array {
    return Deno.readFileSync(join(this.downloads, ...path));
  }
}

/** alice offers the file at a path to bob, whose client numbers the offer `n`. */
export async function offered(
  pair: FilePair,
  path: string,
): Promise<{ alice: FileClient; bob: FileClient; n: number }> {
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { user: "bob" }, path });
  const { n } = await bob.event("offered");
  return { alice, bob, n };
}

/** A random id for offers, transfers and tokens. */
export function freshName(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the condition holds or the time is over; the assertion after it decides. */
export async function waitUntil(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + WAIT_MS; !isSo() && performance.now() < end;) await wait(5);
}
