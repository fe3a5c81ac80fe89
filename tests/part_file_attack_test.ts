import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FileError } from "../lib/store/disk.ts";
import { freshName } from "../lib/client/transfer/streams.ts";
import { TransferStore } from "../lib/store/transfer_store.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { FilePair } from "./support/file_pair.ts";

const BIG = 5 * 1024 * 1024;

/** A folder of two subfolders on its way to bob's disk, with the first chunk written, and a folder outside of it. */
async function halfWritten(pair: FilePair) {
  const [from, outside] = [join(pair.folder, "from"), join(pair.folder, "outside")];
  for (const path of [join(from, "one"), join(from, "two", "deep"), outside]) Deno.mkdirSync(path, { recursive: true });
  Deno.writeFileSync(join(from, "one", "a.bin"), seededBytes(BIG));
  Deno.writeFileSync(join(from, "two", "deep", "b.bin"), seededBytes(BIG));
  Deno.writeFileSync(join(from, "two", "empty"), new Uint8Array());
  Deno.writeFileSync(join(outside, "a.bin"), seededBytes(10));
  const alice = new TransferStore(join(pair.folder, "alice"), "");
  const made = await alice.offer(freshName(), from, "bob", false, () => {});
  const source = await alice.source(made);
  const bob = new TransferStore(join(pair.folder, "bob"), join(pair.folder, "down"));
  const taken = { offer: made.offer, from: "alice", to: { user: "bob" }, accepted: true };
  bob.take(taken);
  const target = await bob.target(taken);
  await target.keepManifest(source.manifest);
  assert(await target.write(0, await source.read(0, false)));
  const chunks = Math.ceil(2 * BIG / target.known!.chunkBytes);
  const part = join(pair.folder, "down", "from.part");
  const swap = (name: string) => {
    if (Deno.readDirSync(part).some((each) => each.name === name)) {
      Deno.renameSync(join(part, name), join(part, `old-${name}`));
    }
    Deno.symlinkSync(outside, join(part, name));
  };
  const rest = async () => {
    for (let chunk = 1; chunk < chunks; chunk++) await target.write(chunk, await source.read(chunk, false));
    await target.finish();
  };
  const close = async () => {
    await target.close();
    source.close();
  };
  return {
    swap,
    rest,
    close,
    target,
    outside: () => [...Deno.readDirSync(outside)].map(({ name }) => name).sort(),
    size: () => Deno.statSync(join(outside, "a.bin")).size,
  };
}

for (const name of ["one", "two"]) {
  Deno.test(
    `the folder ${name} of a .part is swapped for a link mid-way: nothing outside is written, made or removed`,
    {
      ignore: Deno.build.os === "windows",
    },
    async () => {
      await using pair = new FilePair();
      const { swap, rest, close, outside, size, target } = await halfWritten(pair);
      swap(name);
      await assertRejects(rest, FileError, "has become a link");
      await assertRejects(() => target.verify(), FileError, "has become a link");
      assertEquals([outside(), size()], [["a.bin"], 10]);
      await close();
    },
  );
}
