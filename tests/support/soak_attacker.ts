/// <reference lib="deno.worker" />
import { ATTACKS, type Ports } from "./soak_attacks.ts";

/** What the thread of the attackers is told; it answers "over" once they have stopped. */
export type AttackerOrder = { readonly attacks: readonly string[]; readonly ports: Ports } | "stop";

// In a thread of its own, so that what the attackers do does not delay the measuring.
let stop = new AbortController();
let going: Promise<unknown> = Promise.resolve();

self.onmessage = async ({ data }: MessageEvent<AttackerOrder>) => {
  if (data !== "stop") {
    stop = new AbortController();
    going = Promise.all(data.attacks.map((name) => ATTACKS[name]!(data.ports, stop.signal)));
    return;
  }
  stop.abort();
  await going;
  self.postMessage("over");
};
