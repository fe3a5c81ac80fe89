import type { Target } from "../../hub/store.ts";
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
  /** Takes the list; throws what a person can be told when it is not the one that was offered, or cannot be kept. */
  list(bytes: Uint8Array): Promise<void>;
  /** Keeps a chunk; false when it is not the one that was offered. Throws when it cannot be kept. */
  keep(chunk: number, bytes: Uint8Array): Promise<boolean>;
  /** All is there: gives it its name, which nothing else has, and says where it is. */
  finish(): Promise<string>;
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

/** What a client keeps of the files it sends and receives. */
export interface FileShelf {
  /** Offers of earlier runs that still stand. */
  made(): OfferMade[];
  taken(): OfferTaken[];
  /**
   * Reads what is to be offered, once, and keeps its list; `progress` is told how many bytes were read, and of how many. Throws
   * what a person can be told.
   */
  offer(path: string, to: string, isRoom: boolean, progress: (done: number, bytes: number) => void): Promise<OfferMade>;
  source(made: OfferMade): Promise<FileSource>;
  withdraw(made: OfferMade): void;
  /** Keeps an offer, or that it was accepted; what came of it before is still there. */
  take(taken: OfferTaken): void;
  target(taken: OfferTaken): Promise<FileTarget>;
  /** Forgets an offer taken, and what came of it, unless it has its name already. */
  drop(taken: OfferTaken): void;
}
