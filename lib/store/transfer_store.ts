import { join } from "@std/path";
import { encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { decodeManifest, encodeManifest, MANIFEST_BYTES } from "../protocols/transfer/manifest.ts";
import type { FileOffer, OfferMade, OfferTaken, UnackedOutcome } from "../protocols/transfer/offer.ts";
import { attempt, cannot, FileError, identityOf, remove } from "./disk.ts";
import { digestFiles, digestOf, FileReader, findFiles } from "./file_reader.ts";
import { FileWriter } from "./file_writer.ts";
import type { TargetKept } from "./part_file.ts";
import { writePrivate } from "./private_file.ts";
import { readManifest, recordFiles } from "./transfer_record.ts";

const MADE = "offered";
const TAKEN = "taken";
const OWED = "owed";
const RECORD = ".json";
const LIST = ".list";
/** Offers are valid for as long as a server keeps messages. */
const VALID_MS = 30 * 24 * 60 * 60_000;

interface MadeRecord extends OfferMade {
  readonly time: number;
  /** Why the offer is not valid any more. */
  readonly ended?: string;
}

interface OutcomeRecord extends UnackedOutcome {
  readonly time: number;
}

/** A client's records of the files that it sends and receives, in a folder of their own. */
export class TransferStore {
  /** Nothing is read or made yet. */
  constructor(readonly folder: string, readonly downloads: string) {}

  /** Offers of ours that are still valid. */
  made(): OfferMade[] {
    return this.#lasting<MadeRecord>(MADE, ({ offer }) => offer.id).filter(({ ended }) => ended === undefined);
  }

  /** Offers to us that were neither refused nor received completely. */
  taken(): OfferTaken[] {
    return this.#records<TargetKept>(TAKEN);
  }

  /** Reads everything at a path once, and keeps its manifest under a random id of 16 bytes. Throws a `FileError`. */
  async offer(
    id: string,
    path: string,
    to: string,
    isRoom: boolean,
    progress: (done: number, bytes: number) => void,
  ): Promise<OfferMade> {
    const found = await findFiles(path);
    const manifest = await digestFiles(path, found, progress);
    const encoded = encodeManifest(manifest);
    if (encoded.length > MANIFEST_BYTES) {
      throw new FileError(
        `${path}: its list of files has ${encoded.length} bytes; at most ${MANIFEST_BYTES} can be sent`,
      );
    }
    const offer: FileOffer = {
      id,
      name: found.name,
      bytes: manifest.bytes,
      files: found.isFolder ? found.entries.filter((entry) => !entry.isFolder).length : undefined,
      digest: encodeBase64(digestOf(encoded)),
    };
    // No receiver could accept what we cannot read.
    await attempt("offer", path, () => readManifest(encoded, offer));
    const absolute = await attempt("look at", path, () => Deno.realPath(path));
    const made = { offer, to, isRoom, path: absolute, passedOver: found.skipped };
    const record = this.#path(MADE, offer.id);
    await attempt("write", record, () => this.#write(MADE, offer.id, { ...made, time: Date.now() }));
    await attempt("write", record, () => Deno.writeFile(record + LIST, encoded, { mode: 0o600 }));
    return made;
  }

  /** Opens an offer of ours for reading. Throws a `FileError`. */
  async source({ offer, path }: OfferMade): Promise<FileReader> {
    const file = this.#path(MADE, offer.id) + LIST;
    const encoded = await attempt("read", file, () => Deno.readFile(file));
    const manifest = decodeManifest(encoded, offer);
    if (manifest instanceof Fault) throw new FileError(manifest.message);
    await attempt("look at", path, () => Deno.stat(path));
    return new FileReader(path, offer.files !== undefined, encoded, manifest);
  }

  /** An offer of ours is not valid any more; why, is kept for those who ask for it later. */
  withdraw(made: OfferMade, why: string): void {
    const { id } = made.offer;
    this.#write(MADE, id, { ...made, time: Date.now(), ended: why });
    remove(this.#path(MADE, id) + LIST);
  }

  /** Why an offer of ours is not valid any more; undefined if it is, or is not ours. */
  ended(id: string): string | undefined {
    return this.#read<MadeRecord>(MADE, id)?.ended;
  }

  /** Keeps an offer to us, or that it was accepted. */
  take(taken: OfferTaken): void {
    const { id } = taken.offer;
    this.#write(TAKEN, id, { ...this.#read<TargetKept>(TAKEN, id), ...taken });
  }

  /** Opens an offer to us for writing. Throws a `FileError`. */
  async target(taken: OfferTaken): Promise<FileWriter> {
    const { id } = taken.offer;
    const folder = join(this.folder, TAKEN);
    await attempt("make the folder", folder, () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }));
    return await FileWriter.open(this.#read<TargetKept>(TAKEN, id) ?? { ...taken }, {
      record: this.#path(TAKEN, id),
      downloads: this.downloads,
      save: (kept) => this.#write(TAKEN, id, kept),
    });
  }

  /** Forgets an offer to us, and removes what was received, unless it has its name. */
  drop({ offer }: OfferTaken): void {
    const path = this.#path(TAKEN, offer.id);
    const { part, identity } = this.#read<TargetKept>(TAKEN, offer.id) ?? {};
    // Another file may be there by now.
    if (part !== undefined && identityAt(part) === identity) remove(part);
    for (const each of [path + RECORD, ...recordFiles(path)]) remove(each);
  }

  /** Forgets an offer that the user has not accepted on another device. */
  forget(taken: OfferTaken): void {
    if (!this.#read<TargetKept>(TAKEN, taken.offer.id)?.accepted) this.drop(taken);
  }

  /** The outcomes that senders have not acknowledged. */
  outcomes(): UnackedOutcome[] {
    return this.#lasting<OutcomeRecord>(OWED, ({ offer }) => offer);
  }

  owe(outcome: UnackedOutcome): void {
    this.#write(OWED, outcome.offer, { ...outcome, time: Date.now() });
  }

  acknowledged(offer: string): void {
    remove(this.#path(OWED, offer) + RECORD);
  }

  /** Reads the records of a kind, and removes those that are too old. */
  #lasting<Kept extends { readonly time: number }>(kind: string, id: (kept: Kept) => string): Kept[] {
    const oldest = Date.now() - VALID_MS;
    return this.#records<Kept>(kind).filter((kept) => {
      if (kept.time >= oldest) return true;
      for (const extension of [RECORD, LIST]) remove(this.#path(kind, id(kept)) + extension);
      return false;
    });
  }

  #write(kind: string, id: string, value: unknown): void {
    try {
      writePrivate(join(this.folder, kind), fileName(id) + RECORD, value);
    } catch (error) {
      throw cannot("write", this.#path(kind, id), error);
    }
  }

  #read<Kept>(kind: string, id: string): Kept | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(this.#path(kind, id) + RECORD));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** The path of a record, without extension. */
  #path(kind: string, id: string): string {
    return join(this.folder, kind, fileName(id));
  }

  #records<Kept>(kind: string): Kept[] {
    let names: string[];
    try {
      names = [...Deno.readDirSync(join(this.folder, kind))].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    const ids = names.filter((name) => name.endsWith(RECORD)).sort();
    const records = ids.map((name) => this.#read<Kept>(kind, name.slice(0, -RECORD.length)));
    return records.filter((record) => record !== undefined);
  }
}

function fileName(id: string): string {
  return id.replaceAll("/", "_").replaceAll("+", "-");
}

/** The identity of what is at a path; null if there is nothing. */
function identityAt(path: string): string | null {
  try {
    return identityOf(Deno.lstatSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
