import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { UserError } from "../lib/core/errors.ts";
import { limits } from "../lib/core/limits.ts";
import { manageUsers, type UsersTask } from "../lib/server/manage_users.ts";
import { Passwords } from "../lib/store/passwords.ts";
import { readUsers } from "../lib/store/users_file.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";

const passwords = new Passwords(2);

/** A change by an operator who types these passwords. */
function manage(path: string, task: UsersTask, ...typed: string[]): Promise<string> {
  return manageUsers(path, task, {
    passwords,
    limits: limits(),
    ask: () => typed.shift(),
    given: undefined,
    progress: () => {},
  });
}

async function isPassword(path: string, name: string, password: string): Promise<boolean> {
  const secret = readUsers(path).secret(name);
  return secret?.type === "scrypt" && await passwords.verify(password, secret);
}

Deno.test("blank lines and lines that begin with # are no accounts", () => {
  const accounts = decodeUsers("# the lab of 2026\n\njacky 12345\n  # bob 12345\n#\nann 1\n");
  if (!(accounts instanceof Accounts)) throw new Error(JSON.stringify(accounts));
  assertEquals(accounts.names, ["jacky", "ann"]);
});

Deno.test("an operator adds an account, changes its password and removes it; the rest of the file stays", async () => {
  using folder = new Folder();
  const path = folder.write("users.txt", "# lab\njacky 12345");
  assertMatch(await manage(path, { type: "add", name: "carol" }, "secret", "secret"), /^carol was added to /);
  assert(folder.read("users.txt").startsWith("# lab\njacky 12345\ncarol $scrypt$"));
  assert(await isPassword(path, "carol", "secret"));
  assertMatch(await manage(path, { type: "passwd", name: "carol" }, "other1", "other1"), /^the password of carol/);
  assert(await isPassword(path, "carol", "other1"));
  assertMatch(await manage(path, { type: "remove", name: "carol" }), /^carol was removed from /);
  assertEquals(folder.read("users.txt"), "# lab\njacky 12345\n");
});

Deno.test("a change that cannot be made says why, and changes nothing", async () => {
  using folder = new Folder();
  const path = folder.write("users.txt", "jacky 12345\n");
  const cases: [UsersTask, string[], string][] = [
    [{ type: "add", name: "jacky" }, ["secret", "secret"], `${path} already has an account jacky`],
    [{ type: "add", name: "#x" }, ["secret", "secret"], 'a name does not begin with #, found "#x"'],
    [
      { type: "add", name: "a b" },
      ["secret", "secret"],
      'expected "username password" and nothing else, found 3 words',
    ],
    [{ type: "add", name: "ann" }, ["secret", "secre"], "the two passwords differ; nothing was changed"],
    [{ type: "add", name: "ann" }, ["ab", "ab"], "a password has at least 5 characters, found 2"],
    [{ type: "add", name: "ann" }, [], "no terminal to ask for a password; give it with --password-file FILE"],
    [{ type: "passwd", name: "ann" }, ["secret", "secret"], `${path} has no account ann`],
    [{ type: "remove", name: "ann" }, [], `${path} has no account ann`],
  ];
  for (const [task, typed, why] of cases) {
    assertEquals((await assertRejects(() => manage(path, task, ...typed), UserError)).message, why);
  }
  assertEquals(folder.read("users.txt"), "jacky 12345\n");
});

Deno.test("accounts for a class are generated with a sheet of passwords, which log in", async () => {
  using folder = new Folder();
  folder.write("pw", "secret\n");
  await using added = new Running(SOURCES, "server", ["users", "add", "ta", "--password-file", "pw"], folder.path);
  assertEquals(await added.over(), 0, added.err);
  await using made = new Running(SOURCES, "server", ["users", "generate", "3", "--prefix", "lab-"], folder.path);
  assertEquals(await made.over(), 0, made.err);
  const sheet = made.out.trim().split("\n").map((line) => line.split(/ +/) as [string, string]);
  assertEquals(sheet.map(([name]) => name), ["lab-01", "lab-02", "lab-03"]);
  const path = `${folder.path}/users.txt`;
  assertEquals(readUsers(path).names, ["ta", "lab-01", "lab-02", "lab-03"]);
  for (const [name, password] of sheet) {
    assertMatch(password, /^[a-km-np-z2-9]{10}$/);
    assert(await isPassword(path, name, password));
  }
  assert(!folder.read("users.txt").includes(sheet[0]![1]));
});
