import { freshName, toBase64 } from "./file_offer.js";
import { LISTED_BYTES } from "./file_frames.js";
import { decodeList, isSound, LIST_BYTES } from "./file_list.js";
import { FileWay } from "./file_way.js";
import { sha256 } from "./sha256.ts";
import { errorText as reason } from "./format.ts";

/** @typedef {import("./file_offer.js").Offer} Offer */
/** @typedef {import("./file_list.js").FileList} FileList */
/** @typedef {import("./file_frames.js").FileMessage} FileMessage */
/** @typedef {import("./file_signal.js").Signal} Signal */
/** @typedef {import("./files.js").FileHouse} FileHouse */

/** What is asked for before it is there. */
const WINDOW_BYTES = 512 * 1024;
/** Until who has offered it must have answered that we want it. */
const ANSWER_MS = 6000;
/** Of silence after which a stream is given up. */
const SILENCE_MS = 10_000;
/** Between tries; twice as long each time. */
const AGAIN_MS = 500;
const AGAIN_MOST_MS = 30_000;
/** As often a piece may come spoilt; then it is not the way that spoils it. */
const TRIES = 3;

/** Something offered on its way here: asked for until it is here, going on with what is missing. */
export class Fetch {
  /** Pieces that are here and checked; the browser puts them where there is room. @type {Blob[]} */
  #parts = [];
  /** @type {FileList | undefined} */
  #list;
  /** @type {FileWay | undefined} */
  #way;
  #transfer = "";
  #state = "resting";
  #tries = 0;
  #cancel = () => {};
  /** The list as far as it has come. @type {Uint8Array<ArrayBuffer> | undefined} */
  #listed;
  #listedBytes = 0;
  /** Asked for and not here yet. @type {Set<number>} */
  #asked = new Set();
  #next = 0;
  #here = 0;
  /** @type {Map<number, number>} */
  #spoilt = new Map();
  #heardAt = 0;

  /**
   * @param {FileHouse} house
   * @param {Offer} offer
   * @param {string} from
   * @param {{ moved: (done: number) => void, halted: (why: string) => void,
   *   ended: (end: { file: Blob } | { why: string }) => void }} owner
   */
  constructor(house, offer, from, owner) {
    this.house = house;
    this.offer = offer;
    this.from = from;
    this.owner = owner;
  }

