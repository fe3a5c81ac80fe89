import { FileBytes } from "../../chat/shared_file.ts";
import { concat, decodeBase64, encodeBase64, equals } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { ChunkMap } from "./chunk_map.ts";
import { chunkBytesFor, decodeManifest, DIGEST_BYTES, encodeManifest, Manifest } from "./manifest.ts";
import type { FileOffer } from "./offer.ts";
import type { KnownTarget } from "./output.ts";

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** A file in memory that is offered. Its digests are made chunk by chunk, so that a large file does not block the event loop. */
export class MemorySource {
  readonly chunks: number;
  /** The encoded manifest; undefined until every chunk is digested. */
  manifest: Uint8Array | undefined;
  readonly #manifest: Manifest;
  #digested = 0;

  constructor(readonly name: string, readonly contents: FileBytes, readonly sha256: Sha256) {
    const { bytes } = contents;
    const chunkBytes = chunkBytesFor(bytes);
    const digests = new Uint8Array(Math.ceil(bytes / chunkBytes) * DIGEST_BYTES);
    this.#manifest = new Manifest([{ path: name, bytes, isFolder: false }], chunkBytes, digests);
    this.chunks = this.#manifest.chunks;
  }

  /** Digests one chunk. */
  digest(): void {
    const { digests } = this.#manifest;
    if (this.#digested < this.chunks) {
      digests.set(this.sha256(this.read(this.#digested)), this.#digested * DIGEST_BYTES);
      this.#digested++;
    }
    if (this.#digested === this.chunks) this.manifest = encodeManifest(this.#manifest);
  }

  /** The offer of it, once it is digested. */
  offer(id: string): FileOffer {
    const { name, contents: { bytes } } = this;
    return { id, name, bytes, files: undefined, digest: encodeBase64(this.sha256(this.manifest!)) };
  }

  read(chunk: number): Uint8Array {
    const parts: Uint8Array[] = [];
    const start = chunk * this.#manifest.chunkBytes;
    const length = this.#manifest.lengthOf(chunk);
    for (let at = 0; at < length; at += parts.at(-1)!.length) parts.push(this.contents.read(start + at, length - at));
    return parts.length === 1 ? parts[0]! : concat(parts);
  }
}

/** A file that is received into memory. */
export class MemoryTarget {
  readonly contents: FileBytes;
  known: KnownTarget | undefined;
  /** Whether it has been passed on. */
  isFinished = false;
  #manifest: Manifest | undefined;

  constructor(readonly offer: FileOffer, readonly sha256: Sha256) {
    this.contents = new FileBytes(offer.bytes);
  }

  /** Verifies the manifest and takes it; why it cannot be taken, if it cannot. */
  keepManifest(bytes: Uint8Array): string | undefined {
    if (!equals(this.sha256(bytes), decodeBase64(this.offer.digest)!)) {
      return "its list is not the one that was offered";
    }
    const manifest = decodeManifest(bytes, this.offer);
    if (manifest instanceof Fault) return manifest.message;
    this.#manifest = manifest;
    this.known = { map: new ChunkMap(manifest.chunks), chunkBytes: manifest.chunkBytes };
    return undefined;
  }

  /** Takes a chunk; false if it is not the offered one. */
  write(chunk: number, bytes: Uint8Array): boolean {
    const manifest = this.#manifest!;
    if (bytes.length !== manifest.lengthOf(chunk)) return false;
    if (!equals(this.sha256(bytes), manifest.digestOf(chunk))) return false;
    this.contents.put(chunk * manifest.chunkBytes, bytes);
    this.known!.map.add(chunk);
    return true;
  }
}
