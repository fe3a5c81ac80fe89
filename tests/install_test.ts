import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { pack, sha256Sums } from "../tools/pack.ts";
import { decodeSums, formula, manifest } from "../tools/release.ts";
import { targets } from "../tools/targets.ts";
import { Folder } from "./support/programs.ts";

const ROOT = new URL("..", import.meta.url).pathname;

async function install(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command("sh", { args: [`${ROOT}tools/install.sh`, ...args], stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** A release for this machine whose programs say their name. */
async function release(folder: Folder): Promise<string> {
  const target = targets.find(({ triple }) => triple === Deno.build.target)!;
  const name = `${folder.path}/release/partyline-9.9.9-${target.triple}`;
  await Deno.mkdir(name, { recursive: true });
  for (const program of ["partyline-server", "partyline-client"]) {
    await Deno.writeTextFile(`${name}/${program}`, `#!/bin/sh\necho ${program}\n`, { mode: 0o755 });
  }
  const archive = await pack(ROOT, name, target);
  const from = `${folder.path}/release`;
  await Deno.writeTextFile(`${from}/SHA256SUMS`, await sha256Sums(from, [archive]));
  return from;
}

Deno.test({
  name: "install.sh installs a release that its checksums prove, and nothing of any other",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new Folder();
    const from = await release(folder);
    const prefix = `${folder.path}/prefix`;
    const { code, out, err } = await install(from, "--prefix", prefix);
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, `installed partyline-server and partyline-client in ${prefix}/bin\n`);
    const { stdout } = await new Deno.Command(`${prefix}/bin/partyline-client`).output();
    assertEquals(new TextDecoder().decode(stdout), "partyline-client\n");
    assertMatch(Deno.readTextFileSync(`${prefix}/share/man/man1/partyline-server.1`), /^\.TH PARTYLINE-SERVER 1/);
    assertStringIncludes(
      Deno.readTextFileSync(`${prefix}/share/bash-completion/completions/partyline-client`),
      "complete -o filenames",
    );
    // Another archive under the same name.
    const [sum] = Deno.readTextFileSync(`${from}/SHA256SUMS`).split(" ");
    Deno.writeTextFileSync(
      `${from}/SHA256SUMS`,
      Deno.readTextFileSync(`${from}/SHA256SUMS`).replace(sum!, "0".repeat(64)),
    );
    const other = `${folder.path}/other`;
    const refused = await install(from, "--prefix", other);
    assertEquals(refused.code, 1);
    assertMatch(refused.err, /is not the file of the release: expected SHA-256 0{64}, found [0-9a-f]{64}\n$/);
    assertThrows(() => Deno.statSync(other), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "install.sh says what it needs where it cannot install",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new Folder();
    const from = folder.path;
    const fault = async (...args: string[]) => (await install(...args)).err.trim().split("\n").at(-1);
    assertEquals(await fault(from), `install.sh: there is no SHA256SUMS in ${from}`);
    assertEquals(await fault("--prefix"), "install.sh: --prefix needs a folder");
    assertEquals(await fault("-x"), "install.sh: unknown option -x; --help shows the usage");
    folder.write("SHA256SUMS", `${"0".repeat(64)}  partyline-9.9.9-sparc-solaris.tar.gz\n`);
    assertMatch((await fault(from))!, /^install\.sh: SHA256SUMS has no archive for /);
  },
});

Deno.test("the formula and the manifest of a release have the address and the checksum of each archive", () => {
  const sums = new Map(
    targets.map(({ triple, archive }, i) => [`partyline-9.9.9-${triple}${archive}`, `${i}`.repeat(64)]),
  );
  const given = { version: "9.9.9", repository: "o/n", sums };
  const texts = [formula(given), manifest(given)].join("\n");
  for (const [name, sum] of sums) {
    assertStringIncludes(texts, `"https://github.com/o/n/releases/download/v9.9.9/${name}"`);
    assertStringIncludes(texts, `"${sum}"`);
  }
  assertEquals(decodeSums([...sums].map(([name, sum]) => `${sum}  ${name}\n`).join("")), sums);
  assertThrows(() => formula({ ...given, sums: new Map() }), Error, "SHA256SUMS has no line for partyline-9.9.9-");
});
