import { ImTraceJudge } from "../check/replay/im_judge.ts";
import { limits } from "../core/limits.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { Machine } from "../core/machine.ts";
import { reason } from "../core/reason.ts";
import type { Ending } from "../core/transport.ts";
import type { TraceRecord } from "../core/wire_trace.ts";
import { ImConnection } from "../net/im_connection.ts";
import type { ImClientOutput } from "../protocols/im/client_commands.ts";
import type { ReconnectingOutput } from "../protocols/native/reconnecting.ts";
import { maskPasswords } from "../protocols/native/mask.ts";
import type { Link } from "../protocols/session.ts";
import { LA } from "../protocols/im/lines.ts";
import { maskPassword } from "../protocols/im/mask.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { ClientTrace, type TracePlan } from "./client_trace.ts";
import { openTcp, type ServerAddress } from "./connections.ts";
import { Runner } from "./runner.ts";

/** The outputs that concern the connections. */
export type LinkOutput =
  | Extract<ReconnectingOutput, { type: "connect" | "write" | "close" | "abort" }>
  | Extract<ImClientOutput, { type: "expectLink" | "confirmLink" | "probe" | "remark" }>;

/** A machine on the two connections of the IM handout. */
export interface ImMachine {
  start(): void;
  opened(port: number, idleMs: number, now: number): void;
  linkAccepted(port: number): void;
  receive(link: Link, bytes: Uint8Array, now: number): void;
  closed(link: Link, ending: Ending, now: number): void;
  probed(outcome: ProbeOutcome, now: number): void;
  disconnected(why: string, now: number, random: number): void;
}

/** Traces La and Lb of a client; undefined where that is not wanted. */
export function traceIm(
  plan: TracePlan,
  client: { readonly name: string; readonly isLoggingIn: boolean },
  show: (line: string) => void,
): ClientTrace | undefined {
  const mask = (text: string) => maskPasswords(maskPassword(text, client.isLoggingIn, false));
  return ClientTrace.open(plan, {
    links: IM_PROTOCOL.links,
    framing: IM_PROTOCOL.framing,
    name: () => client.name,
    show,
    mask: (link) => link === LA ? mask : undefined,
    judge: imMistakes(),
  });
}

/** Names each rule of the handout that the server breaks in a record, what was expected, and what was found. */
function imMistakes(): (record: TraceRecord) => readonly string[] {
  const judge = new ImTraceJudge();
  return (record) =>
    judge.feed(record).flatMap(({ side, link, rule, expected, got }) =>
      side === "server" ? [`sent "${got}" on ${link}, expected ${expected} (${rule.id}: ${rule.title})`] : []
    );
}

/** Runs a machine on connections of the IM handout; `perform` does everything that does not concern them. */
export class ImRunner<Output, M extends ImMachine & Machine<Output | LinkOutput>> {
  readonly #runner: Runner<Output | LinkOutput, M>;
  #connection: ImConnection | undefined;

  /** `where` is called for each connection; if it throws, its error is the reason for having no connection. */
  constructor(
    readonly where: () => ServerAddress,
    machine: M,
    perform: (output: Exclude<Output, LinkOutput>) => void,
    readonly trace?: ClientTrace,
  ) {
    this.#runner = new Runner(machine, (output) => {
      if (!this.#perform(output as LinkOutput)) perform(output as Exclude<Output, LinkOutput>);
    });
  }

  /** Gives the machine an input. */
  input<R>(give: (machine: M, now: number) => R): R {
    return this.#runner.input(give);
  }

  /** Stops the timer, and closes the connections once everything written is delivered. */
  async close(): Promise<void> {
    this.#runner.close();
    await this.#connection?.close();
    await this.trace?.close();
  }

  /** Performs an output that concerns the connections; false for any other. */
  #perform(output: LinkOutput): boolean {
    const connection = this.#connection;
    switch (output.type) {
      case "connect":
        this.#open();
        return true;
      case "write":
        connection?.write(output.link, output.bytes);
        return true;
      case "expectLink":
        connection?.expectLink();
        return true;
      case "confirmLink":
        connection?.confirmLink();
        return true;
      case "probe":
        if (connection) this.#probe(connection, output.port);
        return true;
      case "remark":
        this.trace?.remark(output.link, output.text);
        return true;
      case "close":
        if (connection) this.#close(connection, "left");
        return true;
      case "abort":
        connection?.abort();
        if (connection) this.#close(connection, output.why);
        return true;
      default:
        return false;
    }
  }

  async #open(): Promise<void> {
    const { trace } = this;
    try {
      const connection = this.#connection = new ImConnection(await openTcp(this.where()), {
        receive: (link, bytes) => {
          trace?.received(link, bytes);
          this.input((machine, now) => machine.receive(link, bytes, now));
        },
        closed: (link, ending) => {
          trace?.closed(link);
          this.input((machine, now) => machine.closed(link, ending, now));
        },
        linkAccepted: (port) => this.input((machine) => machine.linkAccepted(port)),
        tap: trace && ((link) => trace.tap(link)),
      });
      trace?.opened();
      const idleMs = connection.isLocal ? Infinity : limits().idleMs;
      this.input((machine, now) => machine.opened(connection.port, idleMs, now));
    } catch (error) {
      this.#disconnected(reason(error));
    }
  }

  async #probe(connection: ImConnection, port: number): Promise<void> {
    const outcome = await connection.probe(port);
    if (connection === this.#connection) this.input((machine, now) => machine.probed(outcome, now));
  }

  async #close(connection: ImConnection, why: string): Promise<void> {
    this.#connection = undefined;
    await connection.close();
    this.#disconnected(why);
  }

  #disconnected(why: string): void {
    this.input((machine, now) => machine.disconnected(why, now, Math.random()));
  }
}
