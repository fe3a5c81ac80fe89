import { endpoint } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import type { JoinPlan } from "./command_line.ts";
import { printError } from "../terminal/print.ts";
import { connect } from "../net/dial.ts";

const CONNECT_MS = 10_000;

/** A connection to the server; undefined when there is none, which is said. */
export async function dialled(plan: JoinPlan): Promise<Deno.TcpConn | undefined> {
  try {
    return await connect(plan.host, plan.port, CONNECT_MS);
  } catch (error) {
    const where = endpoint(plan.host, plan.port);
    printError(`client: cannot connect to ${where}: ${reason(error)}\n`);
    return undefined;
  }
}
