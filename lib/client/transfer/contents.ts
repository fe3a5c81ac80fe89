import { reason } from "../../core/reason.ts";
import type { AttemptEvent, Failure, KnownTarget, TransferOutput } from "../../protocols/transfer/output.ts";
import type { OfferTaken } from "../../protocols/transfer/offer.ts";
import { BusyError, FileError } from "../../store/disk.ts";
import type { FileReader } from "../../store/file_reader.ts";
import type { FileWriter } from "../../store/file_writer.ts";
import type { TransferStore } from "../../store/transfer_store.ts";

type Output<Type extends TransferOutput["type"]> = Extract<TransferOutput, { type: Type }>;

/** The files that transfers read and write. What goes wrong is an event, in words for people. */
export class Contents {
  readonly #store: TransferStore;
  /** The targets that are open or being opened, by offer. */
  readonly #targets = new Map<string, Promise<FileWriter>>();
  /** The same once they are open. */
  readonly #writers = new Map<string, FileWriter>();
  /** By transfer. */
  readonly #sources = new Map<string, FileReader>();

  constructor(store: TransferStore) {
    this.#store = store;
  }

  /** The target of an offer, opened unless it is open. Throws a `FileError`. */
  openTarget(taken: OfferTaken): Promise<FileWriter> {
    const { id } = taken.offer;
    const open = this.#targets.get(id);
    if (open) return open;
    const opening = this.#store.target(taken).then((target) => {
      this.#writers.set(id, target);
      return target;
    });
    this.#targets.set(id, opening);
    return opening;
  }

  /** Closes the target of an offer; returns where the file is, if it has its name. */
  async closeTarget(offer: string): Promise<string | undefined> {
    const target = await this.#targets.get(offer)?.catch(() => undefined);
    this.#targets.delete(offer);
    await target?.close();
    this.#writers.delete(offer);
    return target?.finished;
  }

  /** Verifies the target of an offer, if there is one, before a stream resumes. */
  async verify(offer: string | undefined): Promise<KnownTarget | Failure | undefined> {
    const target = offer === undefined ? undefined : this.#writers.get(offer);
    try {
      await target?.verify();
      return target?.known;
    } catch (error) {
      return failure(error);
    }
  }

  async openSource({ transfer, made }: Output<"openSource">, isWanted: () => boolean): Promise<AttemptEvent> {
    try {
      const source = await this.#store.source(made);
      if (isWanted()) this.#sources.set(transfer, source);
      else source.close();
      return { type: "sourceOpened", manifest: source.manifest, chunks: source.chunks };
    } catch (error) {
      return { type: "sourceFailed", failure: failure(error) };
    }
  }

  /** Releases the bytes of a chunk that was read. */
  releaseBytes(transfer: string, bytes: Uint8Array): void {
    this.#sources.get(transfer)?.release(bytes);
  }

  closeSource(transfer: string): void {
    this.#sources.get(transfer)?.close();
    this.#sources.delete(transfer);
  }

  async readChunk({ transfer, stream, chunk, check }: Output<"readChunk">): Promise<AttemptEvent> {
    try {
      return { type: "chunkRead", stream, chunk, bytes: await this.#sources.get(transfer)!.read(chunk, check) };
    } catch (error) {
      return { type: "readFailed", stream, failure: failure(error) };
    }
  }

  async keepManifest({ offer, stream, bytes }: Output<"keepManifest">): Promise<AttemptEvent> {
    try {
      const target = this.#writers.get(offer)!;
      await target.keepManifest(bytes);
      return { type: "manifestKept", stream, known: target.known! };
    } catch (error) {
      return { type: "writeFailed", stream, failure: failure(error) };
    }
  }

  async writeChunk({ offer, stream, chunk, bytes }: Output<"writeChunk">): Promise<AttemptEvent> {
    try {
      return { type: "chunkWritten", stream, chunk, isSound: await this.#writers.get(offer)!.write(chunk, bytes) };
    } catch (error) {
      return { type: "writeFailed", stream, failure: failure(error) };
    }
  }

  async finish({ offer }: Output<"finish">): Promise<AttemptEvent> {
    try {
      const target = this.#writers.get(offer)!;
      return { type: "finished", path: await target.finish(), known: target.known! };
    } catch (error) {
      return { type: "finishFailed", failure: failure(error) };
    }
  }
}

export function failure(error: unknown): Failure {
  const why = reason(error);
  return {
    why,
    forOthers: error instanceof FileError ? error.forOthers : why,
    isBusy: error instanceof BusyError,
  };
}
