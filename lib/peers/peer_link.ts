import type { Address } from "../core/address.ts";
import { encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import type { Outputs } from "../core/machine.ts";
import { decodeText, encodeText } from "../core/text.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import type { EphemeralKey, LinkAnswer, LinkKeys, OwnKey, PublicKeys } from "./cryptography.ts";
import type { PeerOutput } from "./event.ts";
import type { PeerLimits } from "./options.ts";
import type { Introduction } from "./packet.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "./peer_message.ts";

/** What all links of a peer share. */
export interface PeerLinkContext {
  /** Our name. */
  readonly name: string;
  readonly key: OwnKey;
  /** Identifies this run of our program. */
  readonly run: string;
  readonly storeId: string;
  readonly limits: PeerLimits;
  readonly outputs: Pick<Outputs<PeerOutput>, "push">;
  /** Links with lines to be flushed. */
  readonly due: Set<PeerLink>;
}

/** The next thing that came on a link. */
export type PeerLinkEvent =
  /** It is known who the other side is, as well as it will ever be: messages may be exchanged. */
  | { readonly type: "ready" }
  /** `sealed`: only the owner of the other side's key can have sent it. */
  | { readonly type: "message"; readonly message: PeerMessage; readonly sealed: boolean };

/** The first byte of a sealed message; text never begins with it. */
const SEALED = 1;
/** More than sealing and cutting into pieces add to a text. */
const BOX_BYTES = 64 * 1024;

/**
 * The conversation on one link: messages in and out, plain or sealed, and the proof who is at the other end.
 *
 * 1. If the other program speaks of more than chat, both sides agree on keys first; `next` returns no message before both have
 *    proved theirs.
 * 2. `flush` sends the gathered messages. One box is sealed and one is opened at a time, so the order stays.
 */
export class PeerLink {
  /** The other side's public key in base64, proved; undefined when its program has none. */
  key: string | undefined;
  /** Of that key. */
  fingerprint: Uint8Array | undefined;
  /** Identifies the run of the other side's program. */
  run = "";
  /** Identifies the count of the other side's message numbers: its key and its store. */
  series = "";
  /** Both sides had another link with each other when they agreed on the keys of this one. */
  isSecond = false;
  /** Our messages are sealed. */
  sealing = false;
  /** We accept only sealed messages. */
  onlySealed = false;
  /** The number of the last message on this link; for a program without keys there is no other memory of it. */
  lastSaid = -1;
  /** The same of rejected messages. */
  readonly rejected = new Map<number, string>();
  isReady = false;
  /** The other side has broken a rule; it is not asked again at once. */
  isFaulty = false;
  /** The other side has told us addresses of others. */
  hasToldAddresses = false;
  /** What has come is being verified: nothing further is read meanwhile. */
  isHeld = false;
  /** The other side has told memberships with a wrong signature. */
  isForger = false;
  /** How many times the other side has added us to a group. */
  invites = 0;
  /** The lines of the message that is being read, and the next of them. */
  #incoming: readonly string[] = [];
  #incomingAt = 0;
  #incomingSealed = false;
  #outgoing: { readonly line: string; readonly sealed: boolean }[] = [];
  #outgoingCharacters = 0;
  #ephemeral: EphemeralKey | undefined;
  #theirs: PublicKeys | undefined;
  #keys: LinkKeys | undefined;
  #boxesSealed = 0;
  #boxesOpened = 0;
  #isSealing = false;
  /** The keys are being agreed on, or a box is being opened: nothing is read meanwhile. */
  #isComputing = false;

  constructor(
    readonly datagrams: DatagramLink,
    readonly introduction: Introduction,
    readonly context: PeerLinkContext,
  ) {}

  get address(): Address {
    return this.datagrams.address;
  }

  /** Begins; once. */
  start(): void {
    if (this.introduction.more) {
      this.context.outputs.push({ type: "compute", request: { type: "generate", link: this.datagrams } });
    }
  }

  /** Reads on: the next event, undefined while there is none. */
  next(): PeerLinkEvent | undefined {
    if (!this.introduction.more && !this.isReady) return this.#becomeReady();
    while (!this.datagrams.over && !this.#isComputing && !this.isHeld) {
      const line = this.#incoming[this.#incomingAt++];
      if (line === undefined) {
        const bytes = this.datagrams.read();
        if (!bytes) return undefined;
        this.#receive(bytes);
      } else if (line !== "") {
        const event = this.#receiveLine(line);
        if (event) return event;
      }
    }
    return undefined;
  }

  /** A computation is done. `isKnownRun`: there is another link with this run of the other side's program. */
  answered(answer: LinkAnswer, isKnownRun: (run: string) => boolean): void {
    if (this.datagrams.over) return;
    switch (answer.type) {
      case "generated": {
        this.#ephemeral = answer.key;
        const { key, run, storeId } = this.context;
        this.#push(
          encodePeerMessage({ type: "me", key: key.key, fresh: answer.key.public, run, store: storeId }),
          false,
        );
        return this.#agree();
      }
      case "agreed":
        this.#isComputing = false;
        if (!answer.keys) return this.#fail("no keys can be agreed on with yours");
        this.#keys = answer.keys;
        this.fingerprint = answer.keys.fingerprint;
        this.isSecond = isKnownRun(this.run);
        return this.#push(encodePeerMessage({ type: "proof", twice: this.isSecond }), true);
      case "opened":
        this.#isComputing = false;
        if (answer.text) return this.#readText(answer.text, true);
        return this.#fail("what is sealed cannot be opened: the keys differ, or it was changed on the way");
      case "sealed": {
        this.#isSealing = false;
        const message = new Uint8Array(1 + answer.box.length);
        message[0] = SEALED;
        message.set(answer.box, 1);
        if (!this.datagrams.send(message)) return this.#fail("too much waits for you");
        this.context.due.add(this);
      }
    }
  }

  /** Sends a message, together with the others of this turn. */
  send(message: PeerMessage): void {
    this.sendLine(encodePeerMessage(message));
  }

  /** The same for a message that is encoded once for many links. */
  sendLine(line: string): void {
    this.#push(line, this.sealing);
  }

  /** Whether messages wait for the link to have room. */
  get isFull(): boolean {
    return this.#outgoing.length > 0 && !this.#isSealing && !this.datagrams.over;
  }

  /** Hands the waiting messages to the link, as far as it has room. */
  flush(): void {
    while (this.#outgoing.length > 0 && !this.#isSealing && !this.datagrams.over) {
      const { count, sealed, text } = this.#gathered();
      // A box has a number, which must not be wasted on a box that is not sent.
      if (sealed ? this.datagrams.roomBytes < text.length + BOX_BYTES : !this.datagrams.send(text)) return;
      for (const { line } of this.#outgoing.splice(0, count)) this.#outgoingCharacters -= line.length;
      if (!sealed) continue;
      this.#isSealing = true;
      const request = { type: "seal", link: this.datagrams, keys: this.#keys!, n: this.#boxesSealed++, text } as const;
      this.context.outputs.push({ type: "compute", request });
    }
  }

  #push(line: string, sealed: boolean): void {
    if (this.datagrams.over) return;
    this.#outgoing.push({ line, sealed });
    this.#outgoingCharacters += line.length;
    // Texts are held back before this limit, so these are messages about groups that the other side does not take.
    if (this.#outgoingCharacters > this.context.limits.linkCharacters) {
      return this.datagrams.abort("too much waits for you");
    }
    this.context.due.add(this);
  }

  /** As many lines as fit into one message, all to be sealed or none. */
  #gathered(): { count: number; sealed: boolean; text: Uint8Array } {
    const { sealed } = this.#outgoing[0]!;
    let count = 0;
    let text = "";
    for (const each of this.#outgoing) {
      const more = text.length + each.line.length + 1;
      if (each.sealed !== sealed || (count > 0 && more > this.context.limits.gatherCharacters)) break;
      text += count === 0 ? each.line : `\n${each.line}`;
      count++;
    }
    return { count, sealed, text: encodeText(text) };
  }

  #receive(bytes: Uint8Array): void {
    if (bytes[0] !== SEALED) return this.#readText(bytes, false);
    if (!this.#keys) return this.#fail("what is sealed cannot be opened before keys are agreed on");
    this.#isComputing = true;
    const [keys, n, box] = [this.#keys, this.#boxesOpened++, bytes.subarray(1)];
    this.context.outputs.push({ type: "compute", request: { type: "open", link: this.datagrams, keys, n, box } });
  }

  #readText(bytes: Uint8Array, sealed: boolean): void {
    const text = decodeText(bytes);
    if (text instanceof Fault) return this.#fail(text.message);
    this.#incoming = text.split("\n");
    this.#incomingAt = 0;
    this.#incomingSealed = sealed;
  }

  #receiveLine(line: string): PeerLinkEvent | undefined {
    const message = decodePeerMessage(line);
    const sealed = this.#incomingSealed;
    if (message instanceof Fault) this.#fail(message.message);
    else if (this.isReady) return { type: "message", message, sealed };
    else if (message.type === "me" && !this.#theirs) {
      this.#theirs = message;
      this.run = message.run;
      this.series = `${encodeBase64(message.key)} ${message.store}`;
      this.#isComputing = true;
      this.#agree();
    } else if (message.type === "proof" && sealed) {
      this.key = encodeBase64(this.#theirs!.key);
      this.isSecond &&= message.twice;
      return this.#becomeReady();
    } else this.#fail(`expected "me", then "proof", found "${message.type}"`);
    return undefined;
  }

  #agree(): void {
    if (!this.#ephemeral || !this.#theirs) return;
    this.context.outputs.push({
      type: "compute",
      request: {
        type: "agree",
        link: this.datagrams,
        own: this.#ephemeral,
        theirs: this.#theirs,
        names: { ours: this.context.name, theirs: this.introduction.name },
      },
    });
  }

  #becomeReady(): PeerLinkEvent {
    this.isReady = true;
    return { type: "ready" };
  }

  #fail(why: string): void {
    this.isFaulty = true;
    this.datagrams.abort(why);
  }
}
