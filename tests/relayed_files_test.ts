import { assert, assertEquals } from "@std/assert";
import { FileBytes } from "../lib/chat/shared_file.ts";
import { encodeBase64, equals } from "../lib/core/bytes.ts";
import { readOffer } from "../lib/protocols/transfer/offer.ts";
import { RelayedFiles } from "../lib/protocols/transfer/relayed_files.ts";
import { encodeSignal } from "../lib/protocols/transfer/signal.ts";
import { digestOf } from "../lib/store/file_reader.ts";
import { Random } from "./support/random.ts";

const STALL_MS = 30_000;

/** Two ends and the chat between them, which delivers signals in order, on a virtual clock. */
class Pair {
  now = 0;
  readonly ends: Readonly<Record<string, RelayedFiles>>;
  readonly log: string[] = [];
  readonly arrived: FileBytes[] = [];
  #signals: { readonly from: string; readonly to: string; readonly text: string }[] = [];
  passes = true;
  /** Signals that are changed on their way. */
  change = (text: string) => text;

  constructor(readonly random: Random) {
    const hashing = {
      bytes: (count: number) => Uint8Array.from({ length: count }, () => random.whole(0, 255)),
      sha256: digestOf,
    };
    this.ends = {
      alice: new RelayedFiles("alice", hashing, STALL_MS),
      bob: new RelayedFiles("bob", hashing, STALL_MS),
    };
  }

  offer(bytes: Uint8Array): void {
    const contents = new FileBytes(bytes.length);
    contents.add(bytes);
    this.ends.alice!.offer(7, "a.bin", contents, "lab");
  }

