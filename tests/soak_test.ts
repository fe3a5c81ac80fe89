import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { Folder } from "./support/programs.ts";
import { ATTACKS } from "./support/soak_attacks.ts";
import { until } from "./support/wire.ts";

const SECONDS = 10;
const [SOAK, EXCHANGE_SOAK] = ["soak.ts", "exchange_soak.ts"].map((name) =>
  join(dirname(fromFileUrl(import.meta.url)), name)
) as [string, string];

Deno.test({
  name:
    "honest pairs beside every attack, kills of the server and a full disk: nothing lost, nothing twice, nothing held afterwards",
  ignore: Deno.build.os === "windows",
  async fn() {
    // Beside other tests, attackers that wait for the processor would make each phase last until those have ended.
    const args = ["run", "-A", SOAK, "--seconds", String(SECONDS), "--nice", "0"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  },
});

Deno.test({
  name: "a soak that is ended by a signal leaves no program, no file system and no file behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      // The heading comes when the server and the attackers have started; the programs of the pairs follow.
      await leavesNothing([SOAK, "--minutes", "9"], signal, status, async (output, path) => {
        await output.read();
        assert(programsIn(path).length >= 2);
      });
    }
    // Of several servers, the first is starting.
    await leavesNothing([EXCHANGE_SOAK, "--link"], "SIGTERM", 143, async (_output, path) => {
      const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name);
      const hasData = (folder: string) => names(join(path, folder)).includes("data-0");
      await until(() => names(path).some(hasData), "the first server starts");
    });
  },
});

Deno.test("no attack has a comma in its name, which separates those of --only", () => {
  assertEquals(Object.keys(ATTACKS).filter((name) => name.includes(",")), []);
});

/** Runs a soak in a folder of its own, and ends it by a signal once it has begun. */
async function leavesNothing(
  args: readonly string[],
  signal: Deno.Signal,
  status: number,
  hasBegun: (output: ReadableStreamDefaultReader<string>, path: string) => Promise<void>,
): Promise<void> {
  using folder = new Folder();
  const options = { args: ["run", "-A", ...args], env: { TMPDIR: folder.path } };
  await using soak = new Deno.Command(Deno.execPath(), { ...options, stdout: "piped", stderr: "null" }).spawn();
  const output = soak.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await hasBegun(output, folder.path);
  soak.kill(signal);
  while (!(await output.read()).done);
  assertEquals((await soak.status).code, status);
  assertEquals(programsIn(folder.path), []);
  assertEquals([...Deno.readDirSync(folder.path)], []);
}

/** The processes that work in a folder. */
function programsIn(path: string): string[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return /^\d+$/.test(name) && Deno.readLinkSync(`/proc/${name}/cwd`).startsWith(path);
    } catch {
      return false; // It has ended.
    }
  });
}
