import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RawClient, USERS } from "./support/test_server.ts";
import { Folder, PROGRAMS, programTest as test, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

const LISTENING = /^im listening on 127\.0\.0\.1:(\d+)\n/;
const PROMPTS = "Please input your user name: Please input your password: ";

/** Starts a server in a folder that contains only a users file. */
async function serve(folder: Folder, args: string[] = [], users = USERS): Promise<{ server: Running; port: number }> {
  const file = folder.write("users.txt", users);
  const server = new Running(PROGRAMS, "server", ["0", file, "--host", "127.0.0.1", ...args], folder.path);
  const [, port] = await server.printed(LISTENING);
  return { server, port: Number(port) };
}

function join(folder: Folder, port: number, args: string[] = []): Running {
  return new Running(PROGRAMS, "client", ["127.0.0.1", String(port), ...args], folder.path);
}

test("the handout's complete session: our client, our server, and two raw clients", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  using bob = await RawClient.open(port);
  await bob.login("bob", "12345");
  using michael = await RawClient.open(port);
  await michael.login("michael", "12345");
  await using jacky = join(folder, port);
  await jacky.type("jacky\n12345\n/list\n/to bob Hello! Nice to meet you!\n");
  assertEquals(await bob.take(), "/from jacky Hello! Nice to meet you!");
  await jacky.printed(/303 Message/);
  assertEquals(await michael.la.ask("/to jacky Hi, Jacky!"), "303 Message delivery successful");
  await jacky.type("/toall How about meeting at 3pm today?\n/exit\n");
  assertEquals(await bob.take(), "/broadcastfrom jacky How about meeting at 3pm today?");
  assertEquals(await michael.take(), "/broadcastfrom jacky How about meeting at 3pm today?");
  assertEquals(await jacky.over(), 0);
  assertEquals(
    jacky.out,
    PROMPTS + [
      "101 Authentication successful",
      "201 Build connection successful",
      "301 jacky bob michael",
      "303 Message delivery successful",
      "/from michael Hi, Jacky!",
      "303 Message delivery successful",
      "310 Bye bye",
      "",
    ].join("\n"),
  );
  assertEquals(jacky.err, "");
  assertEquals(await bob.la.ask("/list"), "301 bob michael");
});

test("the client asks again after a wrong password and sends /exit at the end of its input", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  await using jacky = join(folder, port);
  await jacky.type("jacky\nwrong\njacky\n12345\n/list");
  await jacky.endInput();
  assertEquals(await jacky.over(), 0);
  assertEquals(
    jacky.out,
    `${PROMPTS}102 Authentication failed\n${PROMPTS}101 Authentication successful\n` +
      "201 Build connection successful\n301 jacky\n310 Bye bye\n",
  );
});

test("options replace the prompts, and a refused login then ends the client", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  folder.write("right", "12345\n");
  folder.write("wrong", "guess\n");
  await using jacky = join(folder, port, ["--name", "jacky", "--password-file", "right"]);
  await jacky.endInput();
  assertEquals(await jacky.over(), 0);
  assertEquals(jacky.out, "101 Authentication successful\n201 Build connection successful\n310 Bye bye\n");
  await using guess = join(folder, port, ["--name", "jacky", "--password-file", "wrong"]);
  assertEquals(await guess.over(), 1);
  assertEquals(guess.out, "102 Authentication failed\n");
  assertEquals(guess.err, "client: the server refused the login of jacky: 102 Authentication failed\n");
});

test("SIGTERM notifies the sessions, exits with status 0, and the client reports it", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  await using jacky = join(folder, port);
  await jacky.type("jacky\n12345\n");
  await jacky.printed(/201 Build/);
  using bob = await RawClient.open(port);
  await bob.login("bob", "12345");
  const began = performance.now();
  server.process.kill("SIGTERM");
  assertEquals(await bob.la.rest(), "310 Bye bye\n");
  assertEquals(await server.over(), 0);
  // Five seconds, and as much again for a busy machine: a server that waited for its clients would wait longer.
  assert(performance.now() - began < 10_000, "in time");
  assertEquals(server.out, `im listening on 127.0.0.1:${port}\n`);
  assertEquals(await jacky.over(), 1);
  assertMatch(jacky.err, /^client: the server has stopped\n$/);
  assertStringIncludes(jacky.out, "310 Bye bye\n");
});