  /** Lets time pass until nothing is on its way. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 50) {
      do {
        for (const each of Object.values(this.ends)) if (each.wakeAt <= this.now) each.tick(this.now);
        this.#drain();
        const signals = this.#signals.splice(0);
        for (const { from, to, text } of signals) {
          this.ends[to]!.signalled(from, this.change(text), "10.0.0.1", this.now);
        }
        this.#drain();
      } while (this.#signals.length > 0 || Object.values(this.ends).some(({ wakeAt }) => wakeAt === -Infinity));
    }
  }

  #drain(): void {
    for (const [name, end] of Object.entries(this.ends)) {
      for (const output of end.takeOutputs()) {
        if (output.type === "signal") this.#signals.push({ from: name, to: output.to, text: output.text });
        else if (output.type === "offer") {
          this.log.push(`${name} offers ${output.key}`);
          this.ends.bob!.accept(readOffer(output.text)!, output.text, name, "lab", this.now);
        } else if (output.type === "arrived") {
          this.log.push(`${output.offer.name} of ${output.from} has arrived at ${name}`);
          this.arrived.push(output.contents);
          if (this.passes) end.passedOn(output.offer.id, this.now);
        } else this.log.push(`${output.offer.name} of ${output.from} failed at ${name}: ${output.why}`);
      }
    }
  }
}

function noise(random: Random, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => random.whole(0, 255));
}

function bytesOf(contents: FileBytes): Uint8Array {
  const all = new Uint8Array(contents.bytes);
  for (let at = 0; at < all.length;) {
    const part = contents.read(at, all.length - at);
    all.set(part, at);
    at += part.length;
  }
  return all;
}

Deno.test("files of every size go from memory to memory over the chat, and nothing is left over", () => {
  const random = new Random(3);
  for (const size of [0, 1, 262_143, 262_144, 262_145, 3_000_000]) {
    const pair = new Pair(random);
    const bytes = noise(random, size);
    pair.offer(bytes);
    pair.pass(5000);
    assertEquals(pair.log, ["alice offers 7", "a.bin of alice has arrived at bob"]);
    assert(equals(bytesOf(pair.arrived[0]!), bytes), String(size));
    assertEquals(pair.ends.bob!.incoming, 0);
    assertEquals(Object.values(pair.ends).map(({ wakeAt }) => wakeAt), [Infinity, Infinity]);
  }
});

Deno.test("a file counts as incoming until it is passed on", () => {
  const pair = new Pair(new Random(4));
  pair.passes = false;
  pair.offer(new Uint8Array(1000));
  pair.pass(120_000);
  assertEquals(pair.log, ["alice offers 7", "a.bin of alice has arrived at bob"]);
  assertEquals(pair.ends.bob!.incoming, 1);
});

Deno.test("an offer that ends while it arrives fails with the reason; so does one whose sender falls silent, and damage", () => {
  const random = new Random(5);
  const withdrawn = new Pair(random);
  withdrawn.change = (text) => {
    if (text.includes(`"relay"`)) withdrawn.ends.alice!.withdraw(7, withdrawn.now);
    return text;
  };
  withdrawn.offer(noise(random, 1_000_000));
  withdrawn.pass(20_000);
  assertEquals(withdrawn.log.slice(0, 1), ["alice offers 7"]);
  assert(withdrawn.log[1]?.startsWith("a.bin of alice failed at bob: "), withdrawn.log[1]);

  const silent = new Pair(random);
  silent.change = (text) => text.includes(`"bytes"`) ? "{}" : text;
  silent.offer(noise(random, 1000));
  silent.pass(60_000);
  assertEquals(silent.log, ["alice offers 7", "a.bin of alice failed at bob: nothing has arrived for 30 s"]);

  const damaged = new Pair(random);
  damaged.change = (text) => {
    const signal = JSON.parse(text);
    return signal.file === "bytes" && signal.from > 1000 ? JSON.stringify({ ...signal, from: 1 }) : text;
  };
  damaged.offer(noise(random, 1_000_000));
  damaged.pass(600_000);
  assertEquals(damaged.log.length, 2);
  assert(damaged.log[1]?.startsWith("a.bin of alice failed at bob: "), damaged.log[1]);
  for (const pair of [withdrawn, silent, damaged]) assertEquals(pair.ends.bob!.incoming, 0);
});

Deno.test("a sender that announces a frame longer than its file is not believed: nothing is held for it", () => {
  const pair = new Pair(new Random(7));
  // The head of a frame whose body has 4 MB.
  const head = Uint8Array.of(2, 0, 64, 0, 0);
  let asked = 0;
  pair.change = (text) => {
    const signal = JSON.parse(text);
    if (signal.file === "want") asked++;
    // What alice sends first is a part of the list, kind 2.
    if (signal.file !== "bytes" || signal.from !== 0 || !signal.bytes.startsWith("Ag")) return text;
    return JSON.stringify({ ...signal, bytes: encodeBase64(head) });
  };
  pair.offer(new Uint8Array(1000));
  // Bob would wait for the body for 10 s.
  pair.pass(5000);
  assert(asked >= 3, `asked ${asked} times`);
  pair.pass(60_000);
  assertEquals(pair.log, ["alice offers 7", "a.bin of alice failed at bob: nothing has arrived for 30 s"]);
});

Deno.test("what strangers signal changes nothing", () => {
  const pair = new Pair(new Random(6));
  const name = "A".repeat(22);
  for (
    const type of ["want", "come", "relay", "relayed", "bytes", "taken", "later", "received", "noted", "withdrawn"]
  ) {
    const fields = { offer: name, transfer: name, token: name, at: [], key: undefined, why: "", from: 0, upTo: 0 };
    const text = encodeSignal({ type, ...fields, bytes: new Uint8Array(3) } as never);
    pair.ends.alice!.signalled("mallory", text, "10.0.0.2", pair.now);
  }
  for (const text of ["", "{", "{}", "null", `{"file":"bytes"}`]) pair.ends.alice!.signalled("mallory", text, "", 0);
  const answers = pair.ends.alice!.takeOutputs().map((output) => output.type === "signal" ? output.text : output.type);
  assertEquals(answers.map((text) => JSON.parse(text).file), ["withdrawn", "noted"]);
});
