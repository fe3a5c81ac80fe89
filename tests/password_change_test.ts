import { assert, assertEquals, assertMatch } from "@std/assert";
import { maskPasswords } from "../lib/protocols/native/mask.ts";
import { ChatClient } from "../lib/client/chat_client.ts";
import { decodeText, encodeText } from "../lib/core/text.ts";
import { LA } from "../lib/protocols/im/lines.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import { type Terminal, Terminals } from "../tools/terminal.ts";
import { Browser } from "./support/browser.ts";
import { RawNative } from "./support/native.ts";
import { Folder, SOURCES } from "./support/programs.ts";
import { type TestServer, USERS, WebTestServer } from "./support/test_server.ts";
import { becomes } from "./support/wire.ts";

const FRESH = "a-better-one";

async function resumed(server: TestServer, name = "alice", password = "12345"): Promise<RawNative> {
  const native = await RawNative.join(server, name, undefined, password);
  await native.resume();
  return native;
}

Deno.test("a new password is stored hashed, ends the user's other sessions and cookies, and logs in at once", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", `# the class\n${USERS}\n`);
  await using server = await WebTestServer.open({ passwordsIn: users, trace: true, recordsRequests: true });
  const page = new Browser(server.portOf("web"));
  await using tab = await page.join("alice");
  await tab.next("welcome");
  using other = await resumed(server);
  using bob = await server.join("bob");
  using alice = await resumed(server);
  using handout = await server.join("alice");
  assertEquals(await alice.ask({ type: "passwd", ref: 7, old: "12345", new: FRESH }), { type: "changed", ref: 7 });
  const why = "the password of alice was changed at another connection";
  assertEquals(await other.take(), { type: "refused", why });
  assertEquals((await tab.next("refused")).why, why);
  await other.wire.rest();
  await handout.la.rest();
  assertEquals((await page.about()).name, null, "the cookie is worth nothing any more");
  assertEquals(await bob.la.ask("/list"), "301 bob alice");
  const text = folder.read("users.txt");
  assertMatch(text, /^# the class\n[^]*alice \$scrypt\$ln=17,r=8,p=1\$/);
  assertEquals(text.split("\n").length, `# the class\n${USERS}\n`.split("\n").length);
  const wire = await server.connect();
  assertEquals(await wire.ask("/login alice 12345"), "102 Authentication failed");
  assertEquals(await wire.ask(`/login alice ${FRESH}`), "101 Authentication successful");
  wire.close();
  const trace = server.traced.join("");
  assertMatch(trace, /"type":"passwd","ref":7,"old":"\*{5}","new":"\*{12}"/);
  assert(!trace.includes(FRESH));
});

Deno.test("a wrong old password is a failed login: the next ones wait", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", USERS);
  await using server = await WebTestServer.open({
    passwordsIn: users,
    limits: { freeFailures: 2, failureDelayMs: 60_000 },
  });
  using alice = await resumed(server);
  const guess = (ref: number) => ({ type: "passwd", ref, old: `guess${ref}`, new: FRESH });
  for (const ref of [1, 2]) {
    assertEquals(await alice.ask(guess(ref)), { type: "denied", ref, why: "the old password is wrong" });
  }
  await alice.send(guess(3));
  assertEquals(await alice.take(), { type: "waits", why: "wrong passwords for this name came from your address" });
  assertEquals(await alice.ask(guess(4)), {
    type: "denied",
    ref: 4,
    why: "the password of alice is being changed right now",
  });
  assertEquals(folder.read("users.txt"), USERS);
});

Deno.test("what cannot be changed is denied with the reason, and nothing is written", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", USERS);
  const change = { type: "passwd", ref: 1, old: "12345", new: FRESH };
  {
    await using server = await WebTestServer.open();
    using alice = await RawNative.join(server, "alice", undefined, "12345");
    assertEquals((await alice.resume()).fixedPassword, true);
    assertMatch((await alice.ask({ ...change, old: "", new: "" })).why, /^this server does not write its users file/);
    assertMatch((await alice.ask(change)).why, /^this server does not write its users file; its operator can name/);
  }
  await using server = await WebTestServer.open({ passwordsIn: users });
  using alice = await RawNative.join(server, "alice", undefined, "12345");
  assertEquals((await alice.resume()).fixedPassword, undefined);
  assertMatch((await alice.ask({ ...change, new: "ab" })).why, /^a password has at least \d+ characters, found 2$/);
  assertEquals((await alice.ask({ ...change, new: "alice" })).why, "the password must differ from the name");
  assertEquals(folder.read("users.txt"), USERS);
  // The file has lost the account meanwhile.
  folder.write("users.txt", "jacky 12345\n");
  assertMatch((await alice.ask(change)).why, /^the password could not be stored and stays as it was/);
  assertEquals((await alice.ask({ type: "ping", ref: 9 })).type, "pong");
});