test("when the server is killed, the client ends with a message and a status", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  await using jacky = join(folder, port);
  await jacky.type("jacky\n12345\n");
  await jacky.printed(/201 Build/);
  server.process.kill("SIGKILL");
  assertEquals(await jacky.over(), 1);
  assertMatch(jacky.err, /^client: the server .+\n$/);
});

test("a signal right after the listener opens stops the server properly", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) {
    const { server } = await serve(folder);
    await using _server = server;
    server.process.kill(signal);
    assertEquals(await server.over(), 0);
  }
});

test("if nobody reads the log, the chat continues and a signal still stops the server", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const file = folder.write("users.txt", USERS);
  const { path, args } = PROGRAMS.command("server", ["0", file, "--host", "127.0.0.1", "--trace"]);
  const process = new Deno.Command(path, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const out = process.stdout.getReader();
  const [, port] = LISTENING.exec(new TextDecoder().decode((await out.read()).value))!;
  using jacky = await RawClient.open(Number(port));
  await jacky.login("jacky", "12345");
  // More than a pipe holds, and no more commands than are answered without a delay.
  for (let i = 0; i < 19; i++) {
    await jacky.la.send("/list\n".repeat(100));
    assertEquals(await jacky.la.lines(100), Array(100).fill("301 jacky"));
  }
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0);
  await Promise.all([out.cancel(), process.stderr.cancel()]);
});

test("input of strangers is sanitized before it is logged", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  using stranger = await RawClient.open(port);
  await stranger.la.ask("/login \x1b[2J{name}{{x}}\r1 x");
  await until(() => server.err.includes("refused: name or password"), "it is logged");
  assertMatch(server.err, /login of ␛\[2J\{name\}\{\{x\}\}␍1 from 127\.0\.0\.1 refused: name or password\n$/);
  await stranger.la.ask(`/login ${"x".repeat(16_000)} x`);
  await until(() => server.err.includes("x…"), "it is logged, cut");
  assert(server.err.length < 3000);
});

test("on SIGINT the client sends /exit", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const { server, port } = await serve(folder, ["--trace"]);
  await using _server = server;
  await using jacky = join(folder, port, ["--trace"]);
  await jacky.type("jacky\n12345\n");
  await jacky.printed(/201 Build/);
  jacky.process.kill("SIGINT");
  assertEquals(await jacky.over(), 0);
  assertMatch(jacky.out, /310 Bye bye\n$/);
  assertMatch(jacky.err, /jacky La> \/exit\n.*jacky La< 310 Bye bye\n$/);
  await until(() => /jacky left: said \/exit/.test(server.err), "the server logs it");
  assertMatch(server.err, /jacky La> \/exit\n.*jacky La< 310 Bye bye\n/);
  assertEquals((server.err + jacky.err).includes("12345"), false);
});

test("SIGHUP reloads the accounts; users who still have one stay; a malformed file changes nothing", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const { server, port } = await serve(folder);
  await using _server = server;
  using bob = await RawClient.open(port);
  await bob.login("bob", "12345");
  using jacky = await RawClient.open(port);
  await jacky.login("jacky", "12345");
  folder.write("users.txt", "zoe secret\nbob 12345\n");
  server.process.kill("SIGHUP");
  await until(() => server.err.includes("2 accounts read"), "the accounts are read");
  assertEquals(await jacky.la.line(), "310 Bye bye", "jacky has no account any more");
  using zoe = await RawClient.open(port);
  await zoe.login("zoe", "secret");
  assertEquals(await bob.la.ask("/list"), "301 bob zoe");
  folder.write("users.txt", "broken\n");
  server.process.kill("SIGHUP");
  await until(() => server.err.includes("the accounts stay as they were"), "the broken file is refused");
  zoe.close();
  using again = await RawClient.open(port);
  await until(() => server.err.includes("zoe left"), "zoe is gone");
  await again.login("zoe", "secret");
});

