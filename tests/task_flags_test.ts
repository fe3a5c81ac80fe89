import { assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path";

const ROOT = dirname(dirname(fromFileUrl(import.meta.url)));

async function task(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const options = { args: ["task", "-q", ...args], cwd: ROOT, env: { NO_COLOR: "1" } };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("a development task explains itself, and refuses what it does not know, before it does anything", async () => {
  for (const name of ["simulate", "soak", "soak-exchange", "bench", "scale", "build"]) {
    const [help, option, word] = await Promise.all([task(name, "--help"), task(name, "--wrong"), task(name, "now")]);
    assertMatch(help.out, new RegExp(`^deno task ${name} \\[OPTION\\]\\.\\.\\.\n\n.+--help +show this\n$`, "s"));
    assertEquals([help.code, help.err], [0, ""]);
    const said = `deno task ${name}: unknown option --wrong; --help lists the options\n`;
    assertEquals(option, { code: 2, out: "", err: said });
    assertEquals([word.code, word.out], [2, ""]);
  }
});
