import { assert, assertEquals, assertMatch, equal } from "@std/assert";
import { dirname, join } from "@std/path";
import { journalLine, readJournal } from "../lib/check/cross/pairs.ts";
import { checkAll, only, SERVER_PY, submissions } from "./support/check_class.ts";
import { Folder } from "./support/programs.ts";

Deno.test("check all --cross: who works with whom, and the rules that what went over the wire has broken", async () => {
  using folder = new Folder();
  const [server, client] = [SERVER_PY, join(dirname(SERVER_PY), "im_client.py")].map((file) =>
    Deno.readTextFileSync(file)
  );
  const both = (...faults: string[]) =>
    `im server: python3 server.py {port} {users} ${faults[0] ?? ""}\nim client: python3 client.py {host} {port} ${
      faults[1] ?? ""
    }\n`;
  const files = (...faults: string[]) => ({ "server.py": server!, "client.py": client!, "start.txt": both(...faults) });
  const path = submissions(folder, { anna: files(), ben: files("no-newline", "answers-twice") });
  const { out, code } = await checkAll(folder, path, both(), ...only("im/2/1", "im/13/1"), "--cross", "--seed", "5");
  assertEquals(code, 1);
  assertMatch(out, /^anna {16} +ok +log in$/m);
  assertMatch(out, /^ben {17} +ok +log in$/m);
  const { pairs } = JSON.parse(Deno.readTextFileSync(join(folder.path, "out/cross.json")));
  const broken = (pairs as { client: string; server: string; broken: string[] }[]).map((pair) =>
    `${pair.client} ${pair.server}: ${pair.broken.join(", ")}`
  );
  assertEquals(broken, [
    "anna anna: ",
    "anna ben: im/1/2 server",
    "ben anna: im/16/6 client",
    "ben ben: im/1/2 server",
  ]);
  assertMatch(Deno.readTextFileSync(join(folder.path, "out/cross.csv")), /\r\nanna,ben,fail,log in,/);
  // Stopped while it wrote the third pair: that one and the fourth are played, and nothing else.
  const journal = join(folder.path, "out/cross.jsonl");
  const lines = Deno.readTextFileSync(journal).split("\n");
  Deno.writeTextFileSync(journal, `${lines[0]}\n${lines[1]}\n${lines[2]!.slice(0, 100)}`);
  const again = await checkAll(folder, path, both(), ...only("im/2/1", "im/13/1"), "--cross");
  assertEquals([again.code, again.err], [1, ""]);
  assertMatch(again.out, /^anna {16} +ok +log in {2}\(as before\)$/m);
  assertMatch(again.out, /^ben {17} +ok +log in$/m);
  const found = JSON.parse(Deno.readTextFileSync(join(folder.path, "out/cross.json"))).pairs as typeof pairs;
  assertEquals(found.slice(0, 2), pairs.slice(0, 2));
  // How long the last one waited differs.
  const outcome = ({ got: _, ...rest }: Record<string, unknown>) => rest;
  assertEquals(found.map(outcome), pairs.map(outcome));
});

Deno.test("the journal of --cross: what was written is read; a line that was cut is none", () => {
  const pair = {
    client: "anna",
    server: "ben",
    failedAt: undefined,
    expected: "a\n",
    got: "",
    broken: ["im/1/2 server"],
  };
  const other = { ...pair, failedAt: "/to" };
  const text = journalLine("1 2", pair) + journalLine("1 3", pair) + journalLine("1 2", other);
  assertEquals([...readJournal(text)], [["1 2", other], ["1 3", pair]]);
  for (let length = 0; length < text.length; length += 7) {
    for (const found of readJournal(text.slice(0, length)).values()) {
      assert([pair, other].some((each) => equal(each, found)));
    }
  }
});
