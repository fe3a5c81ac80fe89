import { assertEquals, assertMatch } from "@std/assert";
import { encodeBase64 } from "../lib/core/bytes.ts";
import type { AttemptEvent } from "../lib/protocols/transfer/output.ts";
import { Relay } from "../lib/protocols/transfer/relay.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { FileTransfers } from "../lib/protocols/transfer/transfers.ts";
import { RelayStreams } from "../lib/web/relay_stream.ts";
import { freshId } from "../lib/web/storage.ts";

const ID = freshId();

/** Receives a file from a program whose streams all break; the runner is this. Returns how often it asked, and how it ended. */
function asked(isMalformed: boolean, most: number): { asked: number; ending: string | undefined; told: string[] } {
  const machine = new FileTransfers();
  const text = offerText({ id: ID, name: "x", bytes: 1, files: undefined, digest: encodeBase64(new Uint8Array(32)) });
  const told: string[] = [];
  let [wants, streams, ending, now] = [0, 0, undefined as string | undefined, 0];
  const drain = () => {
    for (let outputs = machine.takeOutputs(); outputs.length > 0; outputs = machine.takeOutputs()) {
      for (const output of outputs) {
        switch (output.type) {
          case "accept":
            machine.offerEvent(ID, { type: "accepted" }, now);
            break;
          case "prepare": {
            const { attempt } = output;
            const rest = { token: "k", at: [], key: undefined, known: undefined, finished: undefined };
            machine.offerEvent(ID, { type: "prepared", attempt, transfer: `t${++wants}`, ...rest }, now);
            break;
          }
          case "open": {
            machine.event(output.transfer, {
              type: "opened",
              stream: output.stream,
              relayed: false,
              sealed: false,
              known: undefined,
            }, now);
            const why = "a frame is malformed";
            machine.event(output.transfer, { type: "broken", stream: output.stream, why, isMalformed }, now);
            break;
          }
          case "closeTarget":
            machine.offerEvent(ID, { type: "targetClosed", finished: undefined }, now);
            break;
          case "signal":
            if (output.signal.type === "want") {
              const stream = ++streams;
              const connected = {
                type: "connected",
                stream,
                by: "caller",
                theirKey: undefined,
                ourKey: undefined,
              } as const;
              machine.event(output.signal.transfer, connected, now);
            } else told.push(output.signal.type);
            break;
          case "show":
            if (output.event.type === "fileFailed") ending = output.event.why;
        }
      }
    }
  };
  machine.loggedIn();
  machine.restored({ outcomes: [], made: [], taken: [] });
  machine.offered({ from: "mallory", to: { user: "bob" }, text });
  drain();
  machine.decide(ID, "accept");
  drain();
  while (machine.wakeAt < Infinity && wants < most) {
    machine.tick(now = machine.wakeAt);
    drain();
  }
  return { asked: wants, ending, told };
}

Deno.test("a sender of malformed frames is asked eight times, then the transfer ends; before, without an end", () => {
  const { asked: times, ending } = asked(true, 1000);
  assertEquals(times, 8);
  assertMatch(ending ?? "", /^8 times what its sender's program sent was malformed: a frame is malformed$/);
});

Deno.test("a network that breaks every stream ends no transfer", () => {
  assertEquals(asked(false, 100), { asked: 100, ending: undefined, told: [] });
});

Deno.test("the page says of a relayed stream that breaks whether the other program has sent what is no frame", () => {
  const ends = (bytes: Uint8Array, isCut: boolean) => {
    const events: AttemptEvent[] = [];
    const streams = new RelayStreams(() => {}, (_, event) => events.push(event), () => 1);
    streams.connect("t", "bob");
    const relay = new Relay("t");
    relay.write(bytes);
    for (const signal of relay.takeSignals()) if (signal.type === "bytes") streams.receive("t", signal);
    if (isCut) streams.receive("t", { type: "bytes", transfer: "t", from: 1_000_000, bytes: new Uint8Array(1) });
    const last = events.at(-1)!;
    return last.type === "broken" && last.isMalformed;
  };
  assertEquals(ends(new Uint8Array(64).fill(255), false), true);
  assertEquals(ends(new Uint8Array(0), true), false);
});
