import { IMAGE_KINDS, type ImageHeader, type ImageKind } from "../../core/image_header.ts";
import { formatBytes } from "../../core/text.ts";

/** A file that was left at the server for the members of a conversation. */
export interface Attachment {
  /** Random: 16 bytes in hexadecimal. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
  /** What kind of image it is, and its size; undefined for other files. */
  readonly image: ImageHeader | undefined;
}

/** Bytes of a file at the server in one request: few are sent again when a connection is lost, and progress is seen. */
export const ATTACHMENT_PIECE_BYTES = 4 * 1024 * 1024;
/** More than any disk has, and exact as a number. */
const MAX_BYTES = 2 ** 50;
const LINK =
  /<partyline-attachment:([0-9a-f]{32}):([0-9a-f]{64}):(\d{1,16}):(?:-|([a-z]{3,4})\.(\d{1,10})x(\d{1,10})):([^\s<>]{1,3000})>$/;

/** What `Attachment.id` and `Attachment.sha256` look like. */
export const ATTACHMENT_ID = /^[0-9a-f]{32}$/;
export const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * An attachment as a chat message: a sentence for people, and a link for programs. It is sent, kept and confirmed like any
 * message, by every protocol.
 */
export function attachmentText({ id, name, bytes, sha256, image }: Attachment): string {
  const size = image === undefined ? "-" : `${image.kind}.${image.width}x${image.height}`;
  const link = [id, sha256, bytes, size, encodeURIComponent(name)].join(":");
  return attachmentAddress({ name, bytes }, `<partyline-attachment:${link}>`);
}

/** The same sentence with another address, such as one that a browser opens. */
export function attachmentAddress({ name, bytes }: Pick<Attachment, "name" | "bytes">, address: string): string {
  return `left ${name} (${formatBytes(bytes)}) at the server ${address}`;
}

/** The attachment in a message, if there is one. */
export function readAttachment(text: string): Attachment | undefined {
  const [, id = "", sha256 = "", digits = "", kind, width, height, link = ""] = LINK.exec(text) ?? [];
  const name = decodedName(link);
  const bytes = Number(digits);
  if (name === undefined || bytes > MAX_BYTES) return undefined;
  if (kind === undefined) return { id, name, bytes, sha256, image: undefined };
  if (!isImageKind(kind)) return undefined;
  return { id, name, bytes, sha256, image: { kind, width: Number(width), height: Number(height) } };
}

function isImageKind(kind: string): kind is ImageKind {
  return (IMAGE_KINDS as readonly string[]).includes(kind);
}

function decodedName(link: string): string | undefined {
  try {
    return decodeURIComponent(link) || undefined;
  } catch {
    return undefined;
  }
}
