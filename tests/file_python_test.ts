import { assert } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { contains, randomBytes } from "./support/file_bytes.ts";
import { TestServer } from "./support/test_server.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";

// An independent program, written from docs/protocols/files.md.
const script = join(dirname(fromFileUrl(import.meta.url)), "peers", "receives_files.py");
const PYTHON: Programs = {
  name: "python",
  command: (_program, args) => ({ path: "python3", args: [script, ...args] }),
};
const missing = await new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success ? undefined : "python3 does not run", () => "python3 is not installed");
const ignore = missing !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");

Deno.test({
  name: `a Python program takes what our client sends${ignore ? ` (skipped: ${missing})` : ""}`,
  ignore,
  async fn() {
    using folder = new Folder();
    await using server = await TestServer.open({ data: join(folder.path, "server") });
    const port = String(server.port);
    await using python = new Running(PYTHON, "client", ["127.0.0.1", port, "bob", "12345"], folder.path);
    await python.printed(/^in$/m);
    Deno.mkdirSync(join(folder.path, "alice"));
    const bytes = randomBytes(1_000_000);
    Deno.writeFileSync(join(folder.path, "alice", "slides one.pdf"), bytes);
    folder.write("password", "12345\n");
    const who = ["--name", "alice", "--data", "data", "--password-file", "password"];
    await using alice = new Running(SOURCES, "client", ["chat", "127.0.0.1", port, ...who], folder.path);
    await alice.type("/send bob alice/slides one.pdf\n");
    await python.printed(/^received 1000000$/m);
    await alice.printed(/^file \d+ sent$/m);
    assert(contains(join(folder.path, "slides one.pdf"), bytes));
  },
});
