import { randomBytes } from "node:crypto";
import { join } from "@std/path";
import { encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { decodeManifest, encodeManifest, MANIFEST_BYTES } from "../protocols/transfer/manifest.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import type {
  FileSource,
  FileTarget,
  OfferMade,
  OfferTaken,
  TransferStorage,
  UnackedOutcome,
} from "../protocols/transfer/store.ts";
import { FileError } from "../protocols/transfer/file_error.ts";
import { cannot, said } from "./disk_errors.ts";
import { identityOf, remove } from "./disk.ts";
import { digestFiles, digestOf, FileReader, findFiles } from "./file_reader.ts";
import { FileWriter } from "./file_writer.ts";
import type { TargetKept } from "./part_file.ts";
import { writePrivate } from "./private_file.ts";
import { readList, recordFiles } from "./transfer_record.ts";

const MADE = "offered";
const TAKEN = "taken";
const OWED = "owed";
const RECORD = ".json";
const LIST = ".list";
/** What was offered stands so long; as long as a server keeps what is said. */
const STANDS_MS = 30 * 24 * 60 * 60_000;

interface MadeRecord extends OfferMade {
  readonly time: number;
  /** Why it does not stand any more. */
  readonly ended?: string;
}

interface DebtRecord extends UnackedOutcome {
  readonly time: number;
}

/** What a client keeps of the files it sends and receives, in a folder of its own. */
export class TransferStore implements TransferStorage {
  /** Nothing is read or made before it is asked for. */
  constructor(readonly folder: string, readonly downloads: string) {}

  made(): OfferMade[] {
    return this.#lasting<MadeRecord>(MADE, ({ offer }) => offer.id).filter(({ ended }) => ended === undefined);
  }

  taken(): OfferTaken[] {
    return this.#records<TargetKept>(TAKEN);
  }

  async offer(
    path: string,
    to: string,
    isRoom: boolean,
    progress: (done: number, bytes: number) => void,
  ): Promise<OfferMade> {
    const found = await findFiles(path);
    const manifest = await digestFiles(path, found, progress);
    const list = encodeManifest(manifest);
    if (list.length > MANIFEST_BYTES) {
      throw new FileError(
        `${path}: the list of what is in it has ${list.length} bytes, at most ${MANIFEST_BYTES} are sent`,
      );
    }
    const offer: FileOffer = {
      id: encodeBase64(randomBytes(16)),
      name: found.name,
      bytes: manifest.bytes,
      files: found.isFolder ? found.entries.filter((entry) => !entry.isFolder).length : undefined,
      digest: encodeBase64(digestOf(list)),
    };
    // What nobody could take is not offered.
    await said("offer", path, () => readList(list, offer));
    const whole = await said("look at", path, () => Deno.realPath(path));
    const made = { offer, to, isRoom, path: whole, passedOver: found.passedOver };
    const record = this.#path(MADE, offer.id);
    await said("write", record, () => this.#write(MADE, offer.id, { ...made, time: Date.now() }));
    await said("write", record, () => Deno.writeFile(record + LIST, list, { mode: 0o600 }));
    return made;
  }

  async source({ offer, path }: OfferMade): Promise<FileSource> {
    const file = this.#path(MADE, offer.id) + LIST;
    const list = await said("read", file, () => Deno.readFile(file));
    const manifest = decodeManifest(list, offer);
    if (manifest instanceof Fault) throw new FileError(manifest.message);
    await said("look at", path, () => Deno.stat(path));
    return new FileReader(path, offer.files !== undefined, list, manifest);
  }

  withdraw(made: OfferMade, why: string): void {
    const { id } = made.offer;
    this.#write(MADE, id, { ...made, time: Date.now(), ended: why });
    remove(this.#path(MADE, id) + LIST);
  }

  ended(id: string): string | undefined {
    return this.#read<MadeRecord>(MADE, id)?.ended;
  }

  take(taken: OfferTaken): void {
    const { id } = taken.offer;
    this.#write(TAKEN, id, { ...this.#read<TargetKept>(TAKEN, id), ...taken });
  }

  async target(taken: OfferTaken): Promise<FileTarget> {
    const { id } = taken.offer;
    const folder = join(this.folder, TAKEN);
    await said("make the folder", folder, () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }));
    return await FileWriter.open(this.#read<TargetKept>(TAKEN, id) ?? { ...taken }, {
      record: this.#path(TAKEN, id),
      downloads: this.downloads,
      save: (kept) => this.#write(TAKEN, id, kept),
    });
  }

  drop({ offer }: OfferTaken): void {
    const path = this.#path(TAKEN, offer.id);
    const { part, identity } = this.#read<TargetKept>(TAKEN, offer.id) ?? {};
    // Something else may be there by now.
    if (part !== undefined && whatIsAt(part) === identity) remove(part);
    for (const each of [path + RECORD, ...recordFiles(path)]) remove(each);
  }

  forget(taken: OfferTaken): void {
    if (!this.#read<TargetKept>(TAKEN, taken.offer.id)?.accepted) this.drop(taken);
  }

  debts(): UnackedOutcome[] {
    return this.#lasting<DebtRecord>(OWED, ({ offer }) => offer);
  }

  owe(debt: UnackedOutcome): void {
    this.#write(OWED, debt.offer, { ...debt, time: Date.now() });
  }

  paid(offer: string): void {
    remove(this.#path(OWED, offer) + RECORD);
  }

  /** Records that are not too old; those that are go. */
  #lasting<Kept extends { readonly time: number }>(kind: string, id: (kept: Kept) => string): Kept[] {
    const oldest = Date.now() - STANDS_MS;
    return this.#records<Kept>(kind).filter((kept) => {
      if (kept.time >= oldest) return true;
      for (const ending of [RECORD, LIST]) remove(this.#path(kind, id(kept)) + ending);
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

  /** The file of a record, without its ending. */
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

/** Which file or folder is at a path; null when none is. */
function whatIsAt(path: string): string | null {
  try {
    return identityOf(Deno.lstatSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
