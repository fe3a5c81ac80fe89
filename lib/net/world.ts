import { setImmediate } from "node:timers";
import type { Limits } from "../base/limits.ts";
import { clock } from "./clock.ts";
import { dialSeat, probe } from "./dial.ts";
import type { World } from "./switchboard.ts";

/** The real world: TCP, this machine's clock, and what else it is given. */
export function openWorld(given: Pick<World, "verify" | "prove" | "trace"> & { limits: Limits }): World {
  return {
    dial: (seat, link, port) => void dialSeat(seat, link, port, given.limits),
    probe: (seat) => void probe(seat.peer.hostname, seat.peer.port).then((outcome) => seat.probed(outcome)),
    verify: given.verify,
    prove: given.prove,
    // No microtask: sockets that are ready have their turn before it. No timer either, which takes a millisecond or two.
    soon: (turn) => void setImmediate(turn),
    now: clock,
    trace: given.trace,
  };
}
