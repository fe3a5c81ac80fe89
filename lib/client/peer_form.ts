import { peerNameFault } from "../chat/names.ts";
import { UserError } from "../core/errors.ts";
import { readNumber, readPort } from "../terminal/flags.ts";

/** The address book of peers. */
export interface TableServer {
  readonly host: string;
  readonly port: number;
}

/** The settings of a peer. */
export interface PeerStart {
  readonly name: string;
  /** The UDP port; 0 for any free one. */
  readonly udp: number;
  /** The address book; undefined to find peers by multicast alone. */
  readonly table: TableServer | undefined;
}

/** The address book's port unless told otherwise. */
export const ADDRESS_BOOK_PORT = 2002;
/** The UDP ports that are offered: the handout's range, and the first choice. */
const FIRST_PORT = 3001;
const LEAST_PORT = 2000;
const MOST_PORT = 5000;

const FIELDS = ["name", "udp", "table"] as const;

/** An answer that breaks a rule. */
export interface BrokenField {
  readonly field: keyof PeerStart;
  readonly why: string;
}

/**
 * The questions of `client peer` that the command line leaves open: user name, UDP port, server IP. A terminal asks them one by
 * one, and again if an answer breaks a rule; the page shows them in one form.
 */
export class PeerForm {
  readonly #asked: (keyof PeerStart)[];
  #start: PeerStart;

  /** `isFree`: whether a UDP port can be taken. */
  constructor(open: readonly (keyof PeerStart)[], start: PeerStart, readonly isFree: (port: number) => boolean) {
    this.#asked = FIELDS.filter((field) => open.includes(field));
    this.#start = start;
  }

  /** The answers so far; complete once there is no further question. */
  get start(): PeerStart {
    return this.#start;
  }

  /** The fields that have no answer yet. */
  get asked(): readonly (keyof PeerStart)[] {
    return this.#asked;
  }

  /** The text of the next question; undefined when there is none. */
  get question(): string | undefined {
    switch (this.#asked[0]) {
      case "name":
        return "User name: ";
      case "udp":
        return `UDP port [${this.freePort}]: `;
      case "table":
        return "Server IP (empty: no table, by multicast only): ";
    }
    return undefined;
  }

  /** Takes the answer to the question; the rule that it breaks, if it does. */
  answer(line: string): string | undefined {
    const text = line.trim();
    try {
      this.#take(text);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error.message;
    }
    this.#asked.shift();
    return undefined;
  }

  /** Takes the answers to all questions together, up to the first that breaks a rule. */
  fill(answers: Readonly<Record<keyof PeerStart, string>>): BrokenField | undefined {
    for (let field = this.#asked[0]; field !== undefined; field = this.#asked[0]) {
      const why = this.answer(answers[field]);
      if (why !== undefined) return { field, why };
    }
    return undefined;
  }

  #take(text: string): void {
    switch (this.#asked[0]) {
      case "name": {
        const fault = peerNameFault(text);
        if (fault !== undefined) throw new UserError(fault);
        this.#start = { ...this.#start, name: text };
        return;
      }
      case "udp": {
        const udp = text === "" ? this.freePort : readNumber("the UDP port", text, { min: 0, max: 65535 });
        if (!this.isFree(udp)) throw new UserError(`UDP port ${udp} cannot be taken; ${this.freePort} is free`);
        this.#start = { ...this.#start, udp };
        return;
      }
      case "table": {
        const [host = "", port, ...more] = text.split(/[\s:]+/);
        if (more.length > 0) throw new UserError(`expected HOST or HOST PORT, found "${text}"`);
        const table = host === ""
          ? undefined
          : { host, port: port === undefined ? ADDRESS_BOOK_PORT : readPort(port, false) };
        this.#start = { ...this.#start, table };
      }
    }
  }

  /** The first free port from 3001 on, then from 2000 on; 0, any other one, where none is free. */
  get freePort(): number {
    for (let port = FIRST_PORT; port <= MOST_PORT; port++) if (this.isFree(port)) return port;
    for (let port = LEAST_PORT; port < FIRST_PORT; port++) if (this.isFree(port)) return port;
    return 0;
  }
}
