import type { Target } from "../../chat/store.ts";
import type { ChunkMap } from "./chunk_map.ts";
import type { Manifest } from "./manifest.ts";
import type { FileOffer } from "./offer.ts";

/** Something of ours that was offered, and is read from the disk as it is asked for. */
export interface FileSource {
  readonly manifest: Uint8Array;
  readonly chunks: number;
  /** A chunk; `check`, whether it is still as it was offered. Throws what a person can be told when it cannot be had. */
  read(chunk: number, check: boolean): Promise<Uint8Array>;
  /** A chunk that was read is not used any more. */
  release(bytes: Uint8Array): void;
  close(): void;
}

/** Something of somebody else's on its way here. What is kept stays kept, whatever ends the program. */
export interface FileTarget {
  /** What is there already; undefined before there is a list. */
  readonly known: { readonly manifest: Manifest; readonly map: ChunkMap } | undefined;
  /** Where it is, if it had its name already; then nothing else is done with it. */
  readonly finished: string | undefined;
  /** Looks whether what is marked as being here still is, before a stream goes on with it. */
  look(): Promise<void>;
  /** Takes the list; throws what a person can be told when it is not the one that was offered, or cannot be kept. */
  list(bytes: Uint8Array): Promise<void>;
  /** Keeps a chunk; false when it is not the one that was offered. Throws when it cannot be kept. */
  keep(chunk: number, bytes: Uint8Array): Promise<boolean>;
  /** All is there: gives it its name, which nothing else has, and says where it is; undefined, when some of it is gone again. */
  finish(): Promise<string | undefined>;
  /** Lets go of the disk; what is there stays. */
  close(): Promise<void>;
}

/** An offer that we have made: to whom, and of what. */
export interface OfferMade {
  readonly offer: FileOffer;
  readonly to: string;
  /** Whether `to` is a room. */
  readonly isRoom: boolean;
  readonly path: string;
  /** How much in a folder is neither file nor folder, and stays here. */
  readonly passedOver: number;
}

/** An offer to us that was not refused, and that is not all here yet. */
export interface OfferTaken {
  readonly offer: FileOffer;
  readonly from: string;
  readonly to: Target;
  /** Whether the person wants it. */
  readonly accepted: boolean;
}

/** What became of somebody's offer here, until they are known to know it. */
export interface UnackedOutcome {
  readonly offer: string;
  readonly to: string;
  /** Why it is not taken; undefined when all of it is here. */
  readonly why: string | undefined;
}

/** What a client keeps of the files it sends and receives. */
export interface TransferStorage {
  /** Offers of earlier runs that still stand. */
  made(): OfferMade[];
  taken(): OfferTaken[];
  /**
   * Reads what is to be offered, once, and keeps its list; `progress` is told how many bytes were read, and of how many. Throws
   * what a person can be told.
   */
  offer(path: string, to: string, isRoom: boolean, progress: (done: number, bytes: number) => void): Promise<OfferMade>;
  source(made: OfferMade): Promise<FileSource>;
  /** An offer of ours does not stand any more; why, is kept for those who ask for it later. */
  withdraw(made: OfferMade, why: string): void;
  /** Why an offer of ours does not stand any more; undefined when it does, or is none of ours. */
  ended(id: string): string | undefined;
  /** Keeps an offer, or that it was accepted; what came of it before is still there. */
  take(taken: OfferTaken): void;
  target(taken: OfferTaken): Promise<FileTarget>;
  /** Forgets an offer taken, and what came of it, unless it has its name already. */
  drop(taken: OfferTaken): void;
  /** Forgets an offer that nobody has decided about, at another screen neither. */
  forget(taken: OfferTaken): void;
  /** What others are still to be told, of earlier runs too. */
  debts(): UnackedOutcome[];
  owe(debt: UnackedOutcome): void;
  paid(offer: string): void;
}
