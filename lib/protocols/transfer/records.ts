import type { Target } from "../../chat/entry.ts";
import type { FileOffer } from "./offer.ts";

/** An offer of ours. Records are kept on disk: their fields are a format. */
export interface OfferMade {
  readonly offer: FileOffer;
  readonly to: string;
  /** Whether `to` is a room. */
  readonly isRoom: boolean;
  readonly path: string;
  /** The number of links, devices and the like in a folder, which are not sent. */
  readonly passedOver: number;
}

/** An offer to us that was neither refused nor received completely. */
export interface OfferTaken {
  readonly offer: FileOffer;
  readonly from: string;
  readonly to: Target;
  readonly accepted: boolean;
}

/** The outcome of an offer to us, until its sender acknowledges it. */
export interface UnackedOutcome {
  readonly offer: string;
  readonly to: string;
  /** Why it was refused; undefined if everything was received. */
  readonly why: string | undefined;
}
