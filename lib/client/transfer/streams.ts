import { randomBytes } from "node:crypto";
import { encodeBase64 } from "../../core/bytes.ts";
import { formatAddress, isLoopback } from "../../core/address.ts";
import { ownNetworkAddresses } from "../../net/own_addresses.ts";
import { type FileMessage, hasContent } from "../../protocols/transfer/frames.ts";
import type {
  AttemptEvent,
  Failure,
  KnownTarget,
  RelaySignal,
  TransferOutput,
} from "../../protocols/transfer/output.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { FileKey, FileKeys } from "../../store/transfer_keys.ts";
import { type ByteChannel, RelayChannel, TcpChannel } from "./channels.ts";
import { FileStream } from "./file_stream.ts";
import { dialTransfer, TransferListener } from "./listener.ts";

type Output<Type extends TransferOutput["type"]> = Extract<TransferOutput, { type: Type }>;

/** The services of the runner that streams use. */
export interface StreamsContext {
  /** A key pair for one attempt; undefined where nothing can be sealed. */
  freshKey(): Promise<FileKey | undefined>;
  signal(to: string, signal: Signal): void;
  isWanted(transfer: string): boolean;
  event(transfer: string, event: AttemptEvent): void;
  /** A frame was written. */
  sent(transfer: string, message: FileMessage): void;
}

/** Everything open for one attempt. */
interface Attempt {
  /** Our key for connections that we accept, and for the receiver's. */
  key: FileKey | undefined;
  relay: RelayChannel | undefined;
  readonly streams: Set<number>;
}

interface Stream {
  readonly frames: FileStream;
  /** The inputs of the key agreement: our key pair, and a fresh value. */
  readonly key: FileKey | undefined;
  readonly nonce: string;
  readonly relayed: boolean;
}

/** The byte streams of all attempts: dials, listens, relays and seals, as the machine asks. */
export class Streams {
  readonly #context: StreamsContext;
  readonly #listener: TransferListener;
  readonly #attempts = new Map<string, Attempt>();
  readonly #streams = new Map<number, Stream>();
  #last = 0;

  constructor(context: StreamsContext) {
    this.#context = context;
    this.#listener = new TransferListener((transfer) => context.isWanted(transfer));
  }

  /** Begins an attempt. */
  begin(transfer: string): void {
    this.#attempts.set(transfer, { key: undefined, relay: undefined, streams: new Set() });
  }

