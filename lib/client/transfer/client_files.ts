import { join } from "@std/path";
import type { Target } from "../../chat/store.ts";
import type { FileAct, FileEvent } from "../../protocols/transfer/event.ts";
import { FileTransfers, type FileTransfersWay, type Heard } from "./files.ts";
import { TransferStore } from "../../store/transfer_store.ts";
import { freshFileKey } from "../../store/transfer_keys.ts";
import { usualFolder } from "../../store/identity.ts";

/** Where files are shown. */
export interface FilesFace {
  file(event: FileEvent): void;
  said(id: string, to: Target, text: string): void;
  problem(text: string): void;
}

/** Where files are kept, and where they go; undefined for the usual folders. */
export interface FilesPlan {
  readonly data: string | undefined;
  readonly downloads: string | undefined;
}

/** Between two looks at whether files still move. */
const LOOK_MS = 100;

/** The files of a client, from the moment it is known whose they are. */
export class ClientFiles {
  #files: FileTransfers | undefined;
  #leaving = false;

  constructor(
    readonly plan: FilesPlan,
    readonly face: FilesFace,
    readonly chat: Pick<FileTransfersWay, "say" | "signal">,
  ) {}

  /** We are in the chat, under this name, for the first time or again. */
  cameIn(name: string): void {
    this.#files ??= new FileTransfers({
      signal: (to, text) => this.chat.signal(to, text),
      say: (to, text) => {
        const said = this.chat.say(to, text);
        if ("id" in said) this.face.said(said.id, to, text);
        return said;
      },
      shelf: new TransferStore(
        join(this.plan.data ?? usualFolder(), `files-${encodeURIComponent(name).replaceAll("*", "%2A")}`),
        this.plan.downloads ?? usualDownloads(),
      ),
      freshKey: freshFileKey,
      show: (event) => this.face.file(event),
      problem: (why) => this.face.problem(why),
    });
    this.#files.cameIn();
  }

  do(act: FileAct): void {
    if (this.#files) this.#files.do(act);
    else this.face.problem("files can be sent once you are in");
  }

  /** Whether what was said is an offer, and shown as one. */
  heard(said: Heard, own: boolean): boolean {
    return this.#files?.heard(said, own) ?? false;
  }

  online(name: string): void {
    this.#files?.online(name);
  }

  signalled(from: string, text: string, seen: string | undefined): void {
    this.#files?.signalled(from, text, seen);
  }

  unheard(to: string): void {
    this.#files?.unheard(to);
  }

  /** Leaves by `act` once nothing moves any more. */
  leave(act: () => void): void {
    if (!this.#files?.moves || this.#leaving) return act();
    this.#leaving = true;
    this.face.problem(
      "files are on their way; you leave when they are there. Ctrl-C leaves now, and they go on next time",
    );
    const timer = setInterval(() => {
      if (this.#files!.moves) return;
      clearInterval(timer);
      act();
    }, LOOK_MS);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }
}

function usualDownloads(): string {
  return join(Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".", "Downloads");
}
