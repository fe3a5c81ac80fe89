import { delay } from "@std/async/delay";
import type { Address } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { probeTcp } from "../net/dial.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { ownNetworkAddresses } from "../net/own_addresses.ts";
import { LineConnection, type ProbeDatagram, ProbeSocket } from "../net/probes.ts";
import { DOCTOR_CONNECT_MS, DOCTOR_PORT, GROUPS } from "./diagnosis.ts";
import { ETHERNET_MTU, HEADER_BYTES } from "./path_mtu.ts";

/** Askers at a time. */
const MOST_SESSIONS = 4;
const SESSION_MS = 60_000;
const REPEATS = 3;
/** Datagrams for one question, and how long each is. */
const MOST_SIZES = 16;
const MOST_BYTES = ETHERNET_MTU - HEADER_BYTES;
/** Different sizes that are remembered for one asker: more than a search for the path MTU takes. */
const MOST_REMEMBERED = 100;

/** The datagrams that have arrived from one asker. */
interface Received {
  /** Where its datagrams come from, which may be a router's address and port. */
  from: Address | undefined;
  readonly sizes: Set<number>;
  readonly groups: Set<string>;
}

/** The other side of `client doctor HOST`: answers questions about what arrives here, and sends back, until it is closed. */
export class DoctorAnswer {
  readonly #listener: ListeningSocket;
  readonly #socket: ProbeSocket;
  readonly #groups: ProbeSocket[] = [];
  readonly #received = new Map<string, Received>();
  readonly #sessions = new Set<LineConnection>();

  /** Throws a `UserError` if the port cannot be opened. */
  constructor(readonly tell: (line: string) => void) {
    const where = { hostname: "0.0.0.0", port: DOCTOR_PORT };
    try {
      // Shared with the sockets of the groups.
      this.#socket = new ProbeSocket({ ...where, shared: true }, (datagram) => this.#datagram(datagram, undefined));
      this.#listener = new ListeningSocket(where, { accepted: (conn) => void this.#serve(new LineConnection(conn)) });
    } catch (error) {
      throw new UserError(`cannot answer at port ${DOCTOR_PORT}: ${reason(error)}`);
    }
  }

  /** Listens for multicast; a group has a socket of its own, so that it is known which one was heard. */
  async begin(): Promise<void> {
    for (const group of GROUPS) {
      try {
        const where = { hostname: group, port: DOCTOR_PORT, shared: true };
        const socket = new ProbeSocket(where, (datagram) => this.#datagram(datagram, group));
        this.#groups.push(socket);
        for (const address of ownNetworkAddresses()) await socket.join(group, address);
      } catch { /* then it is not heard, and that is the answer */ }
    }
  }

  close(): void {
    this.#listener.close();
    this.#socket.close();
    for (const socket of this.#groups) socket.close();
    for (const session of this.#sessions) session.close();
  }

  #datagram({ from, text, bytes }: ProbeDatagram, group: string | undefined): void {
    const [, token, kind] = /^partyline-doctor ([0-9a-f]{16}) (out|all)$/.exec(text) ?? [];
    if (token === undefined) return;
    const received = this.#received.get(token);
    if (group !== undefined) return void received?.groups.add(group);
    if (kind !== "out") return;
    if (received === undefined || received.sizes.size >= MOST_REMEMBERED) return;
    received.from = from;
    received.sizes.add(bytes);
  }

  async #serve(session: LineConnection): Promise<void> {
    if (this.#sessions.size >= MOST_SESSIONS) return session.close();
    this.#sessions.add(session);
    const late = setTimeout(() => session.close(), SESSION_MS);
    const { hostname } = session.peer;
    let token = "";
    try {
      for (let line = await session.receive(); line !== undefined; line = await session.receive()) {
        if (line.do === "begin" && typeof line.token === "string" && /^[0-9a-f]{16}$/.test(line.token)) {
          token = line.token;
          this.#received.set(token, { from: undefined, sizes: new Set(), groups: new Set() });
          this.tell(`${hostname} asks`);
          await session.send({ system: Deno.build.os, time: Date.now() });
        } else if (line.do === "dial" && typeof line.port === "number") {
          await session.send({ outcome: await probeTcp(hostname, line.port, DOCTOR_CONNECT_MS) });
        } else if (line.do === "report") {
          const { sizes, groups } = this.#received.get(token) ?? { sizes: [], groups: [] };
          await session.send({ sizes: [...sizes], groups: [...groups] });
        } else if (line.do === "datagrams" && typeof line.port === "number") {
          // Only to the address that has connected, so that a forged request cannot flood another machine.
          const from = this.#received.get(token)?.from;
          const to = from?.hostname === hostname ? from : { hostname, port: line.port };
          for (const bytes of sizesOf(line.sizes).slice(0, MOST_SIZES)) {
            await this.#socket.send(probeText(token, "back"), to, Math.min(bytes, MOST_BYTES));
          }
          await session.send({});
        } else if (line.do === "multicast") {
          await announce(ownNetworkAddresses(), token);
          await session.send({});
        } else break;
      }
    } catch { /* the asker has left */ }
    clearTimeout(late);
    this.#received.delete(token);
    this.#sessions.delete(session);
    session.close();
  }
}

/** The sizes in a message, in bytes. */
export function sizesOf(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((bytes) => Number.isInteger(bytes) && bytes > 0) : [];
}

/** The text of a datagram of one examination: to the other machine, back from it, or to all. */
export function probeText(token: string, kind: "out" | "back" | "all"): string {
  return `partyline-doctor ${token} ${kind}`;
}

/** Sends to the groups from each of these own addresses. */
export async function announce(addresses: readonly string[], token: string): Promise<void> {
  for (const address of addresses) {
    let sender: ProbeSocket;
    try {
      sender = new ProbeSocket({ hostname: address, port: 0 }, () => {});
    } catch {
      // The address is gone.
      continue;
    }
    for (let i = 0; i < REPEATS; i++) {
      for (const hostname of GROUPS) await sender.send(probeText(token, "all"), { hostname, port: DOCTOR_PORT });
      await delay(50);
    }
    sender.close();
  }
}
