import type { FileEvent } from "../protocols/transfer/event.ts";

/** From browser to browser, through the server, or a part of it each way. */
export type FileRoute = "straight" | "relayed" | "both";

interface Transfer {
  /** Of the stream that was opened last. */
  current: FileRoute | undefined;
  /** Of all streams on which some of the file has moved. */
  readonly used: Set<FileRoute>;
}

/** Which ways files have taken, to each of their receivers. */
export class FileRoutes {
  readonly #transfers = new Map<string, Transfer>();

  /** An event of the transfer of offer `id`. */
  update(id: string, event: FileEvent): void {
    switch (event.type) {
      case "route":
        this.#of(id, event.with).current = event.relayed ? "relayed" : "straight";
        return;
      case "progress":
        return event.rate > 0 ? this.#moved(id, event.with) : undefined;
      // A stream is opened only for what is missing.
      case "received":
        return this.#moved(id, event.from);
      case "fileSent":
        return this.#moved(id, event.to);
    }
  }

  /** The way that the stream with this user takes. */
  current(id: string, user: string): FileRoute | undefined {
    return this.#of(id, user).current;
  }

  /** The way that a file has taken between us and these users. */
  taken(id: string, users: readonly string[]): FileRoute | undefined {
    const used = new Set(users.flatMap((user) => [...this.#of(id, user).used]));
    return used.size > 1 ? "both" : [...used][0];
  }

  #moved(id: string, user: string): void {
    const { current, used } = this.#of(id, user);
    if (current) used.add(current);
  }

  #of(id: string, user: string): Transfer {
    const key = `${id} ${user}`;
    let transfer = this.#transfers.get(key);
    if (!transfer) this.#transfers.set(key, transfer = { current: undefined, used: new Set() });
    return transfer;
  }
}
