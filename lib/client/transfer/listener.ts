import { randomBytes } from "node:crypto";
import { decodeBase64, encodeBase64, timingSafeEqual } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";

/** A connection that was opened with the right secret. */
export interface Caller {
  readonly conn: Deno.TcpConn;
  /** The key that the caller says to seal with; undefined when it says none. */
  readonly key: Uint8Array | undefined;
  /** Chosen by who was called, for this connection alone. */
  readonly nonce: string;
}

/** A transfer that is waited for. */
interface Awaited {
  readonly token: string;
  /** Whether anybody is wanted now: not while one is there with whom it goes on. */
  wants(): boolean;
  take(caller: Caller): void;
}

const OPENING = "PARTYLINE FILE 1";
const ANSWER = /^OK ([\w+/]{22})$/;
const LINE_BYTES = 256;
/** For a connection to say what it is for. */
const OPENING_MS = 5000;
/** Such connections at once. */
const CALLERS = 32;

/** Where this client is called for transfers: one port, opened when the first is waited for. */
export class TransferListener {
  readonly #awaited = new Map<string, Awaited>();
  readonly #greeted = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener | undefined;

  /** The port; undefined when none can be had. */
  get port(): number | undefined {
    try {
      this.#listener ??= this.#listen();
    } catch {
      // Then the other side is called, or neither.
      return undefined;
    }
    return this.#listener.addr.port;
  }

  /** Waits for whoever knows the token of a transfer. */
  expect(transfer: string, awaited: Awaited): void {
    this.#awaited.set(transfer, awaited);
  }

  forget(transfer: string): void {
    this.#awaited.delete(transfer);
    if (this.#awaited.size === 0) this.close();
  }

  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const conn of this.#greeted) shut(conn);
  }

  #listen(): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    this.#accept(listener).catch(() => {
      // It was closed, or is of no use any more: then another is opened when it is asked for.
      if (this.#listener === listener) this.close();
    });
    return listener;
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    // It ends when the listener is closed.
    for (;;) {
      const conn = await listener.accept();
      if (this.#greeted.size >= CALLERS) conn.close();
      else this.#greet(conn);
    }
  }

  async #greet(conn: Deno.TcpConn): Promise<void> {
    this.#greeted.add(conn);
    const timer = setTimeout(() => shut(conn), OPENING_MS);
    try {
      const line = await readLine(conn);
      const [, transfer, token, key] = new RegExp(`^${OPENING} (\\S+) (\\S+) (\\S+)$`).exec(line ?? "") ?? [];
      const awaited = this.#awaited.get(transfer ?? "");
      if (!awaited || !timingSafeEqual(encodeText(token!), encodeText(awaited.token))) return shut(conn);
      if (!awaited.wants()) return shut(conn);
      clearTimeout(timer);
      const sealing = key === "-" ? undefined : decodeBase64(key!);
      if (sealing?.length !== 32 && key !== "-") return shut(conn);
      const nonce = encodeBase64(randomBytes(16));
      await conn.write(encodeText(`OK ${nonce}\n`));
      awaited.take({ conn, key: sealing, nonce });
    } catch {
      shut(conn);
    } finally {
      clearTimeout(timer);
      this.#greeted.delete(conn);
    }
  }
}

/** Opens a connection for a transfer that the other side waits for: its nonce, or undefined when it is not wanted there. */
export async function openTransfer(
  conn: Deno.TcpConn,
  transfer: string,
  token: string,
  key: Uint8Array | undefined,
): Promise<string | undefined> {
  const timer = setTimeout(() => shut(conn), OPENING_MS);
  try {
    await conn.write(encodeText(`${OPENING} ${transfer} ${token} ${key ? encodeBase64(key) : "-"}\n`));
    return ANSWER.exec(await readLine(conn) ?? "")?.[1];
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a line byte by byte, since what follows it belongs to somebody else. */
async function readLine(conn: Deno.TcpConn): Promise<string | undefined> {
  const line = new LineDecoder(LINE_BYTES, decodeLossy);
  const byte = new Uint8Array(1);
  while (await conn.read(byte) !== null) {
    line.push(byte);
    const text = line.next();
    if (text instanceof Fault) return undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Ends a connection; said again, it does nothing. */
export function shut(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch { /* it is closed */ }
}
