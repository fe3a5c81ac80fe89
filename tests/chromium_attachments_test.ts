import { assert, assertEquals } from "@std/assert";
import { isAccessible } from "./support/accessible.ts";
import { attachmentText } from "../lib/protocols/transfer/attachment.ts";
import { png, sha256Of } from "./support/attachments.ts";
import type { Person } from "./support/chromium.ts";
import { randomBytes } from "./support/file_bytes.ts";
import { pageTest as test } from "./support/page_stage.ts";
import { becomes } from "./support/wire.ts";

// Files that are left at the server, in a real browser.

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Downloads the file on the card with this name; its name and its bytes. */
async function downloaded(person: Person, name: string): Promise<[name: string, bytes: Uint8Array]> {
  const download = person.page.waitForEvent("download");
  await person.row(name).getByRole("button", { name: "Download" }).click();
  const file = await download;
  return [file.suggestedFilename(), Deno.readFileSync(await file.path())];
}

/** The size of the place of an image, in pixels, and the one of the image that has come. */
async function imageSize(person: Person, name: string): Promise<Record<string, number>> {
  const image = person.row(name).locator("img.image");
  await image.waitFor();
  return await image.evaluate((element) => {
    const { clientWidth: width, clientHeight: height, naturalWidth: natural } = element as unknown as Record<
      "clientWidth" | "clientHeight" | "naturalWidth",
      number
    >;
    return { width, height, natural };
  });
}

test(
  "a file is left while bob is away; he downloads it when alice is gone, over a cut, and it goes when she removes it",
  async ({ enter, cable, server }) => {
    const bytes = randomBytes(9_000_000);
    {
      await using alice = await enter("alice");
      await alice.go("bob");
      await alice.choose("slides.pdf", bytes);
      await alice.shows("slides.pdf, 9.0 MB, to bob");
      await isAccessible(alice, "a file is chosen");
      cable.pullAfter(3_000_000);
      await alice.page.getByRole("button", { name: "Leave at the server" }).click();
      await alice.shows("Uploading slides.pdf");
      await becomes(() => cable.isPulled, true);
      cable.plug(server.portOf("web"));
      await alice.sees("You left at the server");
      await isAccessible(alice, "a file at the server");
    }
    const bob = await enter("bob");
    await bob.go("alice");
    const [name, received] = await downloaded(bob, "slides.pdf");
    assertEquals([name, sha256Of(received)], ["slides.pdf", sha256Of(bytes)]);
    await bob.sees("received and verified");
    await bob.page.reload();
    await bob.go("alice");
    await bob.sees("slides.pdf");

    const alice = await enter("alice");
    await alice.go("bob");
    await alice.row("slides.pdf").getByRole("button", { name: "Remove slides.pdf" }).click();
    await bob.sees("withdrawn");
  },
);

test(
  "images show in the place that was kept for them; SVG, HTML, bombs and lies are files, and nothing in them runs",
  async ({ enter, server }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    const foreign: string[] = [];
    const asked: string[] = [];
    for (const { page } of [alice, bob]) {
      page.on("request", (request) => asked.push(request.url()));
      page.on("dialog", (dialog) => (foreign.push(dialog.message()), dialog.dismiss()));
    }
    await alice.leave("small.png", png(40, 30), "image/png");
    await alice.leave("large.png", png(3000, 2000), "image/png");
    await bob.sees("small.png");
    await bob.sees("large.png");
    const loaded = () =>
      bob.page.locator("img.image").evaluateAll((images) =>
        (images as unknown as { naturalWidth: number }[]).filter(({ naturalWidth }) => naturalWidth > 0).length
      );
    await becomes(loaded, 2);
    assertEquals(await imageSize(bob, "small.png"), { width: 40, height: 30, natural: 40 });
    assertEquals(await imageSize(bob, "large.png"), { width: 320, height: 213, natural: 3000 });

    const script = "<script>alert(1);fetch('http://127.0.0.1:1/')</script>";
    await alice.leave("vector.svg", utf8(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(2)">${script}</svg>`));
    await alice.leave("page.png", utf8(`<!doctype html><img src=x onerror=alert(3)>${script}`), "image/png");
    await alice.leave("bomb.png", png(10_000, 10_000), "image/png");
    await alice.leave(`"><img src=x onerror=alert(4)>\u202egnp.exe`, utf8("a name"));
    const hostile = ["vector.svg", "page.png", "bomb.png", "onerror=alert(4)"];
    for (const name of hostile) await bob.sees(name);
    for (const name of hostile) assertEquals(await bob.row(name).locator("img").count(), 0, name);

    // A message that says something else than the file: a bomb as a small image.
    const bomb = png(9000, 9000);
    await alice.leave("second.png", bomb, "image/png");
    await bob.sees("second.png");
    const id = [...Deno.readDirSync(`${server.folder.path}/attachments/files`)].length;
    assertEquals(id, 7);
    const said = await alice.page.evaluate(async ({ sha256, bytes }) => {
      const headers = {
        "content-type": "application/json",
        "x-partyline-key": localStorage.getItem("partyline key") ?? "",
      };
      const body = JSON.stringify({ room: "lobby", name: "liar.png", bytes: bytes.length, sha256 });
      const begun = await (await fetch("/attachments", { method: "POST", headers, body })).json();
      const part = { method: "PATCH", headers: { ...headers, "upload-offset": "0" }, body: new Uint8Array(bytes) };
      await fetch(`/attachments/${begun.id}`, part);
      return begun.id as string;
    }, { sha256: sha256Of(bomb), bytes: [...bomb] });
    const image = { kind: "png", width: 9, height: 9 } as const;
    await alice.say(attachmentText({ id: said, name: "liar.png", bytes: bomb.length, sha256: sha256Of(bomb), image }));
    await bob.row("liar.png").getByText("The image cannot be shown.").waitFor();
    // And one that was never left.
    await alice.say(attachmentText({ id: "0".repeat(32), name: "never.png", bytes: 5, sha256: "0".repeat(64), image }));
    await bob.row("never.png").getByText("The image cannot be shown.").waitFor();
    await bob.row("never.png").getByRole("button", { name: "Download never.png" }).click();
    await bob.row("never.png").getByText("there is no such file for you").waitFor();

    const width = await bob.page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    assert(width, "nothing is wider than the page");
    assertEquals(foreign, []);
    const origin = new URL(bob.page.url()).origin;
    for (const url of asked) {
      assert(url.startsWith(origin) || url.startsWith(`blob:${origin}`) || url.startsWith("ws"), url);
    }
    await isAccessible(bob, "images and files");
  },
);
