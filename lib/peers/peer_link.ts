import type { Address } from "../core/address.ts";
import { encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { decodeText, encodeText } from "../core/text.ts";
import type { DatagramLink, LinkOwner } from "../protocols/datagram/link.ts";
import { writeId } from "../protocols/datagram/packet.ts";
import type { Cryptography, FreshKey, LinkKeys, PublicKeys } from "./cryptography.ts";
import type { PeerLimits } from "./options.ts";
import type { Introduction } from "./packet.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "./peer_message.ts";
import type { PeerStore } from "./store.ts";

/** Who listens to a friend. */
export interface PeerLinkWay {
  /** What we are called. */
  readonly name: string;
  /** Tells this run of our program from all others. */
  readonly run: string;
  readonly store: Pick<PeerStore, "id">;
  /** Whether there is a link with this run of somebody's program already. */
  knowsRun(run: string): boolean;
  readonly secrecy: Cryptography;
  readonly limits: PeerLimits;
  /** Who they are is known as well as it ever will be: letters may be said. */
  ready(friend: PeerLink): void;
  /** `sealed`: only they can have said it. */
  letter(friend: PeerLink, letter: PeerMessage, sealed: boolean): void;
  ended(friend: PeerLink, why: string): void;
  /** Letters wait: `flush` is wanted. */
  due(friend: PeerLink): void;
  /** Present when somebody watches what is said. */
  trace?(friend: PeerLink, direction: "up" | "down", line: string): void;
  /** Has the link go on where it waited for us. */
  resume(link: DatagramLink): void;
}

/** What a message begins with that is sealed; text never does. */
const SEALED = 1;
/** What sealing and cutting add to a text, and more. */
const BOX_BYTES = 64 * 1024;

/**
 * One link's conversation: letters in and out, plain or sealed, and who is at the other end.
 *
 * 1. With a program that speaks of more than chat keys are agreed on first; before both have proved theirs no letter is passed on.
 * 2. Letters are gathered by `flush`; one box is sealed, and one opened, at a time, so all stays in its order.
 */
export class PeerLink implements LinkOwner {
  /** Their public key in base64, proved; undefined when their program has none. */
  key: string | undefined;
  print: Uint8Array | undefined;
  /** Which run of their program this is. */
  run = "";
  /** What their numbers are counted by: their key and their store. */
  series = "";
  /** Both sides had another link when they agreed on keys for this one. */
  isTwice = false;
  /** What we say is sealed. */
  sealing = false;
  /** We take only what is sealed. */
  onlySealed = false;
  /** The last number said on this link, for whom no other memory is kept. */
  lastSaid = -1;
  /** What was refused on this link to whom no other memory is kept. */
  readonly refused = new Map<number, string>();
  isReady = false;
  /** They have broken a rule; whoever does so is not asked again at once. */
  isFaulty = false;
  /** Whether they have told where others are. */
  hasToldPlaces = false;
  /** Groups that they have taken us into. */
  invites = 0;
  #characters = 0;
  #lines: { readonly line: string; readonly sealed: boolean }[] = [];
  #fresh: FreshKey | undefined;
  #theirs: PublicKeys | undefined;
  #keys: LinkKeys | undefined;
  #sealed = 0;
  #opened = 0;
  #isSealing = false;
  /** A box is being opened, or keys agreed on. */
  #busy = false;

  constructor(
    readonly link: DatagramLink,
    readonly place: Address,
    readonly self: Introduction,
    readonly way: PeerLinkWay,
  ) {}

  /** Begins; once. */
  start(): void {
    if (!this.self.more) return this.#becomeReady();
    this.way.secrecy.fresh((fresh) => {
      if (this.link.over) return;
      this.#fresh = fresh;
      this.#push(
        encodePeerMessage({
          type: "me",
          key: this.way.secrecy.key,
          fresh: fresh.public,
          run: this.way.run,
          store: this.way.store.id,
        }),
        false,
      );
      this.#agree();
    });
  }

  /** Says something, with all else that this turn says. */
  say(letter: PeerMessage): void {
    this.sayLine(encodePeerMessage(letter));
  }

  /** The same, for a letter that is encoded once for many. */
  sayLine(line: string): void {
    this.#push(line, this.sealing);
  }

  /** Whether letters wait for the link to have room. */
  get isWaiting(): boolean {
    return this.#lines.length > 0 && !this.#isSealing && !this.link.over;
  }

  /** Hands what waits to the link, as far as it has room. */
  flush(): void {
    while (this.#lines.length > 0 && !this.#isSealing && !this.link.over) {
      const { count, sealed, text } = this.#gathered();
      // What is sealed has a number that is not to be wasted.
      if (sealed ? this.link.roomBytes < text.length + BOX_BYTES : !this.link.send(text)) return;
      for (const { line } of this.#lines.splice(0, count)) this.#characters -= line.length;
      if (sealed) this.#seal(text);
    }
  }

  message(bytes: Uint8Array): void {
    if (bytes[0] !== SEALED) return this.#read(bytes, false);
    if (!this.#keys) return this.#refuse("what is sealed cannot be opened before keys are agreed on");
    this.#busy = true;
    this.#keys.open(this.#opened++, bytes.subarray(1), (text) => {
      this.#busy = false;
      if (this.link.over) return;
      if (!text) return this.#refuse("what is sealed cannot be opened: the keys differ, or somebody has changed it");
      this.#read(text, true);
      this.way.resume(this.link);
    });
  }

  hungry(): boolean {
    return !this.#busy;
  }

  ended(why: string): void {
    this.#lines = [];
    this.way.ended(this, why);
  }

  #push(line: string, sealed: boolean): void {
    if (this.link.over) return;
    this.#lines.push({ line, sealed });
    this.#characters += line.length;
    // Messages are held back before this; it is news of groups that they do not take.
    if (this.#characters > this.way.limits.friendCharacters) return this.link.abort("too much waits for you");
    this.way.trace?.(this, "up", line);
    this.way.due(this);
  }

  /** As many lines as fit together, all sealed or none. */
  #gathered(): { count: number; sealed: boolean; text: Uint8Array } {
    const { sealed } = this.#lines[0]!;
    let count = 0;
    let text = "";
    for (const each of this.#lines) {
      const more = text.length + each.line.length + 1;
      if (each.sealed !== sealed || (count > 0 && more > this.way.limits.gatherCharacters)) break;
      text += count === 0 ? each.line : `\n${each.line}`;
      count++;
    }
    return { count, sealed, text: encodeText(text) };
  }

  #seal(text: Uint8Array): void {
    this.#isSealing = true;
    this.#keys!.seal(this.#sealed++, text, (box) => {
      this.#isSealing = false;
      if (this.link.over) return;
      const message = new Uint8Array(1 + box.length);
      message[0] = SEALED;
      message.set(box, 1);
      if (!this.link.send(message)) return this.#refuse("too much waits for you");
      this.way.due(this);
    });
  }

  #read(bytes: Uint8Array, sealed: boolean): void {
    const text = decodeText(bytes);
    if (text instanceof Fault) return this.#refuse(text.message);
    for (const line of text.split("\n")) {
      if (line === "" || this.link.over) continue;
      this.way.trace?.(this, "down", line);
      const letter = decodePeerMessage(line);
      if (letter instanceof Fault) return this.#refuse(letter.message);
      this.#take(letter, sealed);
    }
  }

  #take(letter: PeerMessage, sealed: boolean): void {
    if (this.isReady) return this.way.letter(this, letter, sealed);
    if (letter.type === "me" && !this.#theirs) {
      this.#theirs = letter;
      this.run = letter.run;
      this.series = `${encodeBase64(letter.key)} ${letter.store}`;
      this.#busy = true;
      return this.#agree();
    }
    if (letter.type !== "proof" || !sealed) return this.#refuse(`expected "me", then "proof", found "${letter.type}"`);
    this.key = encodeBase64(this.#theirs!.key);
    this.isTwice &&= letter.twice;
    this.#becomeReady();
  }

  #agree(): void {
    if (!this.#fresh || !this.#theirs) return;
    const id = new Uint8Array(8);
    writeId(id, 0, this.link.id);
    const names = { ours: this.way.name, theirs: this.self.name };
    this.way.secrecy.agree(this.#fresh, this.#theirs, id, names, (agreement) => {
      this.#busy = false;
      if (this.link.over) return;
      if (!agreement) return this.#refuse("no keys can be agreed on with yours");
      this.#keys = agreement.keys;
      this.print = agreement.print;
      this.isTwice = this.way.knowsRun(this.run);
      this.#push(encodePeerMessage({ type: "proof", twice: this.isTwice }), true);
      this.way.resume(this.link);
    });
  }

  #becomeReady(): void {
    this.isReady = true;
    this.way.ready(this);
  }

  #refuse(why: string): void {
    this.isFaulty = true;
    this.link.abort(why);
  }
}
