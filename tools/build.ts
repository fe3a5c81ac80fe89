/**
 * `deno task build`: compiles the server and the client for this machine into dist/; with `--all` for every target Deno
 * has, each packed for release, and SHA256SUMS over the packages.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { writeWebFiles } from "../lib/store/web_files.ts";
import { type Program, programs, type Target, targets } from "./targets.ts";
import { pack, sha256Sums } from "./pack.ts";

/** What is in the import map for the tests alone. */
const TESTS_ONLY = ["axe-core", "fast-check", "playwright-core", "pure-rand"];
const root = join(import.meta.dirname!, "..");
const dist = join(root, "dist");

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

async function deno(args: string[], env: Record<string, string> = {}): Promise<{ ok: boolean; said: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return { ok: success, said: text.decode(stdout) + text.decode(stderr) };
}

async function compile(program: Program, target: Target, folder: string, extra: string[]): Promise<void> {
  const name = `partyline-${program.name}${target.suffix}`;
  const started = performance.now();
  const { ok, said } = await deno([
    "compile",
    "--no-prompt",
    ...program.permissions,
    ...(program.v8.length > 0 ? [`--v8-flags=${program.v8.join(",")}`] : []),
    ...program.include.flatMap((path) => ["--include", path]),
    ...extra,
    "--target",
    target.triple,
    "--output",
    join(folder, name),
    program.entry,
  ]);
  if (!ok) throw new Error(`${name} for ${target.triple} was not compiled; deno said:\n${said.trimEnd()}`);
  const { size } = await Deno.stat(join(folder, name));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`  ${name}  ${(size / 1e6).toFixed(1)} MB  ${seconds} s`);
}

/**
 * Leaves out of the executables what only the tests import: by the option for it, or, where this Deno has none and puts in all
 * that the configuration and the lock name, by one of each that do not name it.
 */
async function compileOptions(): Promise<string[]> {
  const { said } = await deno(["compile", "--help"]);
  if (said.includes("--exclude-unused-npm")) return ["--exclude-unused-npm"];
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(root, name)));
  const [config, lock] = [await read("deno.json"), await read("deno.lock")];
  const isOurs = ([key, value]: [string, unknown]) =>
    !TESTS_ONLY.some((name) => `${key} ${value}`.includes(`${name}@`));
  config.imports = Object.fromEntries(Object.entries(config.imports).filter(isOurs));
  lock.specifiers = Object.fromEntries(Object.entries(lock.specifiers).filter(isOurs));
  lock.npm = Object.fromEntries(Object.entries(lock.npm).filter(isOurs));
  delete lock.workspace;
  delete config.workspace;
  const folder = await Deno.makeTempDir({ prefix: "partyline-build-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  await Deno.writeTextFile(join(folder, "deno.lock"), JSON.stringify(lock));
  return ["--config", join(folder, "deno.json"), "--lock", join(folder, "deno.lock")];
}

async function projectVersion(): Promise<string> {
  const { version } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as { version?: string };
  if (!version) throw new Error("deno.json has no version, which the names of the packages need");
  return version;
}

async function buildHere(): Promise<void> {
  const target = targets.find((target) => target.triple === Deno.build.target);
  if (!target) throw new Error(`deno compile has no runtime for ${Deno.build.target}`);
  const extra = await compileOptions();
  await Deno.mkdir(dist, { recursive: true });
  writeWebFiles();
  print(`${target.triple}, Deno ${Deno.version.deno}`);
  for (const program of programs) await compile(program, target, dist, extra);
}

/** Goes on after a target that fails, so that one run tells everything that is wrong. */
async function buildAll(): Promise<void> {
  const version = await projectVersion();
  const extra = await compileOptions();
  const packages: string[] = [];
  const failures: string[] = [];
  await Deno.remove(dist, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  writeWebFiles();
  for (const target of targets) {
    print(`${target.triple}, Deno ${Deno.version.deno}`);
    if (Deno.env.get("DENORT_BIN") && target.triple !== Deno.build.target) {
      failures.push(`${target.triple}: refused, as DENORT_BIN names a runtime for ${Deno.build.target} only; unset it`);
      print("  refused");
      continue;
    }
    try {
      const folder = join(dist, `partyline-${version}-${target.triple}`);
      await Deno.mkdir(folder, { recursive: true });
      for (const program of programs) await compile(program, target, folder, extra);
      packages.push(await pack(root, folder, target));
      print(`  ${packages.at(-1)}`);
    } catch (error) {
      failures.push(`${target.triple}: ${error instanceof Error ? error.message : error}`);
      print("  failed");
    }
  }
  await Deno.writeTextFile(join(dist, "SHA256SUMS"), await sha256Sums(dist, packages));
  print(`SHA256SUMS over ${packages.length} packages`);
  if (failures.length > 0) throw new Error(`${failures.length} of ${targets.length} targets\n${failures.join("\n")}`);
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    boolean: ["all"],
    unknown: (name: string) => {
      print(`unknown option ${name}; it is deno task build [--all]`);
      Deno.exit(2);
    },
  });
  try {
    await (flags.all ? buildAll() : buildHere());
  } catch (error) {
    Deno.stderr.writeSync(
      new TextEncoder().encode(`build failed: ${error instanceof Error ? error.message : error}\n`),
    );
    Deno.exit(1);
  }
}
