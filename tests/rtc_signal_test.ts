import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { Fault } from "../lib/core/errors.ts";
import { candidatesOf } from "../lib/protocols/transfer/addresses.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { decodeSignal, encodeSignal, type Signal } from "../lib/protocols/transfer/signal.ts";
import { FileTransfers } from "../lib/protocols/transfer/transfers.ts";
import { readSdp, writeSdp } from "../lib/web/sdp.ts";
import { freshId } from "../lib/web/storage.ts";

// How two browsers are brought together: what they tell each other, and what is taken from a hostile program.

const NAME = "0b5f7d64-3c1c-4f55-9d7a-5f0c2a1e9b77.local";
const RTC = { ufrag: "ab/d", pwd: "abcdefghijklmnopqrst+v", fingerprint: Array(32).fill("0F").join(":"), at: [] };
const [OFFER, DIGEST] = [freshId(), encodeBase64(new Uint8Array(32))];
const FILE = { id: OFFER, name: "x", bytes: 1, files: undefined, digest: DIGEST };

Deno.test("a browser tries names of the other's network, the address that the server sees, and addresses of a LAN", () => {
  const tried = (at: string[], seen: string | undefined) => candidatesOf({ ...RTC, at }, seen).at;
  assertEquals(tried([`${NAME}:50000`], "192.168.1.5"), [`${NAME}:50000`, "192.168.1.5:50000"]);
  assertEquals(tried([`${NAME}:50000`], "2001:db8::5"), [`${NAME}:50000`, "[2001:db8::5]:50000"]);
  assertEquals(tried([`${NAME}:50000`, "10.0.0.2:50001"], undefined), [`${NAME}:50000`, "10.0.0.2:50001"]);
  for (
    const at of ["203.0.113.9:4444", "router.local:4444", `${NAME}:80`, "10.0.0.2:22", "::1", "", `x ${NAME}:5000`]
  ) {
    assertEquals(tried([at], "203.0.113.5").filter((each) => !each.startsWith("203.0.113.5:")), [], at);
  }
  assertEquals(tried(["127.0.0.1:5000"], "192.168.1.5"), ["192.168.1.5:5000"]);
  assertEquals(
    tried(["127.0.0.1:5000", "203.0.113.9:5000"], undefined),
    [],
    "who hides the own address names no other",
  );
  assertEquals(tried(Array.from({ length: 99 }, (_, i) => `10.0.0.${i}:5000`), undefined).length, 8);
});

Deno.test("a session description that another program tells in parts has these parts and no other line", () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(RTC.ufrag, RTC.pwd, RTC.fingerprint, `${NAME}:5000`, "10.0.0.2:5000"),
  );
  const description = fc.record({ ufrag: part, pwd: part, fingerprint: part, at: fc.array(part) });
  const valid = description.map(({ at }) => ({ ...RTC, at: at.map((each) => `${each}\r\na=x`) }));
  let taken = 0;
  fc.assert(fc.property(fc.oneof(description, valid, fc.jsonValue()), (rtc) => {
    const signal = decodeSignal(JSON.stringify({ file: "answer", transfer: OFFER, rtc }));
    if (signal instanceof Fault || signal?.type !== "answer") return;
    taken++;
    const candidates = candidatesOf(signal.rtc, undefined);
    const sdp = writeSdp(candidates, "answer");
    assertEquals(sdp.split("\r\n").length, 15 + candidates.at.length);
    assertEquals(/[^\r]\n|\r[^\n]/.test(sdp), false);
    assertEquals(readSdp(sdp), candidates);
  }));
  assert(taken > 0);
});

/** A machine whose outputs are taken one kind at a time. */
class Client {
  readonly machine = new FileTransfers();

