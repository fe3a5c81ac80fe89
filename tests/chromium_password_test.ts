import { assertEquals, assertMatch } from "@std/assert";
import { isAccessible } from "./support/accessible.ts";
import { pageTest } from "./support/page_stage.ts";
import { Folder } from "./support/programs.ts";
import { USERS } from "./support/test_server.ts";
import { becomes } from "./support/wire.ts";

const folder = new Folder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());

pageTest(
  "a new password from the settings: a wrong old one is said, other browsers end, and this one stays after a reload",
  async ({ server, enter }) => {
    const [alice, phone] = [await enter("alice"), await enter("alice")];
    const { page } = alice;
    const change = async (old: string, fresh: string, again = fresh) => {
      await page.getByLabel("Old password").fill(old);
      await page.getByLabel("New password", { exact: true }).fill(fresh);
      await page.getByLabel("New password again").fill(again);
      await page.locator("#passwd-form").getByRole("button", { name: "Change password" }).click();
    };
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Change password" }).click();
    await isAccessible(alice, "the new password");
    const error = page.locator("#passwd-error");
    await change("12345", "a-better-one", "another-one");
    await error.filter({ hasText: "The passwords do not match." }).waitFor();
    await change("wrong", "a-better-one");
    await error.filter({ hasText: "The old password is wrong" }).waitFor();
    await change("12345", "a-better-one");
    await alice.shows("You have a new password.");
    await phone.shows("the password of alice was changed at another connection");
    assertMatch(folder.read("users.txt"), /^alice \$scrypt\$/m);
    await becomes(() => page.locator("#passwd-old").inputValue(), "");
    // The cookie is a new one, too.
    await page.reload();
    await alice.isIn("alice");
    assertEquals(server.instance.hub.view(0).people.map(({ name }) => name), ["alice"]);
  },
  {},
  { passwordsIn: folder.write("users.txt", USERS) },
);

pageTest("a server that cannot store passwords says so as soon as the form is opened", async ({ enter }) => {
  const { page } = await enter("alice");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Change password" }).click();
  await page.locator("#passwd-error").filter({ hasText: "This server does not write its users file" }).waitFor();
});
