import { assert } from "@std/assert";

const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");
const isHere = Deno.build.os !== "windows" && await hasPython();

/** A test with programs in Python; skipped where there is no python3. */
export function pythonTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `${name}${isHere || required ? "" : " (skipped: it takes python3, and not Windows)"}`,
    ignore: !isHere && !required,
    async fn() {
      assert(isHere, "there is no python3");
      await fn();
    },
  });
}

export async function hasPython(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["-V"] }).output()).success;
  } catch {
    return false;
  }
}
