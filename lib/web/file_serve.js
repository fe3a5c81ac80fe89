import { LISTED_BYTES } from "./file_frames.js";
import { freshName } from "./file_offer.js";
import { isSound } from "./file_list.js";
import { FileWay } from "./file_way.js";
import { errorText as reason } from "./format.ts";

/** @typedef {import("./file_list.js").FileList} FileList */
/** @typedef {import("./file_frames.js").FileMessage} FileMessage */
/** @typedef {import("./file_signal.js").Signal} Signal */
/** @typedef {import("./files.js").FileHouse} FileHouse */

/** Without a sign of the other side, until it is up to them to ask anew. */
const SILENCE_MS = 60_000;
/** Of nothing asked for, after which somebody else may have the place. */
const QUIET_MS = 2000;
/** What may be asked for at once; who asks for more gets no more of it. */
const WANTS = 256;

/** A file of ours on its way to one who wants it. It answers what is asked, in its order, and no faster than the way takes it. */
export class Serve {
  /** @type {FileWay | undefined} */
  #way;
  /** @type {{ next: number, left: number }[]} */
  #wants = [];
  #read = new Set();
  #listAt = -1;
  #pumping = false;
  #had = 0;
  #sent = 0;
  #heardAt = 0;
  #over = false;
  #cancel = () => {};

  /**
   * @param {FileHouse} house
   * @param {{ file: File, list: FileList, encoded: Uint8Array<ArrayBuffer> }} source
   * @param {string} to
   * @param {string} transfer
   * @param {{ moved: (done: number) => void, ended: (end: "done" | { why: string }) => void }} owner
   */
  constructor(house, source, to, transfer, owner) {
    this.house = house;
    this.source = source;
    this.to = to;
    this.transfer = transfer;
    this.owner = owner;
    this.#heard();
    this.#watch();
    // Nobody can call a page, and it calls nobody: who wants it will ask for the way through the chat.
    this.#signal({ type: "come", transfer, token: freshName() });
  }

  /** Whether it has fallen silent: who asks anew need not wait for it. */
  get isIdle() {
    return !this.#way || this.house.now() - this.#heardAt > QUIET_MS;
  }

  /** @param {Signal} signal */
  signalled(signal) {
    if (this.#over) return;
    this.#heard();
    if (signal.type === "relay") this.#run();
    else if (signal.type === "bytes" || signal.type === "taken") this.#way?.signalled(signal);
  }

  /** Who wants it is not there any more. */
  unheard() {
    this.#end({ why: `${this.to} is not there` });
  }

  /** It will not be sent any more; the other side is told. @param {string} why */
  stop(why) {
    if (this.#over) return;
    void this.#way?.send({ type: "stop", why });
    this.#end({ why });
  }

  /** Ends it without a word. */
  close() {
    this.#over = true;
    this.#cancel();
    this.#way?.close();
  }

  #run() {
    if (this.#way) return;
    this.#signal({ type: "relayed", transfer: this.transfer });
    this.#way = new FileWay(this.transfer, (signal) => this.#signal(signal), {
      received: (message) => this.#take(message),
      over: (why) => this.#end({ why }),
    });
  }

  /** @param {FileMessage} message */
  #take(message) {
    switch (message.type) {
      case "list":
        this.#listAt = 0;
        break;
      case "have":
        this.#had = message.count;
        break;
      case "want": {
        const left = Math.min(message.count, this.source.list.chunks - message.first);
        if (left > 0 && this.#wants.length < WANTS) this.#wants.push({ next: message.first, left });
        break;
      }
      case "done":
        return this.#end("done");
      case "stop":
        return this.#end({ why: message.why });
    }
    if (!this.#pumping) this.#pump().catch((error) => this.stop(`it cannot be read there (${reason(error)})`));
  }

  async #pump() {
    this.#pumping = true;
    const way = /** @type {FileWay} */ (this.#way);
    const { encoded, list } = this.source;
    while (!this.#over) {
      if (this.#listAt >= 0) {
        const bytes = encoded.subarray(this.#listAt, this.#listAt + LISTED_BYTES);
        this.#listAt = this.#listAt + bytes.length < encoded.length ? this.#listAt + bytes.length : -1;
        await way.send({ type: "listed", total: encoded.length, bytes });
        continue;
      }
      const want = this.#wants[0];
      if (!want) break;
      const index = want.next++;
      if (--want.left === 0) this.#wants.shift();
      const bytes = await this.#piece(index);
      await way.send({ type: "chunk", index, bytes });
      this.#sent++;
      const chunks = Math.min(list.chunks, this.#had + this.#sent);
      if (!this.#over) this.owner.moved(Math.min(list.bytes, chunks * list.chunkBytes));
    }
    this.#pumping = false;
  }

  /** @param {number} index */
  async #piece(index) {
    const { file, list } = this.source;
    const at = index * list.chunkBytes;
    const bytes = new Uint8Array(await file.slice(at, at + list.chunkBytes).arrayBuffer());
    // Asked for again, it came spoilt: on the way, or already from here.
    if (this.#read.has(index) && !await isSound(list, index, bytes)) throw new Error("it has changed");
    this.#read.add(index);
    return bytes;
  }

  #heard() {
    this.#heardAt = this.house.now();
  }

  #watch() {
    this.#cancel = this.house.later(QUIET_MS, () => {
      if (this.house.now() - this.#heardAt <= SILENCE_MS) return this.#watch();
      this.#end({ why: `nothing was heard of ${this.to} for ${SILENCE_MS / 1000} s` });
    });
  }

  /** @param {"done" | { why: string }} end */
  #end(end) {
    if (this.#over) return;
    this.close();
    this.owner.ended(end);
  }

  /** @param {Signal} signal */
  #signal(signal) {
    this.house.signal(this.to, signal);
  }
}