  /** Expects connections for an attempt; returns what the other side is told. */
  async expect(transfer: string): Promise<{ token: string; at: string[]; key: string | undefined } | undefined> {
    const key = await this.#context.freshKey();
    const attempt = this.#attempts.get(transfer);
    if (!attempt) return undefined;
    attempt.key = key;
    const token = freshName();
    this.#listener.expect(transfer, {
      token,
      connected: ({ conn, key, nonce }) => this.#connected(transfer, new TcpChannel(conn), "caller", nonce, key),
    });
    return { token, at: placesAt(this.#listener.port), key: key?.public };
  }

  has(transfer: string): boolean {
    return this.#attempts.has(transfer);
  }

  async dial({ transfer, addresses, token, seals }: Output<"dial">): Promise<void> {
    const key = this.#attempts.get(transfer)?.key ?? (seals ? await this.#context.freshKey() : undefined);
    const dialled = await dialTransfer(addresses, transfer, token, key?.public);
    if (dialled) this.#connected(transfer, new TcpChannel(dialled.conn), "dial", dialled.nonce, undefined, key);
    else this.#context.event(transfer, { type: "unreachable" });
  }

  async relay({ transfer, to }: Output<"relay">): Promise<void> {
    const attempt = this.#attempts.get(transfer);
    if (attempt) attempt.key ??= await this.#context.freshKey();
    if (!attempt || this.#attempts.get(transfer) !== attempt) return;
    const channel = attempt.relay = new RelayChannel(transfer, (signal) => this.#context.signal(to, signal));
    this.#connected(transfer, channel, "relay", "");
  }

  relaySignal(transfer: string, signal: RelaySignal): void {
    this.#attempts.get(transfer)?.relay?.receive(signal);
  }

  /** Agrees on keys and waits for `verify`; then frames are read. */
  async open(
    { transfer, stream: id, theirKey, target }: Output<"open">,
    verify: () => Promise<KnownTarget | Failure | undefined>,
  ): Promise<void> {
    const stream = this.#streams.get(id);
    if (!stream) return;
    const { key: ours, nonce, relayed, frames } = stream;
    let keys: FileKeys | undefined;
    if (theirKey && ours) {
      keys = await ours.agree(theirKey, transfer + nonce, target === undefined);
      // If both sides can seal, nothing is sent in the clear.
      if (!keys) return this.#context.event(transfer, { type: "openFailed", stream: id, failure: undefined });
    }
    const verified = await verify();
    if (verified && "why" in verified) {
      return this.#context.event(transfer, { type: "openFailed", stream: id, failure: verified });
    }
    if (frames.isOver) return;
    frames.begin(keys);
    this.#context.event(transfer, { type: "opened", stream: id, relayed, sealed: !!keys, known: verified });
  }

  send({ stream, message }: Output<"frame">): void {
    this.#streams.get(stream)?.frames.send(message);
  }

  /** Releases the bytes of a received chunk. */
  releaseBytes(stream: number, bytes: Uint8Array): void {
    this.#streams.get(stream)?.frames.release(bytes);
  }

  /** Closes a stream once everything is written. */
  finish(id: number): void {
    const frames = this.#take(id);
    void frames?.finish();
  }

  close(id: number): void {
    this.#take(id)?.close();
  }

  /** Ends an attempt. Streams that are finishing go on. */
  release(transfer: string): void {
    const attempt = this.#attempts.get(transfer);
    this.#attempts.delete(transfer);
    this.#listener.forget(transfer);
    for (const id of attempt?.streams ?? []) this.close(id);
  }

  closeAll(): void {
    for (const transfer of [...this.#attempts.keys()]) this.release(transfer);
    this.#listener.close();
  }

  #connected(
    transfer: string,
    channel: ByteChannel,
    by: "dial" | "caller" | "relay",
    nonce: string,
    theirKey?: string,
    key = this.#attempts.get(transfer)?.key,
  ): void {
    const attempt = this.#attempts.get(transfer);
    if (!attempt) return channel.close();
    const id = ++this.#last;
    const event = (event: AttemptEvent) => this.#context.event(transfer, event);
    const frames = new FileStream(channel, {
      heard: () => event({ type: "heard", stream: id }),
      received: (message) => event({ type: "frame", stream: id, message }),
      sent: (message) => {
        this.#context.sent(transfer, message);
        if (hasContent(message)) event({ type: "sent", stream: id });
      },
      broken: (why, isMalformed) => event({ type: "broken", stream: id, why, isMalformed }),
    });
    this.#streams.set(id, { frames, key, nonce, relayed: by === "relay" });
    attempt.streams.add(id);
    event({ type: "connected", stream: id, by, theirKey, ourKey: key?.public });
  }

  #take(id: number): FileStream | undefined {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    for (const attempt of this.#attempts.values()) attempt.streams.delete(id);
    return stream?.frames;
  }
}

/** A random name of 16 bytes. */
export function freshName(): string {
  return encodeBase64(randomBytes(16));
}

/** Where a listener can be reached, if there is one. */
function placesAt(port: number | undefined): string[] {
  return port === undefined ? [] : ownPlaces(port);
}

/** This machine's IPv4 addresses with a port, the loopback address last. */
export function ownPlaces(port: number): string[] {
  let addresses: string[];
  try {
    addresses = ownNetworkAddresses();
  } catch {
    // The other side still sees the address of our chat connection.
    addresses = [];
  }
  const outside = addresses.filter((address) => !isLoopback(address));
  return [...outside, "127.0.0.1"].map((address) => formatAddress({ hostname: address, port }));
}
