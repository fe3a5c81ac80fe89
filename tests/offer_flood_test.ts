import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FileEvent } from "../lib/protocols/transfer/event.ts";
import { type OfferTaken, offerText } from "../lib/protocols/transfer/offer.ts";
import { FileTransfers } from "../lib/protocols/transfer/transfers.ts";
import { FileNotices } from "../lib/terminal/file_notices.ts";
import type { ScreenOutput } from "../lib/terminal/view.ts";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { freshId } from "../lib/web/storage.ts";
import { at } from "./support/chat_transcript.ts";
import { offerId } from "./support/offer_ids.ts";

const DIGEST = encodeBase64(new Uint8Array(32));

/** The transfers of a client, with what its terminal shows and its disk keeps. */
class Receiver {
  readonly machine = new FileTransfers();
  readonly lines: string[] = [];
  readonly problems: string[] = [];
  readonly kept = new Map<string, OfferTaken>();
  /** Signals to each user. */
  readonly signals: string[] = [];
  readonly #notices = new FileNotices({ news: (text) => text, error: (text) => text }, {
    push: (...outputs: ScreenOutput[]) => {
      for (const output of outputs) if (output.type === "show") this.lines.push(output.line);
    },
  }, true);

  offer(from: string, name = "x"): boolean {
    const text = offerText({ id: freshId(), name, bytes: 1, files: undefined, digest: DIGEST });
    const message = { from, to: { user: "bob" }, text };
    if (!this.machine.isOffer(message, false)) return false;
    this.machine.offered(message);
    this.drain();
    return true;
  }

  command(command: Parameters<FileTransfers["command"]>[0]): void {
    this.machine.command(command);
    this.drain();
  }

  /** The offers without a decision. */
  get open(): string[] {
    let files: readonly string[] = [];
    this.machine.command({ type: "files" });
    this.drain((event) => {
      if (event.type !== "files") return;
      files = event.files.filter(({ state }) => state.startsWith("offered")).map((file) => `${file.with} ${file.name}`);
    });
    return [...files];
  }

  drain(show = (event: FileEvent) => this.#notices.event(event, true, at("08:33:46"))): void {
    for (const output of this.machine.takeOutputs()) {
      if (output.type === "show") show(output.event);
      else if (output.type === "problem") this.problems.push(output.why);
      else if (output.type === "signal") this.signals.push(`${output.to} ${output.signal.type}`);
      else if (output.type === "record") {
        for (const change of output.changes) {
          if (change.type === "take") this.kept.set(change.taken.offer.id, change.taken);
          else if (change.type === "drop" || change.type === "forget") this.kept.delete(change.taken.offer.id);
        }
      }
    }
  }
}

Deno.test("500 open offers of 25 users: the next one of another user is an offer, and the oldest of those with most goes", () => {
  const bob = new Receiver();
  for (let i = 0; i < 500; i++) assert(bob.offer(`mallory${i % 25}`, `${i}`));
  assert(bob.offer("alice", "slides.pdf"));
  const { open } = bob;
  assertEquals([open.length, open.at(-1), open.includes("mallory0 0")], [500, "alice slides.pdf", false]);
  assertEquals(bob.kept.size, 500);
  // A flood of others does not reach the only offer of alice.
  for (let i = 0; i < 1000; i++) bob.offer(`mallory${i % 25}`);
  assert(bob.open.includes("alice slides.pdf"));
});

Deno.test("500 users with an offer each: after a restart too the next is an offer, and the oldest goes", () => {
  const before = new Receiver();
  for (let i = 0; i < 500; i++) before.offer(`mallory${i}`, `${i}`);
  const bob = new Receiver();
  bob.machine.restored({ outcomes: [], made: [], taken: [...before.kept.values()] });
  bob.drain();
  assert(bob.offer("alice", "slides.pdf"));
  const { open } = bob;
  assertEquals([open.length, open[0], open.at(-1)], [500, "mallory1 1", "alice slides.pdf"]);
});

