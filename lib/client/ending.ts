import { formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";
import { connect } from "../net/dial.ts";
import { printError } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";

/** How a client ended: the status of the program, and why, where there is something to say. */
export interface Over {
  readonly status: number;
  readonly why: string | undefined;
}

/** Waits until a client is over, lets go of what it has, and says why; the status of the program. */
export async function ending(over: Promise<Over>, ...closed: readonly (() => void | Promise<void>)[]): Promise<number> {
  const { status, why } = await over;
  for (const close of closed) await close();
  if (why !== undefined) printError(`client: ${sanitized(why)}\n`);
  return status;
}

/** What is done when somebody stops the program from outside. */
export function onStop(interrupt: () => void): void {
  const windows = Deno.build.os === "windows";
  for (const signal of windows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, interrupt);
  }
}

const CONNECT_MS = 10_000;

/** A connection to the server; undefined when there is none, which is said. */
export async function dialled(plan: JoinPlan): Promise<Deno.TcpConn | undefined> {
  try {
    return await connect(plan.host, plan.port, CONNECT_MS);
  } catch (error) {
    const where = formatAddress({ hostname: plan.host, port: plan.port });
    printError(`client: cannot connect to ${where}: ${reason(error)}\n`);
    return undefined;
  }
}
