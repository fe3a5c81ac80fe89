import { encodeBase64, equals } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { ChunkMap } from "../protocols/transfer/chunk_map.ts";
import {
  chunkBytesFor,
  decodeManifest,
  DIGEST_BYTES,
  encodeManifest,
  Manifest,
} from "../protocols/transfer/manifest.ts";
import type { AttemptEvent, TransferOutput } from "../protocols/transfer/output.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import { safeName } from "../core/file_names.ts";
import { errorText } from "./format.ts";
import { sha256 } from "./sha256.ts";

/** A file that the user offers; the browser reads it chunk by chunk. */
export class OfferedFile {
  private constructor(readonly file: File, readonly manifest: Manifest, readonly encoded: Uint8Array) {}

  /** Reads and digests a file; `progress` is told the bytes read so far. */
  static async read(file: File, progress: (done: number) => void): Promise<OfferedFile> {
    const chunkBytes = chunkBytesFor(file.size);
    const chunks = Math.ceil(file.size / chunkBytes);
    const digests = new Uint8Array(chunks * DIGEST_BYTES);
    const entry = { path: safeName(file.name), bytes: file.size, isFolder: false };
    const manifest = new Manifest([entry], chunkBytes, digests);
    for (let chunk = 0; chunk < chunks; chunk++) {
      digests.set(await sha256(await readChunk(file, manifest, chunk)), chunk * DIGEST_BYTES);
      progress(Math.min(file.size, (chunk + 1) * chunkBytes));
    }
    return new OfferedFile(file, manifest, encodeManifest(manifest));
  }

  async offer(id: string): Promise<FileOffer> {
    const { name, size } = this.file;
    return { id, name, bytes: size, files: undefined, digest: encodeBase64(await sha256(this.encoded)) };
  }

  /** A chunk; throws if `check` is set and it is not what was offered. */
  async chunk(chunk: number, check: boolean): Promise<Uint8Array> {
    const bytes = await readChunk(this.file, this.manifest, chunk);
    if (check && !equals(await sha256(bytes), this.manifest.digestOf(chunk))) throw new Error("the file has changed");
    return bytes;
  }
}

async function readChunk(file: File, manifest: Manifest, chunk: number): Promise<Uint8Array> {
  const start = chunk * manifest.chunkBytes;
  return new Uint8Array(await file.slice(start, start + manifest.lengthOf(chunk)).arrayBuffer());
}

/** A file that is being received: verified chunks as blobs, which the browser keeps in memory or on disk. */
export class IncomingFile {
  readonly #chunks: Blob[] = [];
  #manifest: Manifest | undefined;
  #map: ChunkMap | undefined;
  /** Where the browser has the file, once it is complete. */
  url: string | undefined;

  constructor(readonly offer: FileOffer) {}

  /** What has arrived; undefined before there is a manifest. */
  get known(): { readonly map: ChunkMap; readonly chunkBytes: number } | undefined {
    return this.#map && { map: this.#map, chunkBytes: this.#manifest!.chunkBytes };
  }

  /** Throws if it is not the manifest that was offered. */
  async keepManifest(bytes: Uint8Array): Promise<void> {
    if (encodeBase64(await sha256(bytes)) !== this.offer.digest) throw new Error("its list is not the one offered");
    const manifest = decodeManifest(bytes, this.offer);
    if (manifest instanceof Fault) throw manifest;
    this.#manifest = manifest;
    this.#map = new ChunkMap(manifest.chunks);
  }

  /** Keeps a chunk if it is what was offered, and returns whether it is. */
  async keepChunk(chunk: number, bytes: Uint8Array): Promise<boolean> {
    const manifest = this.#manifest!;
    if (bytes.length !== manifest.lengthOf(chunk)) return false;
    if (!equals(await sha256(bytes), manifest.digestOf(chunk))) return false;
    this.#chunks[chunk] ??= new Blob([bytes as Uint8Array<ArrayBuffer>]);
    this.#map!.add(chunk);
    return true;
  }

  /** The whole file; all chunks must be there. */
  get blob(): Blob {
    return new Blob(this.#chunks, { type: "application/octet-stream" });
  }
}

type Output<Type extends TransferOutput["type"]> = Extract<TransferOutput, { type: Type }>;

/** The contents of all files that the page sends or receives. Results are events of the attempts. */
export class FileContents {
  /** What is being sent, by transfer. */
  readonly #sources = new Map<string, OfferedFile>();
  readonly #incoming = new Map<string, IncomingFile>();

  /** `save` downloads a file, and returns the address under which the page still has it. */
  constructor(
    readonly save: (file: Blob, name: string) => string,
    readonly event: (transfer: string, event: AttemptEvent) => void,
  ) {}

  openSource(transfer: string, source: OfferedFile): void {
    this.#sources.set(transfer, source);
    this.event(transfer, { type: "sourceOpened", manifest: source.encoded, chunks: source.manifest.chunks });
  }

  closeSource(transfer: string): void {
    this.#sources.delete(transfer);
  }

  openIncoming(offer: FileOffer): IncomingFile {
    let incoming = this.#incoming.get(offer.id);
    if (!incoming) this.#incoming.set(offer.id, incoming = new IncomingFile(offer));
    return incoming;
  }

  incoming(offer: string): IncomingFile | undefined {
    return this.#incoming.get(offer);
  }

  /** Forgets what has arrived. */
  drop(offer: string): void {
    this.#incoming.delete(offer);
  }

  readChunk({ transfer, stream, chunk, check }: Output<"readChunk">): void {
    const work = this.#sources.get(transfer)!.chunk(chunk, check);
    this.#report(transfer, stream, "readFailed", work.then((bytes) => ({ type: "chunkRead", stream, chunk, bytes })));
  }

  keepManifest({ offer, transfer, stream, bytes }: Output<"keepManifest">): void {
    const incoming = this.#incoming.get(offer)!;
    const work = incoming.keepManifest(bytes);
    this.#report(
      transfer,
      stream,
      "writeFailed",
      work.then(() => ({ type: "manifestKept", stream, known: incoming.known! })),
    );
  }

  writeChunk({ offer, transfer, stream, chunk, bytes }: Output<"writeChunk">): void {
    const work = this.#incoming.get(offer)!.keepChunk(chunk, bytes);
    this.#report(
      transfer,
      stream,
      "writeFailed",
      work.then((isSound) => ({ type: "chunkWritten", stream, chunk, isSound })),
    );
  }

  /** Reports the result of some work, or that it has failed. */
  #report(transfer: string, stream: number, failed: "readFailed" | "writeFailed", work: Promise<AttemptEvent>): void {
    void work.catch((error): AttemptEvent => {
      const why = errorText(error);
      return { type: failed, stream, failure: { why, forOthers: why } };
    }).then((event) => this.event(transfer, event));
  }

  finish({ offer, transfer }: Output<"finish">): void {
    const incoming = this.#incoming.get(offer)!;
    incoming.url ??= this.save(incoming.blob, safeName(incoming.offer.name));
    this.event(transfer, { type: "finished", path: incoming.url, known: incoming.known! });
  }
}
