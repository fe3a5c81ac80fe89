import { join } from "@std/path";
import type { Target } from "../../chat/entry.ts";
import type { FileCommand, FileEvent } from "../../protocols/transfer/event.ts";
import type { OfferMessage } from "../../protocols/transfer/transfers.ts";
import { TransferRunner, type TransferRunnerOptions } from "./runner.ts";
import { TransferStore } from "../../store/transfer_store.ts";
import { freshFileKey } from "../../store/transfer_keys.ts";
import { defaultDataFolder } from "../../store/identity.ts";
import { expandedPath } from "../../store/paths.ts";

/** Where transfers are shown. */
export interface FilesView {
  file(event: FileEvent): void;
  sent(id: string, to: Target, text: string): void;
  problem(text: string): void;
}

/** The folders for records and for what is received; undefined for the usual ones. */
export interface FilesPlan {
  readonly data: string | undefined;
  readonly downloads: string | undefined;
}

/** Between two checks whether transfers are still active. */
const CHECK_MS = 100;

/** The file transfers of a client, from the moment its user's name is known. */
export class ClientFiles {
  #runner: TransferRunner | undefined;
  #leaving = false;

  constructor(
    readonly plan: FilesPlan,
    readonly view: FilesView,
    readonly chat: Pick<TransferRunnerOptions, "say" | "signal">,
  ) {}

  /** We are logged in under this name, for the first time or again. */
  loggedIn(name: string): void {
    this.#runner ??= new TransferRunner({
      signal: (...signal) => this.chat.signal(...signal),
      say: (to, text) => {
        const said = this.chat.say(to, text);
        if ("id" in said) this.view.sent(said.id, to, text);
        return said;
      },
      store: new TransferStore(
        join(this.plan.data ?? defaultDataFolder(), `files-${encodeURIComponent(name).replaceAll("*", "%2A")}`),
        this.plan.downloads ?? usualDownloads(),
      ),
      freshKey: () => freshFileKey(),
      show: (event) => this.view.file(event),
      problem: (why) => this.view.problem(why),
    });
    this.#runner.loggedIn();
  }

  do(command: FileCommand): void {
    if (this.#runner) {
      this.#runner.do(command.type === "send" ? { ...command, path: expandedPath(command.path) } : command);
    } else this.view.problem("files can be sent after logging in");
  }

  /** The numbers of offers, and of files that take another way; undefined before the user is logged in. */
  get numbers(): TransferRunner["numbers"] | undefined {
    return this.#runner?.numbers;
  }

  /** The id of the file that the user means by a number; undefined if that is not clear. */
  meant(n: number): string | undefined {
    return this.#runner?.meant(n);
  }

  /** A message of the chat; returns whether it is an offer, and shown as one. */
  heard(message: OfferMessage, own: boolean): boolean {
    return this.#runner?.heard(message, own) ?? false;
  }

  online(name: string): void {
    this.#runner?.online(name);
  }

  signalled(from: string, text: string, seen: string | undefined): void {
    this.#runner?.signalled(from, text, seen);
  }

  notReached(to: string): void {
    this.#runner?.notReached(to);
  }

  /** Calls `leave` once no transfer is active. */
  leave(leave: () => void, othersAreActive = () => false): void {
    const isActive = () => (this.#runner?.isActive ?? false) || othersAreActive();
    if (!isActive() || this.#leaving) return leave();
    this.#leaving = true;
    this.view.problem(
      "leaving when the file transfers are complete; Ctrl-C leaves now, and they resume next time",
    );
    const timer = setInterval(() => {
      if (isActive()) return;
      clearInterval(timer);
      leave();
    }, CHECK_MS);
  }

  async close(): Promise<void> {
    await this.#runner?.close();
  }
}

export function usualDownloads(): string {
  return join(Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".", "Downloads");
}
