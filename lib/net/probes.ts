import { lookup } from "node:dns/promises";
import type { Address } from "../core/address.ts";
import { receiveAll } from "./datagram_socket.ts";

const LINE_BYTES = 4096;

/** The first IPv4 address of a name, as the system knows it; undefined if it has none. */
export async function resolve(host: string): Promise<string | undefined> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch {
    return undefined;
  }
}

/** A connection over which one side asks and the other answers, a line of JSON each. */
export class LineConnection {
  readonly #conn: Deno.TcpConn;
  #rest = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  get peer(): Address {
    return this.#conn.remoteAddr;
  }

  async send(value: unknown): Promise<void> {
    let bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  /** The next line as an object; undefined at the end, and for anything else. */
  async receive(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const buffer = new Uint8Array(LINE_BYTES);
    while (!this.#rest.includes("\n")) {
      if (this.#rest.length > LINE_BYTES) return undefined;
      const count = await this.#conn.read(buffer).catch(() => null);
      if (count === null) return undefined;
      this.#rest += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
    } catch {
      return undefined;
    }
  }

  close(): void {
    try {
      this.#conn.close();
    } catch { /* closed by the peer's error already */ }
  }
}

/** A datagram that a probe has received. */
export interface ProbeDatagram {
  readonly from: Address;
  readonly text: string;
  readonly bytes: number;
}

/** A UDP port that sends and receives texts, padded to a size. */
export class ProbeSocket {
  readonly #conn: Deno.DatagramConn;
  #closed = false;

  /** Throws if the port cannot be opened. */
  constructor(
    where: { hostname: string; port: number; shared?: boolean },
    received: (datagram: ProbeDatagram) => void,
  ) {
    const { hostname, port, shared } = where;
    this.#conn = Deno.listenDatagram({
      transport: "udp",
      hostname,
      port,
      reuseAddress: shared ?? false,
      loopback: true,
    });
    receiveAll(this.#conn, () => this.#closed, {
      received: (from, datagram) => {
        const text = new TextDecoder().decode(datagram).replace(/\0+$/, "");
        received({ from, text, bytes: datagram.length });
      },
    });
  }

  get port(): number {
    return (this.#conn.addr as Deno.NetAddr).port;
  }

  /** Joins a multicast group on the network of an own address; whether that was possible. */
  async join(group: string, address: string): Promise<boolean> {
    try {
      await this.#conn.joinMulticastV4(group, address);
      return true;
    } catch {
      return false;
    }
  }

  /** Sends a text, padded with zeros to `bytes`; whether the system took it. */
  async send(text: string, to: Address, bytes = 0): Promise<boolean> {
    const plain = new TextEncoder().encode(text);
    const padded = new Uint8Array(Math.max(bytes, plain.length));
    padded.set(plain);
    try {
      await this.#conn.send(padded, { transport: "udp", ...to });
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }
}
