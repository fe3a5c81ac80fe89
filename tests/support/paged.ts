import { assertEquals } from "@std/assert";
import { Browser } from "./browser.ts";
import { type Folder, PROGRAMS, Running } from "./programs.ts";

/** A client that serves its page, and a browser that has opened its one-time address. */
export async function paged(
  args: readonly string[],
  folder: Folder,
): Promise<{ client: Running; browser: Browser; ticket: string }> {
  const data = ["--data", folder.path, "--downloads", folder.path, "--page"];
  const client = new Running(PROGRAMS, "client", [...args, ...data], folder.path);
  const [, port, ticket] = await client.printed(/^page on http:\/\/127\.0\.0\.1:(\d+)\/#open=(\w+)$/m);
  const browser = new Browser(Number(port));
  assertEquals(await browser.post("/open", { ticket }), [200, {}]);
  return { client, browser, ticket: ticket! };
}
