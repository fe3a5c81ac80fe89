import { BufferPool } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { reason } from "../../core/reason.ts";
import {
  decodeFrame,
  encodeFrame,
  type FileMessage,
  type Frame,
  FrameDecoder,
  frameHead,
  HEAD_BYTES,
} from "../../protocols/transfer/frames.ts";
import { TAG_BYTES } from "../../store/transfer_ciphers.ts";
import type { FileKeys } from "../../store/transfer_keys.ts";
import type { ByteChannel } from "./channels.ts";

/** The events of a stream. */
export interface FileStreamListener {
  /** Bytes have arrived. */
  heard(): void;
  received(message: FileMessage): void;
  /** A message was written. */
  sent(message: FileMessage): void;
  /**
   * The stream has broken, by the network or by a malformed frame of the other side; called at most once, and not after
   * `finish` or `close`.
   */
  broken(why: string, isMalformed: boolean): void;
}

/** Cap on frames under way in one direction. */
const BUFFERS = 16;
/** Time for the other side to read the last frames. */
const LINGER_MS = 1000;

/** The frames of one byte channel, sealed if both sides have a key. */
export class FileStream {
  readonly #channel: ByteChannel;
  readonly #listener: FileStreamListener;
  #keys: FileKeys | undefined;
  readonly #waiting: FileMessage[] = [];
  readonly #sending = new BufferPool(BUFFERS);
  readonly #receiving = new BufferPool(BUFFERS);
  #sealed = 0;
  #opened = 0;
  #writing = false;
  #over = false;
  #reading: Promise<void> = Promise.resolve();
  #whenDrained: (() => void) | undefined;

  constructor(channel: ByteChannel, listener: FileStreamListener) {
    this.#channel = channel;
    this.#listener = listener;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Begins to read; nothing is sent before. */
  begin(keys: FileKeys | undefined): void {
    this.#keys = keys;
    this.#reading = this.#read().then((why) => this.#end(why), (error) => this.#end(reason(error)));
  }

  /** Releases the `bytes` of a received message. */
  release(bytes: Uint8Array): void {
    this.#receiving.give(bytes);
  }

  send(message: FileMessage): void {
    if (this.#over) return;
    this.#waiting.push(message);
    if (!this.#writing) this.#write().catch((error) => this.#end(reason(error)));
  }

  /** Closes it once everything is written. What still arrives is read and dropped: unread bytes would reset the connection. */
  async finish(): Promise<void> {
    if (this.#over) return;
    if (this.#writing) await new Promise<void>((resolve) => this.#whenDrained = resolve);
    if (this.#over) return;
    this.#over = true;
    this.#channel.shut();
    const timer = setTimeout(() => this.#channel.close(), LINGER_MS);
    await this.#reading;
    clearTimeout(timer);
    this.#channel.close();
  }

  /** Closes it at once. */
  close(): void {
    this.#over = true;
    this.#whenDrained?.();
    this.#channel.close();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    for (let message; !this.#over && (message = this.#waiting.shift());) {
      const frame = encodeFrame(message, (bytes) => this.#sending.take(bytes));
      const sealed = this.#keys && await this.#seal(this.#keys, frame);
      await this.#channel.write(sealed ?? frame);
      this.#sending.give(frame);
      if (sealed) this.#sending.give(sealed);
      if (!this.#over) this.#listener.sent(message);
    }
    this.#writing = false;
    this.#whenDrained?.();
  }

  async #seal(keys: FileKeys, frame: Uint8Array): Promise<Uint8Array> {
    const kind = frame[0]!;
    const body = frame.subarray(HEAD_BYTES);
    const sealed = this.#sending.take(frame.length + TAG_BYTES);
    sealed.set(frameHead(kind, body.length + TAG_BYTES));
    await keys.ours.seal(this.#sealed++, kind, body, sealed.subarray(HEAD_BYTES));
    return sealed;
  }

  async #read(): Promise<string | Fault> {
    const frames = new FrameDecoder((bytes) => this.#receiving.take(bytes));
    for (let bytes; (bytes = await this.#channel.read(frames.space));) {
      if (this.#over) continue;
      this.#listener.heard();
      frames.push(bytes);
      for (let frame; (frame = frames.next());) {
        const message = frame instanceof Fault
          ? frame
          : this.#keys
          ? await this.#open(this.#keys, frame)
          : decodeFrame(frame);
        if (this.#over) break;
        if (message instanceof Fault) return message;
        // Frames of later versions are ignored.
        if (message) this.#listener.received(message);
      }
    }
    return "the connection is closed";
  }

  async #open(keys: FileKeys, { kind, body }: Frame): Promise<FileMessage | Fault | undefined> {
    const opened = await keys.theirs.open(this.#opened++, kind, body);
    if (!opened) return new Fault("malformed", "a sealed frame cannot be opened");
    return decodeFrame({ kind, body: opened });
  }

  #end(why: string | Fault): void {
    if (this.#over) return;
    this.close();
    if (why instanceof Fault) this.#listener.broken(why.message, true);
    else this.#listener.broken(why, false);
  }
}
