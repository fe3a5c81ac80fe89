import type { Address } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { sentence } from "./responses.ts";

/** What is served at one address. */
export interface Site {
  /** Answers a request that came from there. */
  answer(request: Request, from: Address): Response | Promise<Response>;
  /** Resolves when the last WebSocket is gone. */
  over(): Promise<void>;
  /** Ends the WebSockets that no session stands behind. */
  close(): void;
}

/** A request that has become a WebSocket; nothing but `response` can answer it. */
export interface Upgraded {
  readonly socket: WebSocket;
  readonly response: Response;
  /** Resolves when the connection is gone, or has never come to be. */
  readonly gone: Promise<void>;
}

/** The WebSockets that are open. */
export class Sockets {
  readonly #open = new Set<Promise<void>>();

  get size(): number {
    return this.#open.size;
  }

  /** Makes a WebSocket of a request that asks for one; the answer to any other. */
  upgraded(request: Request, idleTimeout?: number): Upgraded | Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return sentence("This is for WebSockets.", 426, { upgrade: "websocket" });
    }
    let upgraded: { socket: WebSocket; response: Response };
    try {
      upgraded = Deno.upgradeWebSocket(request, idleTimeout === undefined ? {} : { idleTimeout });
    } catch (error) {
      return sentence(`This is no handshake of a WebSocket: ${reason(error)}.`, 400);
    }
    return { ...upgraded, gone: this.#watch(upgraded.socket) };
  }

  async over(): Promise<void> {
    await Promise.all(this.#open);
  }

  #watch(socket: WebSocket): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      socket.addEventListener("close", () => resolve(), { once: true });
      // What fails before it is open is not said to be closed by every Deno.
      socket.addEventListener("error", () => socket.readyState === WebSocket.CONNECTING && resolve());
    }).then(() => void this.#open.delete(gone));
    this.#open.add(gone);
    return gone;
  }
}
