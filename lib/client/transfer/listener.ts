import { randomBytes } from "node:crypto";
import { Fault } from "../../core/errors.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { encodeBase64, timingSafeEqual } from "../../core/bytes.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";
import { connect } from "../../net/dial.ts";
import { ListeningSocket } from "../../net/listening_socket.ts";
import { decodePublicKey } from "../../protocols/transfer/public_key.ts";
import type { Address } from "../../core/address.ts";

/** A connection with a valid opening line. */
export interface Caller {
  readonly conn: Deno.TcpConn;
  /** The public key that the caller has sent, if any. */
  readonly key: string | undefined;
  /** Chosen by the side that was called, for this connection alone. */
  readonly nonce: string;
}

interface Expected {
  readonly token: string;
  connected(caller: Caller): void;
}

const OPENING = "PARTYLINE FILE 1";
const ANSWER = /^OK ([\w+/]{22})$/;
const LINE_BYTES = 256;
/** Time for a connection to send its opening line. */
const OPENING_MS = 5000;
/** Cap on connections that have not sent it. */
const CALLERS = 32;
/** Time for one of the addresses to answer, all dialled at once; a LAN answers in milliseconds. */
const DIAL_MS = 1500;

/** Accepts connections for transfers, on one port that is opened when the first transfer expects one. */
export class TransferListener {
  readonly #isWanted: (transfer: string) => boolean;
  readonly #expected = new Map<string, Expected>();
  readonly #opening = new Set<Deno.TcpConn>();
  #socket: ListeningSocket | undefined;

  /** `isWanted` tells whether another connection is welcome; asked once its token is verified. */
  constructor(isWanted: (transfer: string) => boolean) {
    this.#isWanted = isWanted;
  }

  /** The port; undefined if none can be opened. */
  get port(): number | undefined {
    try {
      this.#socket ??= new ListeningSocket({ hostname: "0.0.0.0", port: 0 }, {
        accepted: (conn) => this.#accepted(conn as Deno.TcpConn),
      });
    } catch {
      // Then only we can dial.
      return undefined;
    }
    return this.#socket.address.port;
  }

  /** Expects connections that know the token of a transfer. */
  expect(transfer: string, expected: Expected): void {
    this.#expected.set(transfer, expected);
  }

  forget(transfer: string): void {
    this.#expected.delete(transfer);
    if (this.#expected.size === 0) this.close();
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const conn of this.#opening) shut(conn);
  }

  #accepted(conn: Deno.TcpConn): void {
    if (this.#opening.size >= CALLERS) conn.close();
    else this.#open(conn);
  }

  async #open(conn: Deno.TcpConn): Promise<void> {
    this.#opening.add(conn);
    const timer = setTimeout(() => shut(conn), OPENING_MS);
    try {
      const line = await readLine(conn);
      const [, transfer, token, key] = new RegExp(`^${OPENING} (\\S+) (\\S+) (\\S+)$`).exec(line ?? "") ?? [];
      const expected = this.#expected.get(transfer ?? "");
      if (!expected || !timingSafeEqual(encodeText(token!), encodeText(expected.token))) return shut(conn);
      if (!this.#isWanted(transfer!)) return shut(conn);
      clearTimeout(timer);
      if (key !== "-" && !decodePublicKey(key!)) return shut(conn);
      const nonce = encodeBase64(randomBytes(16));
      await conn.write(encodeText(`OK ${nonce}\n`));
      expected.connected({ conn, key: key === "-" ? undefined : key, nonce });
    } catch {
      shut(conn);
    } finally {
      clearTimeout(timer);
      this.#opening.delete(conn);
    }
  }
}

/** Dials all addresses at once, and opens a transfer on the first connection; undefined if the other side does not want it. */
export async function dialTransfer(
  addresses: readonly Address[],
  transfer: string,
  token: string,
  key: string | undefined,
): Promise<{ readonly conn: Deno.TcpConn; readonly nonce: string } | undefined> {
  const conn = await dialFirst(addresses);
  if (!conn) return undefined;
  const timer = setTimeout(() => shut(conn), OPENING_MS);
  let nonce: string | undefined;
  try {
    await conn.write(encodeText(`${OPENING} ${transfer} ${token} ${key ?? "-"}\n`));
    nonce = ANSWER.exec(await readLine(conn) ?? "")?.[1];
  } catch {
    /* It was closed. */
  } finally {
    clearTimeout(timer);
  }
  if (nonce !== undefined) return { conn, nonce };
  shut(conn);
  return undefined;
}

async function dialFirst(addresses: readonly Address[]): Promise<Deno.TcpConn | undefined> {
  let first: Deno.TcpConn | undefined;
  const dials = addresses.map(async ({ hostname, port }) => {
    const conn = await connect(hostname, port, DIAL_MS);
    if (first) return shut(conn);
    first = conn;
  });
  // Rejects only when all have.
  await Promise.any(dials).catch(() => {});
  return first;
}

/** Reads a line byte by byte, because what follows it is read by the stream. */
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

function shut(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch { /* It is closed. */ }
}
