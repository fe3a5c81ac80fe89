import { randomBytes } from "node:crypto";
import { join } from "@std/path";
import { encodeBase64 } from "../base/base64.ts";
import { Fault } from "../base/fault.ts";
import { decodeManifest, encodeManifest, MANIFEST_BYTES } from "../wire/file/manifest.ts";
import type { FileOffer } from "../wire/file/offer.ts";
import type { FileShelf, FileSource, FileTarget, OfferMade, OfferTaken } from "../wire/file/store.ts";
import { FileError, said } from "./file_error.ts";
import { digestFiles, digestOf, FilesRead, findFiles } from "./file_reading.ts";
import { FilesWritten, targetFiles, type TargetRecord } from "./file_target.ts";
import { writeOwn } from "./own_file.ts";

const MADE = "offered";
const TAKEN = "taken";
const RECORD = ".json";
const LIST = ".list";
/** What was offered stands so long; as long as a server keeps what is said. */
const STANDS_MS = 30 * 24 * 60 * 60_000;

interface MadeRecord extends OfferMade {
  readonly time: number;
}

/** What a client keeps of the files it sends and receives, in a folder of its own. */
export class FilesKept implements FileShelf {
  /** Nothing is read or made before it is asked for. */
  constructor(readonly folder: string, readonly downloads: string) {}

  made(): OfferMade[] {
    const now = Date.now();
    return this.#records<MadeRecord>(MADE).filter((made) => {
      const stands = now - made.time < STANDS_MS;
      if (!stands) this.withdraw(made);
      return stands;
    });
  }

  taken(): OfferTaken[] {
    return this.#records<TargetRecord>(TAKEN);
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
    const whole = await said("look at", path, () => Deno.realPath(path));
    const made = { offer, to, isRoom, path: whole, passedOver: found.passedOver };
    const record = this.#path(MADE, offer);
    await said(
      "write",
      record,
      () => writeOwn(join(this.folder, MADE), fileName(offer), { ...made, time: Date.now() }),
    );
    await said("write", record, () => Deno.writeFile(record + LIST, list, { mode: 0o600 }));
    return made;
  }

  async source({ offer, path }: OfferMade): Promise<FileSource> {
    const file = this.#path(MADE, offer) + LIST;
    const list = await said("read", file, () => Deno.readFile(file));
    const manifest = decodeManifest(list, offer);
    if (manifest instanceof Fault) throw new FileError(manifest.message);
    await said("look at", path, () => Deno.stat(path));
    return new FilesRead(path, offer.files !== undefined, list, manifest);
  }

  withdraw({ offer }: OfferMade): void {
    const record = this.#path(MADE, offer);
    for (const path of [record + RECORD, record + LIST]) remove(path);
  }

  take(taken: OfferTaken): void {
    this.#save({ ...this.#record(taken.offer), ...taken });
  }

  async target(taken: OfferTaken): Promise<FileTarget> {
    const { offer } = taken;
    return await FilesWritten.open(this.#record(offer) ?? taken, {
      record: this.#path(TAKEN, offer),
      downloads: this.downloads,
      save: (record) => this.#save(record),
    });
  }

  drop({ offer }: OfferTaken): void {
    const path = this.#path(TAKEN, offer);
    const record = this.#record(offer);
    if (record?.part !== undefined) remove(record.part);
    for (const each of [path + RECORD, ...targetFiles(path)]) remove(each);
  }

  #save(record: TargetRecord | OfferTaken): void {
    try {
      writeOwn(join(this.folder, TAKEN), fileName(record.offer), record);
    } catch (error) {
      throw new FileError(`cannot write ${this.#path(TAKEN, record.offer)}: ${(error as Error).message}`);
    }
  }

  #record({ id }: FileOffer): TargetRecord | undefined {
    return this.#records<TargetRecord>(TAKEN).find(({ offer }) => offer.id === id);
  }

  /** The file of an offer, without its ending. */
  #path(kind: string, offer: FileOffer): string {
    return join(this.folder, kind, fileName(offer).slice(0, -RECORD.length));
  }

  #records<Kept>(kind: string): Kept[] {
    const folder = join(this.folder, kind);
    const records: Kept[] = [];
    let names: string[];
    try {
      names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(RECORD)).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    for (const name of names) {
      try {
        records.push(JSON.parse(Deno.readTextFileSync(join(folder, name))));
      } catch { /* written by no version of ours, or not to the end: it is not one of our offers */ }
    }
    return records;
  }
}

function fileName({ id }: FileOffer): string {
  return id.replaceAll("/", "_").replaceAll("+", "-") + RECORD;
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
