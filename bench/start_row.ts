import { join } from "@std/path";
import { medianFigure, type Plan, withPeer } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { start } from "./process.ts";
import { type Row, row } from "./row.ts";

const executable = join(
  import.meta.dirname!,
  "..",
  "dist",
  Deno.build.os === "windows" ? "partyline-server.exe" : "partyline-server",
);

/** The time from the start of the compiled server to its first open listener, against `deno run`. */
export async function startRow(plan: Plan, kinds: readonly PeerKind[], required: boolean): Promise<Row> {
  const title = "start to the first open port";
  const beside: Record<string, number[]> = {};
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    for (const kind of kinds) {
      const name = kind.name === "ours" ? "deno run" : kind.name;
      const before = performance.now();
      await withPeer(kind, 4, () => Promise.resolve((beside[name] ??= []).push(performance.now() - before)));
    }
    const ms = await startExecutable();
    if (ms === undefined) {
      const why = `no ${executable}; deno task build makes it`;
      if (required) throw new Error(why);
      return row(title, "ms", {}, {}, [`skipped: ${why}`]);
    }
    (beside["ours"] ??= []).push(ms);
  }
  const figures = Object.entries(beside).map(([name, all]) => [name, medianFigure(all.map((value) => ({ value })))]);
  return row(title, "ms", Object.fromEntries(figures), { below: 200 }, ["ours: the compiled executable"]);
}

async function startExecutable(): Promise<number | undefined> {
  try {
    await Deno.stat(executable);
  } catch {
    return undefined;
  }
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-" });
  try {
    await Deno.writeTextFile(`${folder}/users.txt`, "u0 12345\n");
    const before = performance.now();
    const args = ["0", `${folder}/users.txt`, "--host", "127.0.0.1"];
    const running = await start(executable, args, folder, /^im listening on /m);
    const ms = performance.now() - before;
    await running.stop();
    return ms;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
