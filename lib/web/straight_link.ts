import { Fault } from "../core/errors.ts";
import { encodeFrame, type FileMessage, FrameDecoder, hasContent } from "../protocols/transfer/frames.ts";
import type { AttemptEvent } from "../protocols/transfer/output.ts";
import type { RtcDescription } from "../protocols/transfer/rtc_description.ts";
import type { Connection, DataChannel } from "./rtc.ts";
import { MESSAGE_BYTES, readSdp, writeSdp } from "./sdp.ts";
import { NO_FRAME, STRAIGHT_BROKEN } from "./texts.ts";

/** For the browser to find its addresses: without servers outside it asks its own machine alone. */
const GATHER_MS = 1000;
/** How long a connection that the browser finds interrupted may take to come back. */
const INTERRUPTED_MS = 3000;
/** For the last frames of a stream to arrive. */
const CLOSE_MS = 5000;
/** Bytes given to the browser that have not left: above the first nothing more is given, until only the second are left. */
const HIGH_BYTES = 1024 * 1024;
const LOW_BYTES = 256 * 1024;

/** One connection to another browser, and the frames on its data channel. */
export class StraightLink {
  readonly #connection: Connection;
  readonly #channel: DataChannel;
  readonly #frames = new FrameDecoder();
  readonly #waiting: FileMessage[] = [];
  /** What is left of the frame that is being sent, and whether it is reported. */
  #rest: Uint8Array | undefined;
  #isCounted = false;
  #isOpen = false;
  #isFinishing = false;
  #isClosed = false;
  #interruption: ReturnType<typeof setTimeout> | undefined;

  constructor(
    connection: Connection,
    readonly id: number,
    readonly transfer: string,
    readonly by: "dial" | "caller",
    readonly report: (event: AttemptEvent) => void,
  ) {
    this.#connection = connection;
    // Both sides have it from the beginning, with this number.
    const channel = this.#channel = connection.createDataChannel("file", { negotiated: true, id: 0 });
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_BYTES;
    channel.onopen = () => this.#opened();
    channel.onmessage = ({ data }) => this.#received(data);
    channel.onbufferedamountlow = () => this.#write();
    channel.onclose = channel.onerror = () => this.#lost(STRAIGHT_BROKEN);
    connection.onconnectionstatechange = () => this.#changed();
  }

  /** What the other browser has to know to connect, or to be answered; undefined if there can be no connection. */
  async describe(offer?: RtcDescription): Promise<RtcDescription | undefined> {
    const connection = this.#connection;
    try {
      if (offer) await connection.setRemoteDescription({ type: "offer", sdp: writeSdp(offer, "offer") });
      const gathered = new Promise<void>((resolve) => {
        connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && resolve();
        setTimeout(resolve, GATHER_MS);
      });
      await connection.setLocalDescription();
      await gathered;
      return this.#isClosed ? undefined : readSdp(connection.localDescription!.sdp);
    } catch { // It was closed meanwhile, or the browser takes no such offer.
      return undefined;
    }
  }

  answered(answer: RtcDescription): void {
    // What cannot be used stays without a connection, and the other side asks for another way.
    this.#connection.setRemoteDescription({ type: "answer", sdp: writeSdp(answer, "answer") }).catch(() => {});
  }

  /** Reports that there is no connection, if there is none by now. */
  giveUp(): void {
    if (this.#isOpen || this.#isClosed) return;
    this.close();
    this.report({ type: "unreachable" });
  }

  send(message: FileMessage): void {
    this.#waiting.push(message);
    this.#write();
  }

  finish(): void {
    this.#isFinishing = true;
    setTimeout(() => this.close(), CLOSE_MS);
    this.#write();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#interruption);
    this.#connection.close();
  }

  #opened(): void {
    if (this.#isClosed) return;
    this.#isOpen = true;
    this.report({ type: "connected", stream: this.id, by: this.by, theirKey: undefined, ourKey: undefined });
  }

  #received(data: ArrayBuffer | string): void {
    if (this.#isClosed || this.#isFinishing) return;
    if (typeof data === "string") return this.#lost(NO_FRAME, true);
    this.report({ type: "heard", stream: this.id });
    this.#frames.push(new Uint8Array(data));
    for (const message of this.#frames.messages()) {
      if (message instanceof Fault) return this.#lost(message.message, true);
      this.report({ type: "frame", stream: this.id, message });
      if (this.#isClosed) return;
    }
  }

  /** Gives the browser as much as it may hold. */
  #write(): void {
    const channel = this.#channel;
    while (!this.#isClosed && channel.readyState === "open" && channel.bufferedAmount < HIGH_BYTES) {
      if (!this.#rest) {
        const message = this.#waiting.shift();
        // The browser sends what it was given before it closes the channel.
        if (!message) return this.#isFinishing ? channel.close() : undefined;
        this.#rest = encodeFrame(message);
        this.#isCounted = hasContent(message);
      }
      const rest = this.#rest as Uint8Array<ArrayBuffer>;
      channel.send(rest.subarray(0, MESSAGE_BYTES));
      this.#rest = rest.length > MESSAGE_BYTES ? rest.subarray(MESSAGE_BYTES) : undefined;
      if (!this.#rest && this.#isCounted) this.report({ type: "sent", stream: this.id });
    }
  }

  #changed(): void {
    clearTimeout(this.#interruption);
    const { connectionState: state } = this.#connection;
    if (state === "failed") this.#lost(STRAIGHT_BROKEN);
    if (state !== "disconnected") return;
    this.#interruption = setTimeout(() => this.#lost(STRAIGHT_BROKEN), INTERRUPTED_MS);
  }

  #lost(why: string, isMalformed = false): void {
    if (this.#isClosed) return;
    if (!this.#isOpen) return this.by === "dial" ? this.giveUp() : undefined;
    this.close();
    if (!this.#isFinishing) this.report({ type: "broken", stream: this.id, why, isMalformed });
  }
}
