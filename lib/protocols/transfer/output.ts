import type { Target } from "../../chat/entry.ts";
import type { Outputs } from "../../core/machine.ts";
import type { Address } from "../../core/address.ts";
import type { ChunkMap } from "./chunk_map.ts";
import type { FileEvent } from "./event.ts";
import type { FileMessage } from "./frames.ts";
import type { OfferMade, OfferTaken, UnackedOutcome } from "./offer.ts";
import type { RtcDescription } from "./rtc_description.ts";
import type { Signal } from "./signal.ts";

/**
 * What `FileTransfers` wants done. `transfer` names one attempt to move one offer to one receiver; `stream` numbers a byte
 * stream of an attempt and is chosen by the runner. The answer to an output, if any, is named in quotes: an event for `event` or `offerEvent`, or else a method.
 */
export type TransferOutput =
  /** Send a signal to the clients of a user who is online. */
  | { readonly type: "signal"; readonly to: string; readonly signal: Signal }
  /** Send a chat message with an offer; "notSaid" if it is not accepted. */
  | { readonly type: "say"; readonly to: Target; readonly text: string; readonly offer: string }
  | { readonly type: "show"; readonly event: FileEvent }
  /** Tell the user why a command cannot be carried out. */
  | { readonly type: "problem"; readonly why: string }
  /** Read the records of earlier runs; `restored`. */
  | { readonly type: "restore" }
  /** Read and digest what is to be offered under an id; `reading`, then `read` or `notRead`. */
  | { readonly type: "readOffer"; readonly offer: string; readonly to: Target; readonly path: string }
  /** Record that an offer was accepted; "accepted". */
  | { readonly type: "accept"; readonly taken: OfferTaken }
  /** Write records in this order, up to the first that fails. The user is told of a failure if `reports`. */
  | { readonly type: "record"; readonly changes: readonly RecordChange[]; readonly reports: boolean }
  /** Look up whether an offer of an earlier run has ended; `foundEnded` if it has. */
  | { readonly type: "findEnded"; readonly to: string; readonly offer: string }
  /**
   * Open the offer's target, make a key, a name and a token for a new attempt, and expect connections with that token;
   * "prepared" or "notPrepared".
   */
  | { readonly type: "prepare"; readonly taken: OfferTaken; readonly attempt: number }
  /** Close the offer's target, whose contents stay on disk; "targetClosed". */
  | { readonly type: "closeTarget"; readonly offer: string }
  /** Open the files of an offer for reading; "sourceOpened" or "sourceFailed". */
  | { readonly type: "openSource"; readonly transfer: string; readonly made: OfferMade }
  /**
   * Connect to the first of these addresses that knows the token; "connected" or "unreachable". A browser connects to the one
   * in `rtc` instead, with "answered" before.
   */
  | {
    readonly type: "dial";
    readonly transfer: string;
    readonly token: string;
    readonly addresses: readonly Address[];
    /** Whether the other side can seal; then a key is sent along. */
    readonly seals: boolean;
    readonly rtc?: RtcDescription | undefined;
  }
  /**
   * Expect connections for a transfer, with a new token and key; "listening", then "connected" for each. `rtc`: the other side is
   * a browser.
   */
  | { readonly type: "listen"; readonly transfer: string; readonly rtc: boolean }
  /** The other side's browser connects to ours, as it was told in "listening". */
  | { readonly type: "answered"; readonly transfer: string; readonly rtc: RtcDescription }
  /** Open a stream that is relayed through the chat; "connected". */
  | { readonly type: "relay"; readonly transfer: string; readonly to: string }
  /** Pass a signal to the relayed stream. */
  | { readonly type: "relaySignal"; readonly transfer: string; readonly signal: RelaySignal }
  /**
   * Agree on keys with the other side's, if there is one, and verify that the receiver's target is still on disk; "opened" or
   * "openFailed". Frames are read only after that.
   */
  | {
    readonly type: "open";
    readonly transfer: string;
    readonly stream: number;
    readonly theirKey: string | undefined;
    /** The offer whose target is verified; undefined for the sender. */
    readonly target: string | undefined;
  }
  /** Send a frame on a stream; "sent" once it is written, for chunks and parts of a manifest. */
  | { readonly type: "frame"; readonly stream: number; readonly message: FileMessage }
  /** Close a stream once all its frames have been written. No more events are expected of it. */
  | { readonly type: "finishStream"; readonly stream: number }
  /** Close a stream at once. No more events are expected of it. */
  | { readonly type: "closeStream"; readonly stream: number }
  /** Release everything of an attempt: expected connections, source, keys, and streams that are not finishing. */
  | { readonly type: "release"; readonly transfer: string }
  /** Read a chunk, and verify it if `check`; "chunkRead" or "readFailed". */
  | {
    readonly type: "readChunk";
    readonly transfer: string;
    readonly stream: number;
    readonly chunk: number;
    readonly check: boolean;
  }
  /** Verify and keep the manifest; "manifestKept" or "writeFailed". */
  | TargetOutput & { readonly type: "keepManifest"; readonly bytes: Uint8Array }
  /** Verify and write a chunk, and mark it in the map if it is sound; "chunkWritten" or "writeFailed". */
  | TargetOutput & { readonly type: "writeChunk"; readonly chunk: number; readonly bytes: Uint8Array }
  /** All chunks are written: give the file its name; "finished" or "finishFailed". */
  | { readonly type: "finish"; readonly offer: string; readonly transfer: string };