Deno.test("a trace masks both passwords, wherever the line ends and however it is escaped", () => {
  const line = '{"type":"passwd","ref":1,"old":"a\\"b c","new":"secret"}';
  assertEquals(maskPasswords(line), '{"type":"passwd","ref":1,"old":"**** *","new":"******"}');
  assertEquals(
    maskPasswords('{"new":"sec", "type":"passwd", "old" : "half'),
    '{"new":"***", "type":"passwd", "old" : "****',
  );
  assertEquals(maskPasswords('{"type":"say","text":"\\"old\\":\\"x\\""}'), '{"type":"say","text":"\\"old\\":\\"x\\""}');
});

Deno.test("a client whose session ends for a new password ends, and does not try the old one again", () => {
  const client = new ChatClient(new NativeClient({ client: "r" }), { name: "alice", password: "12345", trace: false });
  const say = (line: string) => client.receive(LA, encodeText(`${line}\n`), 0);
  client.start();
  client.opened(1, Infinity, 0);
  for (const line of ["401 Unrecognized message", "101 ok", "201 ok", "110 partyline 2"]) say(line);
  const rest = { refused: [], rooms: ["lobby"], textBytes: 100, searches: true };
  say(JSON.stringify({ type: "begun", store: "s", last: 0, accepted: 0, ...rest }));
  client.use((native) => native.ask({ type: "passwd", old: "12345", new: FRESH }));
  say('{"type":"changed","ref":1}');
  client.takeOutputs();
  client.disconnected("the connection is lost", 0, 0);
  client.tick(client.wakeAt);
  client.opened(1, Infinity, 0);
  say("401 Unrecognized message");
  const written = client.takeOutputs().flatMap((each) => each.type === "write" ? [decodeText(each.bytes)] : []);
  assert(written.includes(`/login alice ${FRESH}\n`), "it logs in again with the new one");
  for (const line of ["101 ok", "201 ok", "110 partyline 2"]) say(line);
  client.takeOutputs();
  say('{"type":"refused","why":"the password of alice was changed at another connection"}');
  client.disconnected("the server closed the connection", 0, 0);
  const last = client.takeOutputs().at(-1);
  assertEquals(last, { type: "ended", status: 1, why: "the password of alice was changed at another connection" });
});

const missing = Terminals.missing();
const skip = missing !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");

Deno.test({
  name: "/passwd over TLS asks for the old password and twice for the new one, and shows none of them",
  ignore: skip,
  fn: async () => {
    using folder = new Folder();
    const users = folder.write("users.txt", USERS);
    await using server = await WebTestServer.open({ passwordsIn: users, tlsPort: true });
    await using terminals = new Terminals();
    const { path, args } = SOURCES.command("client", ["chat", "127.0.0.1", String(server.port), "--data", folder.path]);
    const command = `NO_COLOR=1 ${path} ${args.join(" ")}; echo "status $?"; sleep 90`;
    const alice = await terminals.open("alice", { columns: 90, rows: 24 }, folder.path, command);
    await alice.shows("Please input your user name:");
    await alice.type("alice", "Enter");
    await alice.shows("Please input your password:");
    await alice.type("12345", "Enter");
    await alice.shows("lobby>");
    // The client has gone over to TLS by itself.
    await becomes(() => [...server.instance.runner.hosts].map(({ protocol }) => protocol.name), ["tls"]);
    await change(alice, "12345", FRESH, "another-one");
    await alice.shows("the two new passwords differ; your password stays as it was");
    await change(alice, "wrong", FRESH, FRESH);
    await alice.shows("the old password is wrong");
    await change(alice, "12345", FRESH, FRESH);
    const screen = (await alice.shows("you have a new password; your other connections have ended")).join("\n");
    for (const password of ["12345", FRESH, "another-one", "wrong\n"]) {
      assert(!screen.includes(`${password}\n`), password);
    }
    assert(!screen.includes(FRESH));
    assertMatch(folder.read("users.txt"), /^alice \$scrypt\$/m);
  },
});

async function change(terminal: Terminal, ...answers: string[]): Promise<void> {
  await terminal.type("/passwd", "Enter");
  for (const [at, question] of ["Old password:", "New password:", "New password again:"].entries()) {
    await terminal.becomes((rows) => rows.findLast((row) => row.trim() !== "")?.trimEnd() === question, question);
    await terminal.type(answers[at]!, "Enter");
  }
}
