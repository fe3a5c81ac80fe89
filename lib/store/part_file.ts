import { uptime } from "node:os";
import { statfsSync } from "node:fs";
import { dirname, join } from "@std/path";
import { formatBytes } from "../core/text.ts";
import { numbered, safeName } from "../core/file_names.ts";
import type { OfferTaken } from "../protocols/transfer/offer.ts";
import { attempt, cannot, FileError, identityOf, moveFile, moveFolder, statIfThere } from "./disk.ts";

/** The record of a transfer, besides its manifest and its map. Kept on disk: its fields are a format. */
export interface TargetKept extends OfferTaken {
  /** The path that is written to until it has its name; undefined before there is anything. */
  part?: string | undefined;
  /** `identityOf` that file or folder. */
  identity?: string | undefined;
  /** When the machine was started, as far as it can tell. */
  startedAt?: number | undefined;
  /** The name that it was about to be given. */
  naming?: string | undefined;
}

/** Where a transfer's record and its contents go. */
export interface TargetPlace {
  /** The path of the record, without extension. */
  readonly record: string;
  readonly downloads: string;
  save(kept: TargetKept): void;
}

const PART = ".part";
/** The start of the machine is computed from its clock and uptime, and differs a little each time. */
const SAME_START_MS = 60_000;

/** The file or folder that is written until it gets its name; recognised by its identity, not by its path. */
export class PartFile {
  readonly #kept: TargetKept;
  readonly #place: TargetPlace;

  constructor(kept: TargetKept, place: TargetPlace) {
    this.#kept = kept;
    this.#place = place;
  }

  /** Its path, once it was made. */
  get path(): string {
    return this.#kept.part!;
  }

  /** Whether the machine has been restarted since: then not everything may have reached the disk. */
  get mayBeLost(): boolean {
    return Math.abs((this.#kept.startedAt ?? 0) - machineStart()) > SAME_START_MS;
  }

  /** Everything that is marked was read again. */
  wasRead(): void {
    this.#kept.startedAt = machineStart();
    this.#place.save(this.#kept);
  }

  /** The name that it got just before an earlier run ended; undefined if it has none. */
  async named(): Promise<string | undefined> {
    const { part, naming } = this.#kept;
    if (naming === undefined || (part !== undefined && await statIfThere(part))) return undefined;
    return await this.#isOurs(naming) ? naming : undefined;
  }

  async remove(): Promise<void> {
    if (await this.isThere()) await attempt("remove", this.path, () => Deno.remove(this.path, { recursive: true }));
  }

  /** Whether it is where it was, and is the same. */
  async isThere(): Promise<boolean> {
    const { part, identity } = this.#kept;
    const info = part === undefined ? undefined : await statIfThere(part);
    return info !== undefined && identityOf(info) === identity;
  }

  /** Throws a `FileError` if the disk has too little room, where the system tells how much it has. */
  checkRoom(): void {
    const { downloads } = this.#place;
    let free: number;
    try {
      Deno.mkdirSync(downloads, { recursive: true });
      const { bavail, bsize } = statfsSync(downloads);
      free = Number(bavail) * Number(bsize);
    } catch {
      return;
    }
    const { bytes } = this.#kept.offer;
    if (bytes <= free) return;
    const [needed, room] = [formatBytes(bytes), formatBytes(free)];
    throw new FileError(
      `it has ${needed}, and ${downloads} has room for ${room}`,
      `it has ${needed}, and there is room for ${room}`,
    );
  }

  /** Makes an empty file or folder, at a path where nothing is. */
  async make(): Promise<void> {
    const { downloads } = this.#place;
    const { offer } = this.#kept;
    await attempt("make the folder", downloads, () => Deno.mkdir(downloads, { recursive: true }));
    for (let number = 0;; number++) {
      const part = join(downloads, numbered(safeName(offer.name), number) + PART);
      try {
        if (offer.files === undefined) Deno.openSync(part, { write: true, createNew: true }).close();
        else Deno.mkdirSync(part);
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        throw cannot("write", part, error);
      }
      this.#kept.part = part;
      this.#kept.naming = undefined;
      this.#kept.startedAt = machineStart();
      const made = await statIfThere(part);
      this.#kept.identity = made && identityOf(made);
      return this.#place.save(this.#kept);
    }
  }

  /** Gives it a name that nothing has. */
  async giveName(): Promise<string> {
    const { part, offer } = this.#kept;
    const name = safeName(offer.name);
    const move = offer.files === undefined ? moveFile : moveFolder;
    for (let number = 0;; number++) {
      const path = join(dirname(part!), numbered(name, number));
      if (await statIfThere(path)) continue;
      this.#kept.naming = path;
      this.#place.save(this.#kept);
      const given = await attempt("give a name to", part!, () => move(part!, path))
        .catch((error) => {
          this.#kept.naming = undefined;
          this.#place.save(this.#kept);
          throw error;
        });
      if (given) return path;
    }
  }

  /** If an earlier run ended when the file had both names: removes the first, and returns the second. */
  async completeNaming(): Promise<string | undefined> {
    const { naming, offer, identity } = this.#kept;
    // A system without inodes has no links either.
    if (naming === undefined || offer.files !== undefined || !/\d/.test(identity ?? "")) return undefined;
    if (!await this.#isOurs(naming)) return undefined;
    await attempt("remove", this.path, () => Deno.remove(this.path));
    return naming;
  }

  /** Whether a path is the same file or folder under another name. */
  async #isOurs(path: string): Promise<boolean> {
    const info = await statIfThere(path);
    if (!info || identityOf(info) !== this.#kept.identity) return false;
    const { files, bytes } = this.#kept.offer;
    return files === undefined ? info.isFile && info.size === bytes : info.isDirectory;
  }
}

/** When this machine was started; 0 if it does not tell. */
function machineStart(): number {
  try {
    return Math.round(Date.now() - uptime() * 1000);
  } catch {
    return 0;
  }
}