interface TargetOutput {
  readonly offer: string;
  readonly transfer: string;
  readonly stream: number;
}

export type RelaySignal = Extract<Signal, { type: "bytes" | "taken" }>;

export type RecordChange =
  | { readonly type: "take" | "drop" | "forget"; readonly taken: OfferTaken }
  | { readonly type: "withdraw"; readonly made: OfferMade; readonly why: string }
  | { readonly type: "owe"; readonly outcome: UnackedOutcome }
  | { readonly type: "acknowledged"; readonly offer: string };

/** What the receiver has on disk. The runner marks chunks in `map`; the machine only reads it. */
export interface KnownTarget {
  readonly map: ChunkMap;
  readonly chunkBytes: number;
}

/** Why something failed on this machine: in words for its user, and for others, who are not told paths. */
export interface Failure {
  readonly why: string;
  readonly forOthers: string;
  /** Another program of the same user does it already. */
  readonly isBusy?: boolean;
}

/** What a new attempt starts with. */
export interface Prepared {
  /** Random names of 16 bytes, in base64. */
  readonly transfer: string;
  readonly token: string;
  /** Where this machine can be reached, if anywhere. */
  readonly at: readonly string[];
  /** The text of the `PublicKey` of the attempt; undefined where nothing can be sealed. */
  readonly key: string | undefined;
  /** Whether this is a browser that connects to others. */
  readonly rtc?: boolean;
  readonly known: KnownTarget | undefined;
  /** Where the file is, if an earlier run has already finished it. */
  readonly finished: string | undefined;
}

/** What a runner reports about an offer. */
export type OfferEvent =
  /** The acceptance is recorded. */
  | { readonly type: "accepted" }
  | Prepared & { readonly type: "prepared"; readonly attempt: number }
  | { readonly type: "notPrepared"; readonly attempt: number; readonly failure: Failure }
  /** `finished` is where the file is, if it has its name. */
  | { readonly type: "targetClosed"; readonly finished: string | undefined }
  /** The message with the offer was not accepted. */
  | { readonly type: "notSaid"; readonly why: string };

/** What a runner reports about an attempt. */
export type AttemptEvent =
  | { readonly type: "sourceOpened"; readonly manifest: Uint8Array; readonly chunks: number }
  | { readonly type: "sourceFailed"; readonly failure: Failure }
  | {
    readonly type: "listening";
    readonly token: string;
    readonly at: readonly string[];
    readonly key: string | undefined;
    readonly rtc?: RtcDescription | undefined;
  }
  /** How our browser connects to the other side's. */
  | { readonly type: "answered"; readonly rtc: RtcDescription }
  | { readonly type: "unreachable" }
  | {
    readonly type: "connected";
    readonly stream: number;
    readonly by: "dial" | "caller" | "relay";
    /** The key that a caller has sent. */
    readonly theirKey: string | undefined;
    /** Our key for a relayed stream. */
    readonly ourKey: string | undefined;
  }
  | {
    readonly type: "opened";
    readonly stream: number;
    readonly relayed: boolean;
    readonly sealed: boolean;
    /** Of the receiver's target; undefined before it has a manifest, and for the sender. */
    readonly known: KnownTarget | undefined;
  }
  /** No keys can be agreed on, or the disk fails. */
  | { readonly type: "openFailed"; readonly stream: number; readonly failure: Failure | undefined }
  | { readonly type: "frame"; readonly stream: number; readonly message: FileMessage }
  /** Some bytes have arrived, of whatever frame. */
  | { readonly type: "heard"; readonly stream: number }
  | { readonly type: "sent"; readonly stream: number }
  /** The stream has broken: by the network, or by what the other side has sent on it. */
  | { readonly type: "broken"; readonly stream: number; readonly why: string; readonly isMalformed?: boolean }
  | { readonly type: "chunkRead"; readonly stream: number; readonly chunk: number; readonly bytes: Uint8Array }
  | { readonly type: "readFailed"; readonly stream: number; readonly failure: Failure }
  | { readonly type: "manifestKept"; readonly stream: number; readonly known: KnownTarget }
  | { readonly type: "chunkWritten"; readonly stream: number; readonly chunk: number; readonly isSound: boolean }
  | { readonly type: "writeFailed"; readonly stream: number; readonly failure: Failure }
  | { readonly type: "finishFailed"; readonly failure: Failure }
  /** The file has its name; without `path`, some of it has disappeared from the disk, and `known` says what is left. */
  | {
    readonly type: "finished";
    readonly path: string | undefined;
    readonly known: KnownTarget;
  };

/** One side of the attempts at one offer. */
export interface Side {
  readonly wakeAt: number;
  tick(now: number): void;
  offerEvent(event: OfferEvent, now: number): void;
  event(transfer: string, event: AttemptEvent, now: number): void;
  /** Whether another connection for this attempt is welcome. */
  wantsStream(transfer: string, now: number): boolean;
}

/** What the parts of one `FileTransfers` share. */
export interface TransferContext {
  readonly out: Outputs<TransferOutput>;
  /** The attempts that go on, by name. */
  readonly attempts: Map<string, Side>;
  /**
   * Users whose browser this one could not connect to, or whose connection broke, since they or we came online: a relayed stream
   * works sooner.
   */
  readonly relayOnly: Set<string>;
}
