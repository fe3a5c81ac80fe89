import { decodeBase64 } from "../../core/bytes.ts";
import { formatBytes } from "../../core/text.ts";

/** A file, or a folder with all that is in it, that somebody would send. */
export interface FileOffer {
  /** Names the offer, and nobody can guess it: who knows it was offered the file. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** How many files a folder has; undefined for one file alone. */
  readonly files: number | undefined;
  /** SHA-256 of the manifest, in base64: all that is sent can be checked against it. */
  readonly digest: string;
}

const ID_BYTES = 16;
const DIGEST_BYTES = 32;
/** More than any disk holds, and still exact. */
const MOST_BYTES = 2 ** 50;
const LINK = /<partyline-file:([\w+/]{22}):([\w+/]{43}):(\d{1,16}):(\d{1,9}|-):([^\s<>]{1,3000})>$/;

/**
 * An offer as a message: a sentence for whoever reads it, and a link for their program. It goes where texts go, is kept and
 * confirmed as texts are, and is read at every door.
 */
export function offerText({ id, name, bytes, files, digest }: FileOffer): string {
  const what = files === undefined ? name : `the folder ${name}, ${files === 1 ? "1 file" : `${files} files`}`;
  const link = [id, digest, bytes, files ?? "-", encodeURIComponent(name)].join(":");
  return `offers ${what} (${formatBytes(bytes)}) <partyline-file:${link}>`;
}

/** The offer in a message; undefined when there is none. */
export function readOffer(text: string): FileOffer | undefined {
  const [, id = "", digest = "", bytes = "", files = "", link = ""] = LINK.exec(text) ?? [];
  const name = decodedName(link);
  if (name === undefined || Number(bytes) > MOST_BYTES) return undefined;
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
