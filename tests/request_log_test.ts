import { assertEquals } from "@std/assert";
import { REQUESTS_HELD } from "../lib/core/limits.ts";
import { RequestLog } from "../lib/server/request_log.ts";
import { RequestFile } from "../lib/store/request_file.ts";
import { Browser } from "./support/browser.ts";
import { MychatProgram } from "./support/mychat.ts";
import { RawNative, StoringServer } from "./support/native.ts";
import { Folder } from "./support/programs.ts";
import { RawClient } from "./support/test_server.ts";

/** The lines of the file without their times, ports and listeners' numbers. */
function recorded(server: StoringServer): string[] {
  return server.folder.read("requests.log").trimEnd().split("\n")
    .map((line) => line.replace(/^\S+Z /, "").replace(/127\.0\.0\.1:\d+/, "ADDRESS").replace(/ port \d+ /, " port N "));
}

Deno.test("each request of each listener is a line with what came of it; passwords are not in it", async () => {
  await using server = await StoringServer.open({
    ...{ recordsRequests: true, lobby: true, mychat: true, addressBook: true },
  });
  const wrong = await RawClient.open(server.port);
  await wrong.la.ask("/login jacky secret-7");
  wrong.close();
  using jacky = await RawNative.resume(server, "jacky");
  await jacky.say({ room: "lobby" }, "hello\nall");
  await jacky.say({ to: "carol" }, "hi");
  await jacky.ask({ type: "join", ref: 1, room: "lab1" });
  const bob = await server.join("bob");
  await bob.la.ask("/to michael hi");
  await bob.la.ask("/list");
  bob.close();
  const guest = await server.guest();
  await guest.send("from a guest\n");
  await jacky.take();
  using prince = await MychatProgram.connect(server.portOf("mychat"), "prince");
  await prince.ask('{"key": "SENT_TO", "msg": "yo", "sendto": "jacky", "sentfrom": "prince"}');
  const peer = await Deno.connect({ port: server.portOf("address-book"), hostname: "127.0.0.1" });
  await peer.write(new TextEncoder().encode("R:peter:3001"));
  await new Response(peer.readable).bytes();
  guest.close();
  await server.instance.stop();
  const lines = recorded(server);
  const expected = [
    "im jacky ADDRESS login jacky ******** -> refused: name or password",
    "im jacky ADDRESS login jacky ******** -> done",
    'im jacky ADDRESS say #lobby "hello\\nall" -> kept',
    'im jacky ADDRESS say carol "hi" -> refused: there is no user "carol"',
    "im jacky ADDRESS join lab1 -> done",
    "im bob ADDRESS port N -> linked",
    'im bob ADDRESS send michael "hi" -> not delivered',
    "im bob ADDRESS who -> done",
    'lobby 127.0.0.1 ADDRESS announce "from a guest"',
    "mychat prince ADDRESS claim prince -> done",
    'mychat prince ADDRESS say jacky "yo" -> kept',
  ];
  // A login that failed has no user.
  const found = lines.map((line) => line.replace("im - ADDRESS login", "im jacky ADDRESS login"));
  assertEquals(expected.filter((line) => !found.includes(line)), [], lines.join("\n"));
  assertEquals(lines.filter((line) => line.startsWith("address-book") && line.includes("peter")).length, 1);
  assertEquals(lines.filter((line) => line.includes("secret-7") || line.includes("12345")), []);
});

Deno.test("a session leaves once, also one that has left before its end", async () => {
  await using server = await StoringServer.open({ recordsRequests: true });
  const asking = await server.connect();
  await asking.ask("/partyline 2 tls");
  await asking.finish();
  await asking.rest();
  const bob = await server.join("bob");
  bob.lb.close();
  await bob.la.rest();
  bob.close();
  await server.instance.stop();
  assertEquals(recorded(server).filter((line) => line.includes(" leave ")), [
    "im - ADDRESS leave -> closed La",
    "im bob ADDRESS leave -> closed Lb",
  ]);
});