Deno.test("a flood of offers is a line that counts, and those forgotten are no lines", () => {
  const bob = new Receiver();
  for (let i = 0; i < 640; i++) bob.offer("mallory", `${i}`);
  assertEquals(bob.open.length, 20);
  assertEquals(bob.lines.slice(0, 6).map((line) => line.replace(/(\d{3,}) or \/refuse \1/, "N")), [
    ...[0, 1, 2, 3, 4].map((name) => `08:33:46 mallory offers ${name} (1 byte): /accept N`),
    "mallory has made 10 offers without an answer; /files lists them, /refuse all mallory refuses them",
  ]);
  assertEquals(bob.lines.length, 5 + 7);
  assertEquals(bob.lines.at(-1)?.slice(0, 27), "mallory has made 640 offers");
  bob.offer("alice", "slides.pdf");
  assertMatch(bob.lines.at(-1)!, /^08:33:46 alice offers slides\.pdf \(1 byte\): \/accept (\d{3,}) or \/refuse \1$/);
});

Deno.test("/refuse all NAME refuses the open offers of one user, /refuse all those of all, in one line each", () => {
  const bob = new Receiver();
  for (let i = 0; i < 8; i++) bob.offer("mallory", `${i}`);
  bob.offer("alice", "slides.pdf");
  bob.offer("carol", "a");
  bob.lines.length = 0;
  bob.command({ type: "refuseAll", from: "mallory" });
  assertEquals([bob.lines, bob.open], [["refused 8 offers of mallory"], ["alice slides.pdf", "carol a"]]);
  assertEquals(bob.signals, Array(8).fill("mallory refused"));
  bob.command({ type: "refuseAll", from: "mallory" });
  bob.command({ type: "refuseAll", from: undefined });
  bob.command({ type: "refuseAll", from: undefined });
  assertEquals(bob.problems, ["mallory has no undecided offers", "there are no undecided offers"]);
  assertEquals([bob.lines.at(-1), bob.open, bob.kept.size], ["refused 2 offers", [], 0]);
  // After an answer each offer is shown again.
  bob.offer("mallory", "9");
  assertMatch(bob.lines.at(-1)!, /^08:33:46 mallory offers 9 \(1 byte\): /);
});

Deno.test("a folder that is being read is in /files at once, under the number of its offer, and can be stopped", () => {
  const alice = new FileTransfers();
  const shown = () =>
    alice.takeOutputs().flatMap((output) => {
      if (output.type === "readOffer") return [`read ${output.path}`];
      if (output.type === "problem") return [output.why];
      if (output.type === "record") return output.changes.map(({ type }) => `record ${type}`);
      if (output.type !== "show") return [output.type];
      const { event } = output;
      if (event.type === "files") return event.files.map(({ n, name, state }) => `${n} ${name}, ${state}`);
      return event.type === "offering" ? [`offered ${event.name} as ${event.n}`] : [];
    });
  const made = (id: string, name: string) => ({
    offer: { id, name, bytes: 400, files: 2, digest: DIGEST },
    to: "bob",
    isRoom: false,
    path: `/home/alice/${name}`,
    passedOver: 0,
  });
  const [photos, slides] = [offerId(1, 2, 3), offerId(4, 5, 6)];
  alice.send(photos, "photos", { user: "bob" });
  alice.send(slides, "slides", { user: "bob" });
  alice.reading(photos, 100, 400, 0);
  alice.command({ type: "files" });
  assertEquals(shown(), ["read photos", "read slides", "223 photos, being read, 25 %", "556 slides, being read"]);
  alice.command({ type: "accept", n: 223 });
  assertEquals(shown(), ["223 is your own offer; /stop 223 stops it"]);
  alice.command({ type: "stop", n: 223 });
  assertEquals([alice.isReadingStopped(photos), alice.isReadingStopped(slides)], [true, false]);
  // It is stopped too late to stop the reading: it is not offered all the same.
  alice.read({ user: "bob" }, made(photos, "photos"));
  alice.read({ user: "bob" }, made(slides, "slides"));
  assertEquals(shown(), ["record withdraw", "photos is not offered: it was stopped", "offered slides as 556", "say"]);
  alice.command({ type: "files" });
  assertEquals(shown(), ["556 slides, offered"]);
});
