import type { PeerAddress } from "../../wire/session.ts";

/** What is served at one address. */
export interface Site {
  /** Answers a request that came from there. */
  answer(request: Request, from: PeerAddress): Response | Promise<Response>;
  /** Resolves when the last WebSocket is gone. */
  over(): Promise<void>;
  /** Ends the WebSockets that no session stands behind. */
  close(): void;
}

/** The WebSockets that are open. */
export class Sockets {
  readonly #open = new Set<Promise<void>>();

  get size(): number {
    return this.#open.size;
  }

  add(socket: WebSocket): void {
    const closed = new Promise<void>((resolve) => {
      socket.addEventListener("close", () => {
        this.#open.delete(closed);
        resolve();
      }, { once: true });
    });
    this.#open.add(closed);
  }

  async over(): Promise<void> {
    await Promise.all(this.#open);
  }
}