Deno.test("each request of the page is a line with its status, but for the page's files; no password and no query", async () => {
  await using server = await StoringServer.open({ recordsRequests: true, web: true });
  const page = new Browser(server.portOf("web"));
  for (const path of ["/", "/page/chat.css", "/about?secret-8", "/nowhere"]) {
    await (await page.ask(path)).body?.cancel();
  }
  await page.post("/login", { name: "bob", password: "secret-7" });
  await using _chat = await page.join("bob");
  await server.instance.stop();
  const lines = recorded(server).filter((line) => /(GET|POST) /.test(line));
  assertEquals(lines, [
    "web - ADDRESS GET / -> 200",
    "web - ADDRESS GET /about -> 200",
    "web - ADDRESS GET /nowhere -> 404",
    "web - ADDRESS POST /login -> 403",
    "web - ADDRESS POST /login -> 200",
    "web bob ADDRESS GET /chat -> WebSocket",
  ]);
  assertEquals(server.folder.read("requests.log").includes("secret-"), false);
});

Deno.test("a file that reaches its bound becomes requests.log.old; without a bound there is none", async () => {
  using folder = new Folder();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const first = new RequestFile(folder.path, 10);
  for (const line of ["12345\n", "789\n", "abc\n"]) await first.write(bytes(line));
  // Another run goes on in the same file.
  await new RequestFile(folder.path, 10).write(bytes("def\n"));
  assertEquals([folder.read("requests.log.old"), folder.read("requests.log")], ["12345\n789\n", "abc\ndef\n"]);
  await using none = await StoringServer.open({ recordsRequests: true, limits: { requestLogBytes: 0 } });
  (await RawNative.resume(none, "jacky")).close();
  await none.instance.stop();
  const files = [...Deno.readDirSync(none.folder.path)].map(({ name }) => name);
  assertEquals(files.filter((name) => name.startsWith("requests")), []);
});

Deno.test("a guest's entering and files are lines with what came of them, without the room, which lets in who knows it", () => {
  const lines: string[] = [];
  const log = new RequestLog((line) => lines.push(line), () => 0);
  const session: { name: string | undefined } = { name: undefined };
  const by = { id: 1, protocol: { name: "rooms" }, peer: { hostname: "10.0.0.1", port: 9 }, session };
  log.command(by, { type: "enterRoom", as: "bob", room: "hidden" });
  log.told([1], { type: "turnedAway", why: { text: '"bob" is the name of a user' } });
  log.command(by, { type: "enterRoom", as: "rita", room: "hidden" });
  session.name = "rita";
  log.told([1], { type: "entered", isNew: true });
  for (const why of [undefined, "too large"]) {
    log.command(by, { type: "beginFile", name: "a.txt", bytes: 5 });
    log.told([1], { type: "fileAnswer", why });
  }
  log.close();
  assertEquals(lines.map((line) => line.replace(/^\S+Z rooms (\S+) 10\.0\.0\.1:9 /, "$1 ")), [
    '- enterRoom bob -> refused: "bob" is the name of a user\n',
    "rita enterRoom rita -> done\n",
    'rita beginFile "a.txt" of 5 bytes -> taken\n',
    'rita beginFile "a.txt" of 5 bytes -> refused: too large\n',
  ]);
});

Deno.test("requests beyond what is held are counted and said; a flush makes a bounded number of lines", () => {
  const lines: string[] = [];
  const log = new RequestLog((line) => lines.push(line), () => 0);
  const session = { name: "jacky" };
  const by = { id: 1, protocol: { name: "lobby" }, peer: { hostname: "10.0.0.1", port: 9 }, session };
  for (let count = 0; count < REQUESTS_HELD + 7; count++) log.command(by, { type: "announce", text: "x" });
  log.flush(10);
  assertEquals(lines.length, 11);
  assertEquals(lines[0], "1970-01-01T00:00:00.000Z (7 requests were not recorded)\n");
  assertEquals(lines[1], '1970-01-01T00:00:00.000Z lobby jacky 10.0.0.1:9 announce "x"\n');
  log.command(by, { type: "who" });
  log.command(by, { type: "leave", why: "gone" });
  log.close();
  assertEquals(lines.length, 11 + REQUESTS_HELD - 10 + 2);
  assertEquals(lines.at(-2), "1970-01-01T00:00:00.000Z lobby jacky 10.0.0.1:9 who -> left before the answer\n");
  assertEquals(lines.at(-1), "1970-01-01T00:00:00.000Z lobby jacky 10.0.0.1:9 leave -> gone\n");
});
