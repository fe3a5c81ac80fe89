import { dirname, join } from "@std/path";
import { statfsSync } from "node:fs";
import { uptime } from "node:os";
import { formatBytes } from "../core/text.ts";
import { FileError } from "../protocols/transfer/file_error.ts";
import { numbered, safeName } from "../protocols/transfer/safe_names.ts";
import type { OfferTaken } from "../protocols/transfer/store.ts";
import { identityOf, lookAt, moveFile, moveFolder } from "./disk.ts";
import { cannot, said } from "./disk_errors.ts";

/** What is remembered of a transfer, besides its list and its map. */
export interface TargetKept extends OfferTaken {
  /** What is written until it has its name; undefined before there is anything. */
  part?: string | undefined;
  /** Which file or folder that is (`identityOf`). */
  identity?: string | undefined;
  /** When the machine was started, as far as it can tell. */
  startedAt?: number | undefined;
  /** The name that it was about to be given. */
  naming?: string | undefined;
}

/** Where a transfer is kept, and where it goes. */
export interface TargetPlace {
  /** Without its ending. */
  readonly record: string;
  readonly downloads: string;
  save(kept: TargetKept): void;
}

const PART = ".part";
/** Two runs of one system tell its start a little differently. */
const SAME_START_MS = 60_000;

/** What is written until it has its name: a file, or a folder, which nobody else's is taken for. */
export class PartFile {
  readonly #kept: TargetKept;
  readonly #place: TargetPlace;

  constructor(kept: TargetKept, place: TargetPlace) {
    this.#kept = kept;
    this.#place = place;
  }

  /** Where it is, once it was made. */
  get path(): string {
    return this.#kept.part!;
  }

  /** Whether the machine was started anew since: then it may not have got to writing all of it. */
  get mayBeLost(): boolean {
    return Math.abs((this.#kept.startedAt ?? 0) - machineStart()) > SAME_START_MS;
  }

  /** All that is marked was read again. */
  wasRead(): void {
    this.#kept.startedAt = machineStart();
    this.#place.save(this.#kept);
  }

  /** The name that it was given when the program ended; undefined when it has none yet. */
  async named(): Promise<string | undefined> {
    const { part, naming } = this.#kept;
    if (naming === undefined || (part !== undefined && await lookAt(part))) return undefined;
    return await this.#isOurs(naming) ? naming : undefined;
  }

  async remove(): Promise<void> {
    if (await this.isThere()) await said("remove", this.path, () => Deno.remove(this.path, { recursive: true }));
  }

  /** Whether what was written is where it was, and is no other. */
  async isThere(): Promise<boolean> {
    const { part, identity } = this.#kept;
    const info = part === undefined ? undefined : await lookAt(part);
    return info !== undefined && identityOf(info) === identity;
  }

  /** Says it before an hour has passed, where the system tells how much room there is. */
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
    if (bytes > free) {
      const cause = `it has ${formatBytes(bytes)}, and there is room for ${formatBytes(free)}`;
      throw new FileError(cause.replace("there is", `${downloads} has`), cause);
    }
  }

  /** Makes what is written until it has its name, where nothing is. */
  async make(): Promise<void> {
    const { downloads } = this.#place;
    const { offer } = this.#kept;
    await said("make the folder", downloads, () => Deno.mkdir(downloads, { recursive: true }));
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
      const made = await lookAt(part);
      this.#kept.identity = made && identityOf(made);
      return this.#place.save(this.#kept);
    }
  }

  /** A name that nothing has. */
  async giveName(): Promise<string> {
    const { part, offer } = this.#kept;
    const name = safeName(offer.name);
    const move = offer.files === undefined ? moveFile : moveFolder;
    for (let number = 0;; number++) {
      const path = join(dirname(part!), numbered(name, number));
      if (await lookAt(path)) continue;
      this.#kept.naming = path;
      this.#place.save(this.#kept);
      const given = await said("give a name to", part!, () => move(part!, path))
        .catch((error) => {
          this.#kept.naming = undefined;
          this.#place.save(this.#kept);
          throw error;
        });
      if (given) return path;
    }
  }

  /** The program was ended between the second name and the end of the first, which ends now; the name, if that was so. */
  async takeBack(): Promise<string | undefined> {
    const { naming, offer, identity } = this.#kept;
    // Where the system does not tell files apart, there is no second name either.
    if (naming === undefined || offer.files !== undefined || !/\d/.test(identity ?? "")) return undefined;
    if (!await this.#isOurs(naming)) return undefined;
    await said("remove", this.path, () => Deno.remove(this.path));
    return naming;
  }

  /** Whether a path is what we have written, under another name. */
  async #isOurs(path: string): Promise<boolean> {
    const info = await lookAt(path);
    if (!info || identityOf(info) !== this.#kept.identity) return false;
    const { files, bytes } = this.#kept.offer;
    return files === undefined ? info.isFile && info.size === bytes : info.isDirectory;
  }
}

/** When this machine was started, as far as it can tell; 0 when it does not say. */
function machineStart(): number {
  try {
    return Math.round(Date.now() - uptime() * 1000);
  } catch {
    return 0;
  }
}
