import { basename, dirname, join } from "@std/path";
import { CLIENT } from "../lib/client/commands.ts";
import { SERVER } from "../lib/server/commands.ts";
import { completions, executable } from "../lib/terminal/completions.ts";
import { manualPage } from "../lib/terminal/manual.ts";
import type { Target } from "./targets.ts";

const COMPANIONS = [
  ...["README.md", "users.txt", "LICENSE", "tools/install.sh", "docs/partyline.service"],
  // Those of the packages in the executables.
  "dist/LICENSES.txt",
];

/** Packs a folder of executables and their documents into an archive beside it; returns the name of the archive. */
export async function pack(root: string, folder: string, target: Target): Promise<string> {
  for (const name of COMPANIONS) {
    await Deno.copyFile(join(root, name), join(folder, basename(name))).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  await writeManuals(folder);
  const name = basename(folder);
  const file = name + target.archive;
  await Deno.remove(join(dirname(folder), file)).catch(() => {});
  const commands = target.archive === ".zip"
    // bsdtar, which is `tar` on Windows and macOS, makes a zip if the name says so; GNU tar would make a tar.
    ? [["zip", "-q", "-r", "-X", file, name], ["bsdtar", "-a", "-cf", file, name], [
      "tar",
      "--format=zip",
      "-cf",
      file,
      name,
    ]]
    : [["tar", "-czf", file, name]];
  await runFirstAvailable(commands, dirname(folder));
  return file;
}

/** The manual pages and the completions, made from the same table as the help. */
async function writeManuals(folder: string): Promise<void> {
  for (const kind of ["man", "completions"]) await Deno.mkdir(join(folder, kind), { recursive: true });
  for (const program of [CLIENT, SERVER]) {
    const name = executable(program);
    await Deno.writeTextFile(join(folder, "man", `${name}.1`), manualPage(program));
    for (const [shell, file] of [["bash", name], ["zsh", `_${name}`], ["fish", `${name}.fish`]] as const) {
      await Deno.writeTextFile(join(folder, "completions", file), completions(program, [shell]));
    }
  }
}

/** Runs the first of these commands that is installed and succeeds. */
async function runFirstAvailable(commands: string[][], cwd: string): Promise<void> {
  const failures: string[] = [];
  for (const [program, ...args] of commands) {
    try {
      const { success, stderr } = await new Deno.Command(program!, { args, cwd, stdin: "null", stderr: "piped" })
        .output();
      if (success) return;
      failures.push(`${program}: ${new TextDecoder().decode(stderr).trim()}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      failures.push(`${program}: not installed`);
    }
  }
  throw new Error(`no program here can make the archive (${failures.join("; ")})`);
}

/** The checksums of files in one folder, as `sha256sum --check` reads them. */
export async function sha256Sums(folder: string, files: readonly string[]): Promise<string> {
  const lines = [];
  for (const file of files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(join(folder, file))));
    lines.push(`${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${file}\n`);
  }
  return lines.join("");
}
