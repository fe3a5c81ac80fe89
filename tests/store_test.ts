import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../lib/core/errors.ts";
import { decodeScrypt, type ScryptSecret } from "../lib/chat/accounts.ts";
import { Database } from "../lib/store/database.ts";
import { Passwords } from "../lib/store/passwords.ts";
import { hmac } from "../lib/store/proofs.ts";
import { Salts } from "../lib/store/salts.ts";
import { hashUsers, readUsers } from "../lib/store/users_file.ts";
import { Folder } from "./support/programs.ts";

Deno.test("a hashed password verifies, and no other does", async () => {
  const passwords = new Passwords(2);
  const secret = await passwords.hash("pässword");
  assertEquals([secret.logN, secret.r, secret.p, secret.salt.length, secret.key.length], [17, 8, 1, 16, 32]);
  assertEquals(await passwords.verify("pässword", secret), true);
  assertEquals(await passwords.verify("passwort", secret), false);
});

Deno.test("scrypt gives the RFC's known answer", async () => {
  // RFC 7914, section 12: "pleaseletmein", "SodiumChloride", N=16384, r=8, p=1.
  const hex =
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
  const key = Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
  const secret: ScryptSecret = {
    type: "scrypt",
    logN: 14,
    r: 8,
    p: 1,
    salt: new TextEncoder().encode("SodiumChloride"),
    key,
  };
  assertEquals(await new Passwords(1).verify("pleaseletmein", secret), true);
});

Deno.test("no more verifications run at once than allowed; the others queue and all complete", async () => {
  const passwords = new Passwords(2);
  const secret = decodeScrypt(`$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$${"A".repeat(43)}`) as ScryptSecret;
  let most = 0;
  const watch = setInterval(() => most = Math.max(most, passwords.running), 0);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => passwords.verify(String(i), secret)));
  clearInterval(watch);
  assertEquals(answers, Array(20).fill(false));
  assert(most >= 1 && most <= 2, `${most} at once`);
  assertEquals(passwords.running, 0);
});

Deno.test("addresses take turns, and requests of disconnected clients are skipped", async () => {
  const passwords = new Passwords(1);
  const secret = decodeScrypt(`$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$${"A".repeat(43)}`) as ScryptSecret;
  const order: string[] = [];
  let asked = 0;
  const ask = async (from: string, name: string, waits = true) => {
    await passwords.verify("x", secret, { address: from, isWaiting: () => (asked++, waits) });
    order.push(name);
  };
  const many = ["a1", "a2", "a3"].map((name) => ask("a", name));
  await Promise.all([...many, ask("b", "b1"), ask("b", "b2", false), ask("c", "c1")]);
  assertEquals([order, asked], [["a1", "a2", "b1", "c1", "a3", "b2"], 6]);
});

Deno.test("a users file changed during hashing keeps the change and is not hashed", async () => {
  using folder = new Folder();
  const path = folder.write("users.txt", "jacky 12345\n");
  const change = () => Deno.writeTextFileSync(path, "jacky 12345\nnew 1\n");
  await assertRejects(() => hashUsers(path, new Passwords(1), change), UserError, "was changed by another program");
  assertEquals(folder.read("users.txt"), "jacky 12345\nnew 1\n");
});

Deno.test("hashing a users file keeps its mode, follows symbolic links, and leaves no other file", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const path = folder.write("real.txt", "jacky 12345\n");
  Deno.chmodSync(path, 0o664);
  Deno.symlinkSync(path, `${folder.path}/users.txt`);
  const done: number[] = [];
  const result = await hashUsers(`${folder.path}/users.txt`, new Passwords(2), (count) => done.push(count));
  assertEquals([result, done], [{ hashed: 1, already: 0 }, [1]]);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o664);
  assertMatch(folder.read("real.txt"), /^jacky \$scrypt\$ln=17/);
  assert(Deno.lstatSync(`${folder.path}/users.txt`).isSymlink);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), ["real.txt", "users.txt"]);
});

Deno.test("a malformed users file is not hashed and stays unchanged", async () => {
  using folder = new Folder();
  const path = folder.write("users.txt", "jacky 12345\nbob\n");
  await assertRejects(() => hashUsers(path, new Passwords(2), () => {}), UserError, "users.txt:2: expected");
  assertEquals(folder.read("users.txt"), "jacky 12345\nbob\n");
});

Deno.test("an unreadable users file is reported with its path and the reason", () => {
  using folder = new Folder();
  assertThrows(
    () => readUsers(`${folder.path}/none`),
    UserError,
    `cannot read the users file ${folder.path}/none`,
  );
  assertThrows(() => readUsers(folder.path), UserError, "cannot read the users file");
  Deno.writeFileSync(`${folder.path}/bytes`, Uint8Array.of(0x61, 0x20, 0xff));
  assertThrows(() => readUsers(`${folder.path}/bytes`), UserError, "it is not UTF-8 text");
});

Deno.test("HMAC-SHA256 equals WebCrypto's, with short and long keys", async () => {
  for (const length of [1, 3, 32, 64, 65, 200]) {
    const key = new Uint8Array(length).map((_, i) => i * 7);
    const bytes = new TextEncoder().encode("what is to be told apart");
    const known = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    assertEquals(hmac(key, bytes), new Uint8Array(await crypto.subtle.sign("HMAC", known, bytes)));
  }
});

Deno.test("numbered parameters of a query are bound by their numbers, on every runtime", () => {
  const database = new Database(":memory:", []);
  const query = database.prepare<{ a: string; b: string; c: string }>("SELECT ?2 AS a, ?1 AS b, ?2 AS c");
  assertEquals({ ...query.get("one", "two") }, { a: "two", b: "one", c: "two" });
  database.close();
});

Deno.test("a name with control or direction characters in the users file is refused with its line", () => {
  using folder = new Folder();
  for (
    const [character, code] of [["\x1b", "U+001B"], ["\u202e", "U+202E"], ["\u200f", "U+200F"], ["\x7f", "U+007F"]]
  ) {
    const path = folder.write("users.txt", `ann 12345\nb${character}ob 12345\n`);
    const rule = `users.txt:2: expected a name without control and direction characters, found ${code} in`;
    assertThrows(() => readUsers(path), UserError, rule);
  }
  readUsers(folder.write("users.txt", "zoë 12345\nмария 12345\n"));
});

Deno.test("names have the same salts after a restart, so that clients need not derive their keys again", () => {
  using folder = new Folder();
  const salts = new Salts(folder.path);
  assertEquals([...Deno.readDirSync(folder.path)], [], "nothing is written before it is needed");
  const [alice, bob] = [salts.of("alice"), salts.of("bob")];
  assertNotEquals(alice, bob);
  const again = new Salts(folder.path);
  assertEquals([again.of("alice"), again.of("bob")], [alice, bob]);
  using other = new Folder();
  assertNotEquals(new Salts(other.path).of("alice"), alice);
  // Without a place for the key, a login works all the same.
  const nowhere = new Salts(join(other.path, "data"));
  other.write("data", "");
  assertEquals(nowhere.of("alice"), nowhere.of("alice"));
});
