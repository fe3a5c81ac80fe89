import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { type Folder, SOURCES } from "./programs.ts";

/** A right server, and with a further argument a wrong one. */
export const SERVER_PY = join(dirname(fromFileUrl(import.meta.url)), "../check/im_server.py");

/** The options that have these rules played alone. */
export const only = (...ids: string[]): string[] => ["--only", ids.join(",")];

/** A class in a folder: a folder for each submission, with these files. */
export function submissions(folder: Folder, all: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const path = join(folder.path, "class");
  for (const [name, files] of Object.entries(all)) {
    Deno.mkdirSync(join(path, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) Deno.writeTextFileSync(join(path, name, file), text);
  }
  return path;
}

/** `client check all` with a folder for temporary files of its own, which must be empty afterwards. */
export function command(folder: Folder, path: string, starts: string, ...options: string[]) {
  const tmp = join(folder.path, "tmp");
  Deno.mkdirSync(tmp, { recursive: true });
  const args = [
    "check",
    "all",
    path,
    "--with",
    folder.write("start.txt", starts),
    "--out",
    join(folder.path, "out"),
    ...options,
  ];
  const { path: program, args: all } = SOURCES.command("client", args);
  const left = () => [...Deno.readDirSync(tmp)].map(({ name }) => name);
  return {
    left,
    command: new Deno.Command(program, { args: all, env: { TMPDIR: tmp }, stdout: "piped", stderr: "piped" }),
  };
}

export async function checkAll(folder: Folder, path: string, starts: string, ...options: string[]) {
  const { left, command: given } = command(folder, path, starts, ...options);
  const { code, stdout, stderr } = await given.output();
  const text = new TextDecoder();
  assertEquals(left(), [], text.decode(stderr));
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}
