import { assertEquals } from "@std/assert";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import type { FileView } from "../lib/web/file_view.ts";
import type { PageFilesOptions } from "../lib/web/files.ts";
import { LateFiles } from "../lib/web/late_files.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { freshName } from "./support/file_pair.ts";

// The script that transfers files, which the page loads when it first needs it.

/** What a page's files have shown and signalled; `shown` resolves with the first view. */
function stage(debts: readonly unknown[] = []) {
  const views: FileView[] = [];
  const signals: string[] = [];
  const shown = Promise.withResolvers<FileView>();
  const signalled = Promise.withResolvers<string>();
  const options: PageFilesOptions = {
    signal: (to) => (signals.push(to), signalled.resolve(to)),
    say: () => ({ id: "1" }),
    show: (view) => (views.push(view), shown.resolve(view)),
    forget: () => {},
    problem: (text) => shown.reject(new Error(text)),
    save: () => "",
    storage: { list: <T>(key: string) => (key === "debts" ? debts : []) as T[], set: () => {} },
    now: () => 0,
  };
  return { files: new LateFiles(options), views, signals, shown: shown.promise, signalled: signalled.promise };
}

function offerOf(from: string) {
  const digest = encodeBase64(new Uint8Array(seededBytes(32)));
  const offer = { id: freshName(), name: "slides.pdf", bytes: 1000, files: undefined, digest };
  return { offer, message: { from, to: { user: "alice" }, text: offerText(offer) } };
}

Deno.test("what happens before the script is there waits for it, in order", async () => {
  const { files, shown, signalled } = stage();
  const { offer, message } = offerOf("bob");
  files.loggedIn();
  files.received({ ...message, text: "just a text" });
  assertEquals(files.underWay, false, "nothing has asked for the script");
  files.received(message);
  files.decide("accept", message);
  assertEquals(files.underWay, true);
  const { id, state } = await shown;
  assertEquals([id, state], [offer.id, "waiting"]);
  assertEquals(await signalled, "bob");
  files.close();
});

Deno.test("an outcome that no sender has acknowledged is told after the login, without an offer", async () => {
  const { files, signalled } = stage([{ offer: freshName(), to: "carol", why: undefined }]);
  files.loggedIn();
  assertEquals(await signalled, "carol");
  files.close();
});

Deno.test("files of a page that belongs to another user by then do nothing", async () => {
  const { files, views, signals } = stage([{ offer: freshName(), to: "carol", why: undefined }]);
  const { message } = offerOf("bob");
  files.loggedIn();
  files.decide("accept", message);
  files.close();
  // The script is there now, and whatever was to follow has followed.
  await import("../lib/web/files.ts");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([views, signals, files.underWay], [[], [], false]);
});
