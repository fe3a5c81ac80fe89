import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
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
});
