import { BufferPool } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { reason } from "../../core/reason.ts";
import { clock } from "../../net/clock.ts";
import {
  decodeFrame,
  encodeFrame,
  type FileMessage,
  type Frame,
  FrameDecoder,
  frameHead,
  HEAD_BYTES,
} from "../../protocols/transfer/frames.ts";
import type { FileKeys } from "../../protocols/transfer/keys.ts";
import type { ByteChannel } from "./byte_channel.ts";

/** Who listens to a stream. */
export interface FileStreamOwner {
  received(message: FileMessage): void;
  /** A message has gone out. */
  sent(message: FileMessage): void;
  /** It is over, and why; called once, and not after `close`. */
  over(why: string): void;
}

/** As much as is under way. */
const BUFFERS = 16;
/** For the other side to take the last that was said. */
const LINGER_MS = 1000;

/** Messages of a transfer on a way for bytes, sealed where there are keys. */
export class FileStream {
  readonly #way: ByteChannel;
  readonly #keys: FileKeys | undefined;
  readonly #owner: FileStreamOwner;
  readonly #waiting: FileMessage[] = [];
  readonly #going = new BufferPool(BUFFERS);
  readonly #came = new BufferPool(BUFFERS);
  #sealed = 0;
  #opened = 0;
  #writing = false;
  #over = false;
  #reading: Promise<void> = Promise.resolve();
  #whenDrained: (() => void) | undefined;
  /** When anything came last. */
  heardAt = clock();

  constructor(way: ByteChannel, keys: FileKeys | undefined, owner: FileStreamOwner) {
    this.#way = way;
    this.#keys = keys;
    this.#owner = owner;
  }

  /** Begins to listen. */
  begin(): void {
    this.#reading = this.#read().then((why) => this.#end(why), (error) => this.#end(reason(error)));
  }

  /** What came as `bytes` in a message is not used any more. */
  release(bytes: Uint8Array): void {
    if (!this.#keys) this.#came.give(bytes);
  }

  send(message: FileMessage): void {
    if (this.#over) return;
    this.#waiting.push(message);
    if (!this.#writing) this.#write().catch((error) => this.#end(reason(error)));
  }

  /** Ends it once what was said has arrived, or cannot: what still comes is passed over, or it would overtake that. */
  async finish(): Promise<void> {
    if (this.#over) return;
    if (this.#writing) await new Promise<void>((resolve) => this.#whenDrained = resolve);
    if (this.#over) return;
    this.#over = true;
    this.#way.shut();
    const timer = setTimeout(() => this.#way.close(), LINGER_MS);
    await this.#reading;
    clearTimeout(timer);
    this.#way.close();
  }

  /** Ends it at once. */
  close(): void {
    this.#over = true;
    this.#whenDrained?.();
    this.#way.close();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    for (let message; !this.#over && (message = this.#waiting.shift());) {
      const frame = encodeFrame(message, (bytes) => this.#going.take(bytes));
      const sealed = this.#keys && await this.#seal(this.#keys, frame);
      await this.#way.write(sealed ?? frame);
      this.#going.give(frame);
      if (sealed) this.#going.give(sealed);
      if (!this.#over) this.#owner.sent(message);
    }
    this.#writing = false;
    this.#whenDrained?.();
  }

  async #seal(keys: FileKeys, frame: Uint8Array): Promise<Uint8Array> {
    const kind = frame[0]!;
    const box = await keys.seal(this.#sealed++, kind, frame.subarray(HEAD_BYTES));
    const sealed = this.#going.take(HEAD_BYTES + box.length);
    sealed.set(frameHead(kind, box.length));
    sealed.set(box, HEAD_BYTES);
    return sealed;
  }

  async #read(): Promise<string> {
    const frames = new FrameDecoder((bytes) => this.#came.take(bytes));
    for (let bytes; (bytes = await this.#way.read(frames.space));) {
      if (this.#over) continue;
      this.heardAt = clock();
      frames.push(bytes);
      for (let frame; (frame = frames.next());) {
        const message = frame instanceof Fault
          ? frame
          : this.#keys
          ? await this.#open(this.#keys, frame)
          : decodeFrame(frame);
        if (this.#over) break;
        if (message instanceof Fault) return message.message;
        // Of a later version.
        if (message) this.#owner.received(message);
      }
    }
    return "the connection is gone";
  }

  async #open(keys: FileKeys, { kind, body }: Frame): Promise<FileMessage | Fault | undefined> {
    const opened = await keys.open(this.#opened++, kind, body);
    this.#came.give(body);
    if (!opened) return new Fault("malformed", "something sealed came that cannot be opened");
    return decodeFrame({ kind, body: opened });
  }

  #end(why: string): void {
    if (this.#over) return;
    this.close();
    this.#owner.over(why);
  }
}
