import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";

const SECONDS = 16;

Deno.test({
  name:
    "honest pairs beside every attack, kills of the server and a full disk: nothing lost, nothing twice, nothing held afterwards",
  ignore: Deno.build.os === "windows",
  async fn() {
    const path = join(dirname(fromFileUrl(import.meta.url)), "soak.ts");
    // Beside other tests, attackers that wait for the processor would make each phase last until those have ended.
    const args = ["run", "-A", path, "--seconds", String(SECONDS), "--nice", "0"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  },
});