  /** Of the outputs by now, how many connections between browsers are begun or answered, and the signals. */
  take(): { listens: boolean[]; dials: number; answered: number; signals: Signal[] } {
    const found = { listens: [] as boolean[], dials: 0, answered: 0, signals: [] as Signal[] };
    for (let outputs = this.machine.takeOutputs(); outputs.length > 0; outputs = this.machine.takeOutputs()) {
      for (const output of outputs) {
        if (output.type === "accept") this.machine.offerEvent(OFFER, { type: "accepted" }, 0);
        else if (output.type === "prepare") {
          const rest = { transfer: freshId(), token: freshId(), at: [], key: undefined, known: undefined };
          const { attempt } = output;
          this.machine.offerEvent(OFFER, { type: "prepared", attempt, ...rest, rtc: true, finished: undefined }, 0);
        } else if (output.type === "openSource") {
          this.machine.event(output.transfer, { type: "sourceOpened", manifest: new Uint8Array(), chunks: 1 }, 0);
        } else if (output.type === "dial") {
          if (output.rtc) found.dials++;
          else this.machine.event(output.transfer, { type: "unreachable" }, 0);
        } else if (output.type === "listen") {
          found.listens.push(output.rtc);
        } else if (output.type === "answered") found.answered++;
        else if (output.type === "signal") found.signals.push(output.signal);
      }
    }
    return found;
  }

  /** A signal as it arrives through the chat. */
  signalled(from: string, signal: Signal): void {
    this.machine.signalled(from, decodeSignal(encodeSignal(signal)) as Signal, "10.0.0.2", 0);
  }
}

const want = (transfer = freshId()) =>
  ({ type: "want", offer: OFFER, transfer, token: freshId(), at: [], key: undefined, rtc: true }) as const;

function sender(): Client {
  const alice = new Client();
  alice.machine.send(OFFER, "x", { user: "bob" });
  alice.machine.read({ user: "bob" }, { offer: FILE, to: "bob", isRoom: false, path: "x", passedOver: 0 });
  alice.take();
  return alice;
}

Deno.test("a sender's browser opens one connection for a receiver who floods it with requests, until that user comes anew", () => {
  const alice = sender();
  const flooded = () => {
    let opened = 0;
    for (let i = 0; i < 200; i++) {
      alice.signalled("bob", want());
      opened += alice.take().listens.filter((isBrowser) => isBrowser).length;
    }
    return opened;
  };
  assertEquals(flooded(), 1);
  alice.machine.online("bob");
  assertEquals(flooded(), 1);
});

Deno.test("the answer to a sender's browser counts once, from the user it waits for, and only while it waits", () => {
  const alice = sender();
  const { transfer } = want();
  const answer = { type: "answer", transfer, rtc: RTC } as const;
  alice.signalled("bob", want(transfer));
  alice.signalled("bob", answer);
  assertEquals(alice.take().answered, 0);
  const listening = { type: "listening", token: freshId(), at: [], key: undefined, rtc: RTC } as const;
  alice.machine.event(transfer, listening, 0);
  alice.signalled("mallory", answer);
  alice.signalled("bob", { ...answer, transfer: freshId() });
  assertEquals(alice.take().answered, 0);
  alice.signalled("bob", answer);
  alice.signalled("bob", answer);
  assertEquals(alice.take().answered, 1);
  alice.signalled("bob", { type: "relay", transfer });
  alice.signalled("bob", answer);
  assertEquals(alice.take().answered, 0);
});

Deno.test("a receiver's browser tells the sender alone how it connects, once; if it cannot, it asks for the chat from then on", () => {
  const bob = new Client();
  bob.machine.offered({ from: "alice", to: { user: "bob" }, text: offerText(FILE) });
  const come = (transfer: string) =>
    ({ type: "come", transfer, token: freshId(), at: [], key: undefined, rtc: RTC }) as const;
  bob.signalled("alice", come(freshId()));
  assertEquals(bob.take(), { listens: [], dials: 0, answered: 0, signals: [] }, "nothing was accepted");
  bob.machine.decide(OFFER, "accept");
  const [asked] = bob.take().signals as [Extract<Signal, { type: "want" }>];
  assertEquals([asked.type, asked.rtc], ["want", true]);
  for (const from of ["mallory", "alice", "alice"]) bob.signalled(from, come(asked.transfer));
  assertEquals(bob.take().dials, 1);
  bob.machine.event(asked.transfer, { type: "answered", rtc: RTC }, 0);
  bob.machine.event(asked.transfer, { type: "unreachable" }, 0);
  assertEquals(bob.take().signals.map(({ type }) => type), ["answer", "relay"]);
  // The attempt comes to nothing, and the next one does not ask for a browser.
  bob.machine.tick(bob.machine.wakeAt);
  bob.machine.tick(bob.machine.wakeAt);
  const [again] = bob.take().signals as [Extract<Signal, { type: "want" }>];
  assertEquals([again.type, again.rtc], ["want", undefined]);
});
