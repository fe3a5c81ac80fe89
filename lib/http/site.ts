import type { Address } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { plainText } from "./responses.ts";

/** The content of one HTTP server. */
export interface Site {
  /** Answers a request; `from` is the address of its sender. */
  answer(request: Request, from: Address): Response | Promise<Response>;
  /** Resolves when the last WebSocket is gone. */
  finished(): Promise<void>;
  /** Closes the WebSockets that belong to no session. */
  close(): void;
}

/** A request that was upgraded to a WebSocket; it must be answered with `response`. */
export interface UpgradedRequest {
  readonly socket: WebSocket;
  readonly response: Response;
  /** Resolves when the connection is gone, or could not be made. */
  readonly finished: Promise<void>;
}

/** The open WebSockets of a site. */
export class WebSockets {
  readonly #open = new Set<Promise<void>>();

  get size(): number {
    return this.#open.size;
  }

  /** Upgrades a request to a WebSocket; returns an error response if it asks for none. */
  upgrade(request: Request, idleTimeout?: number): UpgradedRequest | Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return plainText("This address is for WebSockets.", 426, { upgrade: "websocket" });
    }
    let upgraded: { socket: WebSocket; response: Response };
    try {
      upgraded = Deno.upgradeWebSocket(request, idleTimeout === undefined ? {} : { idleTimeout });
    } catch (error) {
      return plainText(`The WebSocket handshake is invalid: ${reason(error)}.`, 400);
    }
    return { ...upgraded, finished: this.#watch(upgraded.socket) };
  }

  async finished(): Promise<void> {
    await Promise.all(this.#open);
  }

  #watch(socket: WebSocket): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      socket.addEventListener("close", () => resolve(), { once: true });
      // Deno does not always fire "close" for a socket that fails before it is open.
      socket.addEventListener("error", () => socket.readyState === WebSocket.CONNECTING && resolve());
    }).then(() => void this.#open.delete(gone));
    this.#open.add(gone);
    return gone;
  }
}
