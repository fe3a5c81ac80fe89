import type { Address } from "../core/address.ts";
import type { TransportOwner } from "../core/transport.ts";
import type { RequestBody } from "./request_body.ts";
import { plainText } from "./responses.ts";
import type { WebSocketTransport } from "./websocket.ts";

/** The content of one HTTP server. */
export interface Site {
  /** Answers a request; `from` is the address of its sender, `body` its body if that is streamed. */
  answer(request: Request, from: Address, body?: RequestBody): Answer | Promise<Answer>;
  /** The longest body of a request that is streamed; without it, or at 0, it is one of a few KiB. */
  streamedBytes?(method: string, target: string): number;
  /** Closes the WebSockets that belong to no session. */
  close(): void;
}

export type Answer = Response | Upgrade | Download;

/** A response whose body is read while it is sent. */
export interface Download {
  readonly type: "download";
  /** Without a body. */
  readonly head: Response;
  readonly bytes: number;
  /** Reads the next bytes, and returns how many; undefined when there are no more. */
  read(into: Uint8Array): Promise<number | undefined>;
  /** Called once, when no more is read. */
  close(): void;
}

/** The answer to a request that becomes a WebSocket. */
export interface Upgrade {
  readonly type: "upgrade";
  /** Called at once: connects an owner to the WebSocket. */
  open(connect: (owner: TransportOwner) => WebSocketTransport): void;
  /** The connection is gone, or the peer had left before the WebSocket could be opened. Called once. */
  gone?(): void;
}

const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** The response to a request that does not ask for a WebSocket as RFC 6455 has it; undefined if it does. */
export function upgradeRefusal({ method, headers }: Request): Response | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return plainText("This address is for WebSockets.", 426, { upgrade: "websocket" });
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return plainText("The WebSocket handshake is invalid: expected version 13.", 426, {
      "sec-websocket-version": "13",
    });
  }
  const upgrades = headers.get("connection")?.toLowerCase().split(",").some((option) => option.trim() === "upgrade");
  const why = method !== "GET"
    ? "expected GET"
    : !upgrades
    ? "expected connection: upgrade"
    : !KEY.test(headers.get("sec-websocket-key") ?? "")
    ? "expected a key of 16 bytes"
    : undefined;
  return why === undefined ? undefined : plainText(`The WebSocket handshake is invalid: ${why}.`, 400);
}
