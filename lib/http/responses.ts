import { createHash } from "node:crypto";
import { concat } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import { BODY_BYTES } from "./request_decoder.ts";

const PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  303: "See Other",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  411: "Length Required",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  507: "Insufficient Storage",
  505: "HTTP Version Not Supported",
};
/** Statuses whose responses have no body. */
const WITHOUT_BODY = [204, 304];
/** The constant of RFC 6455. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A response on the wire; `stays`: whether another request can follow. */
export async function encodeResponse(response: Response, method: string, stays: boolean): Promise<Uint8Array> {
  const body = new Uint8Array(await response.arrayBuffer());
  const head = encodeHead(response, body.length, stays);
  return method === "HEAD" ? head : concat([head, body]);
}

/** The head of a response with a body of this many bytes. */
export function encodeHead({ status, headers }: Response, bytes: number, stays: boolean): Uint8Array {
  let head = `HTTP/1.1 ${status} ${PHRASES[status] ?? ""}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  if (!WITHOUT_BODY.includes(status)) head += `content-length: ${bytes}\r\n`;
  // That a connection stays is what HTTP/1.1 has without a word.
  head += `date: ${new Date().toUTCString()}\r\n${stays ? "" : "connection: close\r\n"}\r\n`;
  return encodeText(head);
}

/** Says that the body of a request may come. */
export const CONTINUE: Uint8Array = encodeText("HTTP/1.1 100 Continue\r\n\r\n");

/** What a request for a WebSocket asks for. */
export interface Handshake {
  readonly key: string;
  /** Of the protocols that the page offers, the one that it is to be told. */
  readonly protocol: string | undefined;
}

/** The response that begins a WebSocket. */
export function switchingProtocols({ key, protocol }: Handshake): Uint8Array {
  const accept = createHash("sha1").update(key + WEBSOCKET_GUID).digest("base64");
  const chosen = protocol === undefined ? "" : `sec-websocket-protocol: ${protocol}\r\n`;
  return encodeText(
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
      `sec-websocket-accept: ${accept}\r\n${chosen}\r\n`,
  );
}

export function jsonResponse(value: unknown, status = 200, headers = new Headers()): Response {
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(value), { status, headers });
}

export function plainText(text: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** The JSON object in the body of a request; a text that says what is wrong with it, if it is none or too long. */
export async function readJsonBody(request: Request): Promise<Record<string, unknown> | string> {
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) return "expected application/json";
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > BODY_BYTES) return `expected at most ${BODY_BYTES} bytes`;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch { /* reported below */ }
  return "expected a JSON object";
}
