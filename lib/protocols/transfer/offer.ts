import type { Target } from "../../chat/entry.ts";
import { decodeBase64 } from "../../core/bytes.ts";
import { formatBytes } from "../../core/text.ts";

/** A file or a folder that is offered. */
export interface FileOffer {
  /** Random: a client that knows it has received the offer. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** The number of files in a folder; undefined for a single file. */
  readonly files: number | undefined;
  /** SHA-256 of the manifest, in base64. Everything that is sent can be verified by it. */
  readonly digest: string;
}

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

const ID_BYTES = 16;
const DIGEST_BYTES = 32;
/** More than any disk has, and exact as a number. */
const MAX_BYTES = 2 ** 50;
const LINK = /<partyline-file:([\w+/]{22}):([\w+/]{43}):(\d{1,16}):(\d{1,9}|-):([^\s<>]{1,3000})>$/;

/**
 * An offer as a chat message: a sentence for people, and a link for programs. It is sent, kept and confirmed like any message,
 * by every protocol.
 */
export function offerText({ id, name, bytes, files, digest }: FileOffer): string {
  const what = files === undefined ? name : `the folder ${name}, ${files === 1 ? "1 file" : `${files} files`}`;
  const link = [id, digest, bytes, files ?? "-", encodeURIComponent(name)].join(":");
  return `offers ${what} (${formatBytes(bytes)}) <partyline-file:${link}>`;
}

/** The offer in a message, if there is one. */
export function readOffer(text: string): FileOffer | undefined {
  const [, id = "", digest = "", bytes = "", files = "", link = ""] = LINK.exec(text) ?? [];
  const name = decodedName(link);
  if (name === undefined || Number(bytes) > MAX_BYTES) return undefined;
  if (decodeBase64(id)?.length !== ID_BYTES || decodeBase64(digest)?.length !== DIGEST_BYTES) return undefined;
  return { id, name, bytes: Number(bytes), files: files === "-" ? undefined : Number(files), digest };
}

function decodedName(link: string): string | undefined {
  try {
    return decodeURIComponent(link) || undefined;
  } catch {
    return undefined;
  }
}