  /** Asks for it now, if it is not coming. */
  begin() {
    if (this.#state !== "resting") return;
    this.#state = "asking";
    this.#transfer = freshName();
    this.#later(ANSWER_MS, () => this.#halt(`${this.from}'s client does not answer`));
    this.#signal({ type: "want", offer: this.offer.id, transfer: this.#transfer, token: freshName() });
  }

  /** Whether something said of this attempt is for it. @param {string} transfer */
  isOf(transfer) {
    return transfer === this.#transfer;
  }

  /** @param {Signal} signal */
  signalled(signal) {
    const transfer = this.#transfer;
    if (signal.type === "come" && this.#state === "asking") {
      this.#later(ANSWER_MS, () => this.#halt(`${this.from}'s client does not answer`));
      this.#signal({ type: "relay", transfer });
    } else if (signal.type === "relayed" && this.#state === "asking") this.#run();
    else if (signal.type === "bytes" || signal.type === "taken") this.#way?.signalled(signal);
    else if (signal.type === "later") this.#halt(signal.why);
  }

  /** Who has offered it is not there. */
  unheard() {
    if (this.#state === "asking" || this.#state === "running") this.#halt(`${this.from} is not there`);
  }

  /** It is not wanted, or not offered, any more. @param {string} why */
  stop(why) {
    this.#fail(why);
  }

  /** Ends it without a word. */
  close() {
    this.#state = "over";
    this.#cancel();
    this.#way?.close();
    this.#parts = [];
  }

  #run() {
    this.#state = "running";
    this.#heardAt = this.house.now();
    const way = this.#way = new FileWay(this.#transfer, (signal) => this.#signal(signal), {
      received: (message) => {
        this.#heardAt = this.house.now();
        if (this.#way === way) this.#take(message, way).catch((error) => this.#fail(reason(error)));
      },
      over: (why) => this.#halt(why),
    });
    this.#watch();
    this.#asked.clear();
    this.#next = 0;
    if (this.#list) return this.#go(way);
    this.#listed = undefined;
    this.#listedBytes = 0;
    void way.send({ type: "list" });
  }

  /** @param {FileMessage} message @param {FileWay} way */
  async #take(message, way) {
    if (message.type === "stop") return this.#end({ why: message.why });
    if (message.type === "listed" && !this.#list) return await this.#part(message, way);
    // What was not asked for would be kept for nobody.
    if (message.type !== "chunk" || !this.#list || !this.#asked.has(message.index)) return;
    const { index, bytes } = message;
    const sound = await isSound(this.#list, index, bytes);
    // It may have been checked twice, by two attempts.
    if (this.#state === "over" || this.#parts[index]) return;
    if (sound) {
      this.#tries = 0;
      this.#parts[index] = new Blob([bytes]);
      this.#here++;
      this.owner.moved(this.done);
    }
    if (this.#way !== way) return;
    this.#asked.delete(index);
    if (!sound) this.#again(index, way);
    this.#ask(way);
  }

  /** @param {Extract<FileMessage, { type: "listed" }>} message @param {FileWay} way */
  async #part({ total, bytes }, way) {
    if (total > LIST_BYTES) throw new RangeError(`its list has ${total} bytes, and at most ${LIST_BYTES} are taken`);
    const list = this.#listed ??= new Uint8Array(total);
    const rest = list.length - this.#listedBytes;
    if (total !== list.length || bytes.length > rest || bytes.length < Math.min(rest, LISTED_BYTES)) {
      throw new RangeError("its list comes in parts that do not fit together");
    }
    list.set(bytes, this.#listedBytes);
    this.#listedBytes += bytes.length;
    if (this.#listedBytes < total) return;
    if (toBase64(await sha256(list)) !== this.offer.digest) throw new TypeError("its list is not the one offered");
    if (this.#way !== way) return;
    this.#list = decodeList(list, this.offer.bytes);
    this.#listed = undefined;
    this.#go(way);
  }

  /** Goes on with what is missing. @param {FileWay} way */
  #go(way) {
    void way.send({ type: "have", count: this.#here });
    this.#ask(way);
  }

  /** @param {FileWay} way */
  #ask(way) {
    const { chunks, chunkBytes } = /** @type {FileList} */ (this.#list);
    if (this.#here === chunks) return this.#finish(way);
    const window = Math.max(2, Math.floor(WINDOW_BYTES / chunkBytes));
    for (; this.#next < chunks && this.#asked.size < window; this.#next++) {
      if (!this.#parts[this.#next]) this.#want(this.#next, way);
    }
  }

  /** @param {number} chunk @param {FileWay} way */
  #want(chunk, way) {
    this.#asked.add(chunk);
    void way.send({ type: "want", first: chunk, count: 1 });
  }

  /** A piece was not what was offered. @param {number} chunk @param {FileWay} way */
  #again(chunk, way) {
    const tries = (this.#spoilt.get(chunk) ?? 0) + 1;
    this.#spoilt.set(chunk, tries);
    if (tries >= TRIES) throw new Error(`part ${chunk + 1} came ${tries} times, and never as it was offered`);
    this.#want(chunk, way);
  }

  /** @param {FileWay} way */
  #finish(way) {
    void way.send({ type: "done" });
    this.#end({ file: new Blob(this.#parts, { type: "application/octet-stream" }) });
  }

  /** So many bytes of it are here. */
  get done() {
    return this.#list ? Math.min(this.offer.bytes, this.#here * this.#list.chunkBytes) : 0;
  }

  /** Looks now and then whether anything still comes. */
  #watch() {
    this.#later(1000, () => {
      if (this.house.now() - this.#heardAt > SILENCE_MS) this.#halt(`nothing has come for ${SILENCE_MS / 1000} s`);
      else this.#watch();
    });
  }

  /** It does not go on at the moment, and is tried again. @param {string} why */
  #halt(why) {
    if (this.#state === "over" || this.#state === "resting") return;
    this.#state = "resting";
    this.#way?.close();
    this.#way = undefined;
    this.owner.halted(why);
    this.#later(Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** this.#tries++), () => this.begin());
  }

  /** It cannot go on here; the other side is told. @param {string} why */
  #fail(why) {
    if (this.#state === "over") return;
    void this.#way?.send({ type: "stop", why });
    this.#end({ why });
  }

  /** @param {{ file: Blob } | { why: string }} end */
  #end(end) {
    if (this.#state === "over") return;
    this.close();
    this.owner.ended(end);
  }

  /** @param {number} ms @param {() => void} act */
  #later(ms, act) {
    this.#cancel();
    this.#cancel = this.house.later(ms, act);
  }

  /** @param {Signal} signal */
  #signal(signal) {
    this.house.signal(this.from, signal);
  }
}
