import { createHash } from "node:crypto";
import { join } from "@std/path";
import { writeRandom } from "./file_load.ts";
import { median, type Plan } from "./measure.ts";
import { web } from "./peers/ours.ts";
import { start } from "./process.ts";
import { type Row, row } from "./row.ts";
import { PASSWORD } from "./traffic.ts";

const MB = 1e6;
const USER = "u0";

/**
 * One file at our server, which only members may fetch, against the same file at a plain static file server, Python's; both with
 * curl, alternating so that both see the same machine. What is uploaded is hashed and on the disk when the answer comes.
 */
export async function attachmentRows(plan: Plan, megabytes: number): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-" });
  const bytes = megabytes * 1024 * 1024;
  const path = join(folder, "film.bin");
  await writeRandom(path, bytes);
  await Deno.writeTextFile(join(folder, "users.txt"), `${USER} ${PASSWORD}\n`);
  const ours = await web.start(folder, join(folder, "users.txt"));
  const python = await start("python3", ["-um", "http.server", "--bind", "127.0.0.1", "0"], folder, /port (\d+)/);
  try {
    const login = await loggedIn(ours.port);
    const up: number[] = [];
    const down: number[] = [];
    const plain: number[] = [];
    for (let i = 0; i < plan.repeats; i++) {
      const address = await announced(ours.port, login, path, bytes);
      up.push(await curl(address, login, ["-X", "PATCH", "-H", "upload-offset: 0", "-T", path]));
      down.push(await curl(address, login, []));
      plain.push(await curl(`http://127.0.0.1:${python.match[1]}/film.bin`, [], []));
      await fetch(address, { method: "DELETE", headers: Object.fromEntries(login) });
    }
    const speed = (ms: number[]) => ({ value: bytes / MB / (median(ms) / 1000) });
    const title = `a file of ${megabytes} MiB at the server`;
    return [
      row(`${title}, fetched with curl`, "MB/s", { ours: speed(down), "http.server": speed(plain) }, {
        than: "http.server",
        atLeast: 0.5,
      }),
      row(`${title}, left with curl, hashed and synced`, "MB/s", { ours: speed(up) }),
    ];
  } finally {
    await Promise.all([ours.running.stop(), python.stop()]);
    await Deno.remove(folder, { recursive: true });
  }
}

type Login = readonly (readonly [name: string, value: string])[];

async function loggedIn(port: number): Promise<Login> {
  const response = await fetch(`http://127.0.0.1:${port}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: USER, password: PASSWORD }),
  });
  const { key } = await response.json();
  return [["cookie", response.headers.get("set-cookie")!.split(";")[0]!], ["x-partyline-key", key]];
}

/** The address of a file that is announced. */
async function announced(port: number, login: Login, path: string, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const part of file.readable) hash.update(part);
  const response = await fetch(`http://127.0.0.1:${port}/attachments`, {
    method: "POST",
    headers: { ...Object.fromEntries(login), "content-type": "application/json" },
    body: JSON.stringify({ room: "lobby", name: "film.bin", bytes, sha256: hash.digest("hex") }),
  });
  const said = await response.json();
  if (response.status !== 201) throw new Error(`the file was refused: ${said.why}`);
  return `http://127.0.0.1:${port}/attachments/${said.id}`;
}

/** The milliseconds of a request with curl, which must succeed. */
async function curl(address: string, headers: Login, args: readonly string[]): Promise<number> {
  const given = headers.flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const all = ["-sSf", "-o", "/dev/null", "-w", "%{time_total}", ...given, ...args, address];
  const { success, stdout, stderr } = await new Deno.Command("curl", { args: all }).output();
  if (!success) throw new Error(`curl ${address}: ${new TextDecoder().decode(stderr)}`);
  return Number(new TextDecoder().decode(stdout)) * 1000;
}
