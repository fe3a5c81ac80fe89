import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { type Transfer, transfer, writeRandom } from "./file_load.ts";
import { median, type Plan } from "./measure.ts";
import { type Row, row } from "./row.ts";

const MB = 1e6;

/** One large file from client to client, against `nc` with the same file, alternating so that both see the same disk. */
export async function fileRows(plan: Plan, megabytes: number): Promise<Row[]> {
  await using folder = new Folder();
  const bytes = megabytes * 1024 * 1024;
  const path = join(folder.path, "film.bin");
  await writeRandom(path, bytes);
  const plain: Transfer[] = [];
  const sealed: Transfer[] = [];
  const ncMs: number[] = [];
  for (let i = 0; i < plan.repeats; i++) {
    for (const [seals, transfers] of [[false, plain], [true, sealed]] as const) {
      await warm(folder.path, bytes);
      ncMs.push(await netcat(folder.path, `nc -N 127.0.0.1 PORT < "${path}"`, 'nc -l -N 127.0.0.1 PORT > "TARGET"'));
      await warm(folder.path, bytes);
      transfers.push(await folder.transfer(path, seals));
    }
  }
  const speed = (ms: number[]) => ({ value: bytes / MB / (median(ms) / 1000) });
  const took = (transfers: Transfer[]) => transfers.map(({ tookMs }) => tookMs);
  const nc = speed(ncMs);
  const title = `a file of ${megabytes} MiB, from acceptance to completion`;
  const read = median(plain.map(({ readMs }) => readMs));
  const most = (side: "senderMb" | "receiverMb") => Math.max(...[...plain, ...sealed].map((each) => each[side]));
  return [
    row(`${title}, each chunk verified`, "MB/s", { ours: speed(took(plain)), nc }, { than: "nc", atLeast: 0.8 }, [
      `read once for its digests before: ${(bytes / MB / (read / 1000)).toFixed(0)} MB/s`,
    ]),
    row(`${title}, verified and sealed`, "MB/s", { ours: speed(took(sealed)), nc }, { than: "nc", atLeast: 0.4 }),
    row(`peak memory of the sender of ${megabytes} MiB`, "MB", { ours: { value: most("senderMb") } }, {
      below: 150,
    }),
    row("peak memory of its receiver", "MB", { ours: { value: most("receiverMb") } }, { below: 150 }),
  ];
}

/** A folder of many small files, against `tar` through `nc`. */
export async function folderRows(plan: Plan, files: number): Promise<Row[]> {
  await using folder = new Folder();
  const path = join(folder.path, "many");
  for (let i = 0; i < files; i++) {
    if (i % 1000 === 0) await Deno.mkdir(join(path, `${i / 1000}`), { recursive: true });
    Deno.writeTextFileSync(join(path, `${Math.floor(i / 1000)}`, `${i}.txt`), `file number ${i}\n`.repeat(1 + i % 20));
  }
  const tarMs: number[] = [];
  const transfers: Transfer[] = [];
  for (let i = 0; i < Math.min(plan.repeats, 2); i++) {
    const there = `mkdir -p "TARGET" && nc -l -N 127.0.0.1 PORT | tar x -C "TARGET"`;
    tarMs.push(await netcat(folder.path, `tar c -C "${path}" . | nc -N 127.0.0.1 PORT`, there));
    transfers.push(await folder.transfer(path, true));
  }
  const speed = (ms: number[]) => ({ value: files / (median(ms) / 1000) });
  const most = Math.max(...transfers.flatMap(({ senderMb, receiverMb }) => [senderMb, receiverMb]));
  return [
    row(
      `a folder of ${files} small files, verified and sealed`,
      "files/s",
      { ours: speed(transfers.map(({ tookMs }) => tookMs)), "tar and nc": speed(tarMs) },
      { than: "tar and nc" },
      [`read once before: ${(median(transfers.map(({ readMs }) => readMs)) / 1000).toFixed(1)} s`],
    ),
    row("peak memory of either side", "MB", { ours: { value: most } }, { below: 150 }),
  ];
}

/** A temporary folder. */
class Folder {
  readonly path = Deno.makeTempDirSync({ prefix: "partyline-bench-" });

  /** Transfers a path and removes the received copy. */
  async transfer(path: string, seals: boolean): Promise<Transfer> {
    const place = await Deno.makeTempDir({ dir: this.path });
    const result = await transfer(path, place, seals);
    await Deno.remove(place, { recursive: true });
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The first write to memory that a virtual machine has not used lately is slow; warming it up treats both alike. */
async function warm(folder: string, bytes: number): Promise<void> {
  const path = join(folder, "warm");
  await writeRandom(path, bytes);
  await Deno.remove(path);
}

/** Runs both ends of a pipe through `nc`; returns the time until both have ended. */
async function netcat(folder: string, here: string, there: string): Promise<number> {
  const target = await Deno.makeTempDir({ dir: folder });
  const port = freePort();
  const filled = (command: string) => command.replaceAll("PORT", `${port}`).replaceAll("TARGET", join(target, "x"));
  const listening = shell(filled(there));
  await until(() => isListening(port));
  const at = performance.now();
  await shell(filled(here));
  await listening;
  const took = performance.now() - at;
  await Deno.remove(target, { recursive: true });
  return took;
}

async function shell(command: string): Promise<void> {
  const { code } = await new Deno.Command("bash", { args: ["-o", "pipefail", "-c", command], stdin: "null" }).output();
  if (code !== 0) throw new Error(`${command}: status ${code}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether a port is listening, without connecting: `nc` accepts only one connection. */
function isListening(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} 00000000:0000 0A`, "m").test(Deno.readTextFileSync("/proc/net/tcp"));
}

async function until(is: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !is();) {
    if (performance.now() > end) throw new Error("nc does not listen");
    await delay(5);
  }
}
