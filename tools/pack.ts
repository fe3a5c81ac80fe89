import { basename, dirname, join } from "@std/path";
import type { Target } from "./targets.ts";

const companions = ["README.md", "users.txt", "LICENSE"];

/** Packs a folder of executables, with the texts that belong to them, beside itself; returns the name of the package. */
export async function pack(root: string, folder: string, target: Target): Promise<string> {
  for (const name of companions) {
    await Deno.copyFile(join(root, name), join(folder, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  const name = basename(folder);
  const file = name + target.archive;
  await Deno.remove(join(dirname(folder), file)).catch(() => {});
  const ways = target.archive === ".zip"
    // bsdtar, which is `tar` on Windows and macOS, makes a zip when the file is called one; GNU tar would make a tar.
    ? [["zip", "-q", "-r", "-X", file, name], ["bsdtar", "-a", "-cf", file, name], [
      "tar",
      "--format=zip",
      "-cf",
      file,
      name,
    ]]
    : [["tar", "-czf", file, name]];
  await firstThatWorks(ways, dirname(folder));
  return file;
}

async function firstThatWorks(ways: string[][], cwd: string): Promise<void> {
  const said: string[] = [];
  for (const [program, ...args] of ways) {
    try {
      const { success, stderr } = await new Deno.Command(program!, { args, cwd, stdin: "null", stderr: "piped" })
        .output();
      if (success) return;
      said.push(`${program}: ${new TextDecoder().decode(stderr).trim()}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      said.push(`${program}: not installed`);
    }
  }
  throw new Error(`nothing here could pack it (${said.join("; ")})`);
}

/** The lines that `sha256sum --check` reads, for files of one folder. */
export async function sha256Sums(folder: string, files: readonly string[]): Promise<string> {
  const lines = [];
  for (const file of files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(join(folder, file))));
    lines.push(`${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${file}\n`);
  }
  return lines.join("");
}