test("hash-passwords converts the file; the right passwords still work and wrong ones still fail", async () => {
  using folder = new Folder();
  folder.write("users.txt", "# 12345\njacky  12345\r\n\nbob 12345\n");
  await using hashing = new Running(PROGRAMS, "server", ["hash-passwords", "users.txt"], folder.path);
  assertEquals([await hashing.over(), hashing.out], [0, "users.txt: 2 passwords hashed, 0 already were\n"]);
  const hashed = folder.read("users.txt");
  assertMatch(hashed, /^# 12345\njacky {2}\$scrypt\$ln=17,r=8,p=1\$\S+\r\n\nbob \$scrypt\$\S+\n$/);
  await using again = new Running(PROGRAMS, "server", ["hash-passwords", "users.txt"], folder.path);
  assertEquals([await again.over(), again.out], [0, "users.txt: 0 passwords hashed, 2 already were\n"]);
  assertEquals(folder.read("users.txt"), hashed);
  const { server, port } = await serve(folder, [], hashed);
  await using _server = server;
  using jacky = await RawClient.open(port);
  assertEquals(await jacky.la.ask("/login jacky 1234"), "102 Authentication failed");
  await jacky.login("jacky", "12345");
});

test("a command line that cannot be followed gives one clear line and status 2, before any listener opens", async () => {
  using folder = new Folder();
  folder.write("good.txt", "a 1\n");
  folder.write("bad.txt", "a 1\nbob\n");
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const cases: ["server" | "client", string[], string][] = [
    [
      "server",
      ["0", "none.txt"],
      "server: cannot read the users file none.txt: there is no such file; it must have one user per line: username password",
    ],
    [
      "server",
      ["0", "bad.txt"],
      'server: bad.txt:2: expected "username password" and nothing else, found only one word',
    ],
    ["server", ["0", "good.txt", "--bogus=1"], "server: unknown option --bogus; --help lists the options"],
    ["server", ["0", "good.txt", "--trace=maybe"], 'server: --trace takes no value, found "--trace=maybe"'],
    ["server", ["--_", "1"], "server: unknown option --_; --help lists the options"],
    ["server", ["70000"], 'server: the port must be a whole number from 0 to 65535, not "70000"'],
    ["server", ["1", "2", "3"], 'server: expected PORT and USERS_FILE, found "3" after them'],
    [
      "server",
      ["0", "good.txt", "--receipt-ms", "soon"],
      'server: --receipt-ms must be a whole number from 10 to 600000, not "soon"',
    ],
    [
      "server",
      ["0", "good.txt", "--log-level", "loud"],
      'server: --log-level must be one of fatal, error, warning, info, debug, trace, not "loud"',
    ],
    ["server", ["0", "good.txt", "--host"], "server: --host needs a value: --host ADDR"],
    [
      "server",
      [String(port), "good.txt", "--host", "127.0.0.1"],
      `server: cannot listen on 127.0.0.1:${port}: the port is in use`,
    ],
    ["server", ["hash-passwords"], "server: hash-passwords takes one users file, not 0"],
    ["client", ["lobby"], "client: expected HOST after lobby, found nothing; for example: client lobby 192.168.1.7"],
    ["client", ["localhost", "0"], 'client: the port must be a whole number from 1 to 65535, not "0"'],
    [
      "client",
      ["--password-file", "none", "localhost", "1"],
      "client: cannot read the password file none: there is no such file",
    ],
  ];
  await Promise.all(cases.map(async ([program, args, message]) => {
    await using run = new Running(PROGRAMS, program, args, folder.path);
    assertEquals([await run.over(), run.out], [2, ""], args.join(" "));
    assertEquals(run.err, `${message}\n`);
  }));
});

test("a client that finds no server reports it with status 1", async () => {
  using folder = new Folder();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using run = join(folder, port);
  assertEquals([await run.over(), run.out], [1, ""]);
  assertEquals(run.err, `client: cannot connect to 127.0.0.1:${port}: nothing listens there\n`);
});

test("--help and --version print to standard output, with status 0", async () => {
  using folder = new Folder();
  await Promise.all((["server", "client"] as const).map(async (program) => {
    await using help = new Running(PROGRAMS, program, ["--help"], folder.path);
    assertEquals([await help.over(), help.err], [0, ""]);
    assertMatch(help.out, new RegExp(`^Partyline ${program}: .*\n\n  ${program} `));
    assert(help.out.split("\n").every((line) => line.length <= 80), "no line over 80 columns");
    await using version = new Running(PROGRAMS, program, ["--version"], folder.path);
    await version.over();
    assertMatch(version.out, /^partyline \d+\.\d+\.\d+\n$/);
  }));
});

test("--log-json logs one JSON object a line", async () => {
  using folder = new Folder();
  const { server, port } = await serve(folder, ["--log-json"]);
  await using _server = server;
  using bob = await RawClient.open(port);
  await bob.login("bob", "12345");
  await until(() => server.err.includes("\n"), "something is logged");
  const [first] = server.err.split("\n");
  const entry = JSON.parse(first!);
  assertEquals([entry.level, entry.message], ["info", "bob is online from 127.0.0.1 (1 online)"]);
});
