import { assert, assertEquals } from "@std/assert";
import { type Terminal, Terminals } from "../tools/terminal.ts";
import { imHint } from "../lib/terminal/im_commands.ts";
import { TestServer } from "./support/test_server.ts";
import { Folder, SOURCES } from "./support/programs.ts";

// The client in a real terminal.
const why = Terminals.missing();
const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");
const SIZE = { columns: 80, rows: 24 };

function test(name: string, fn: () => Promise<void>): void {
  const skip = why !== undefined && !required;
  Deno.test({ name: skip ? `${name} (skipped: ${why})` : name, ignore: skip, fn });
}

function client(port: number): string {
  const { path, args } = SOURCES.command("client", ["127.0.0.1", String(port)]);
  // Times and colours are not tested here.
  return `NO_COLOR=1 ${path} ${args.join(" ")}; echo "status $?"; sleep 90`;
}

/** A terminal in which jacky has logged in. */
async function loggedIn(terminals: Terminals, folder: Folder, port: number): Promise<Terminal> {
  const jacky = await terminals.open("jacky", SIZE, folder.path, client(port));
  await jacky.shows("Please input your user name:");
  await jacky.type("jacky", "Enter");
  await jacky.shows("Please input your password:");
  await jacky.type("12345", "Enter");
  await jacky.shows("201 Build");
  return jacky;
}

/** Waits until these are the last rows, whatever the time of day: a screen that is drawn anew is seen half done at times. */
async function endsWith(terminal: Terminal, ...rows: string[]): Promise<string[]> {
  const last = (screen: string[]) => screen.slice(-rows.length).map((row) => row.replace(/^\d\d:\d\d:\d\d /, ""));
  return await terminal.becomes((screen) => last(screen).join("\n") === rows.join("\n"), rows.join("\n"));
}

test("a user logs in, chats while messages arrive, completes names, asks for help, and leaves with Ctrl-C", async () => {
  await using server = await TestServer.open();
  using folder = new Folder();
  await using terminals = new Terminals();
  using bob = await server.join("bob");
  const jacky = await loggedIn(terminals, folder, server.port);
  // bob has not sent anything, but his name is completed.
  await jacky.type("/to b", "Tab");
  await jacky.shows("/to bob");
  await jacky.type("half a wo");
  await jacky.shows("half a wo");
  await bob.la.send("/to jacky are you there?\n");
  await endsWith(jacky, "/from bob are you there?", "/to bob half a wo");
  assertEquals(await bob.la.line(), "303 Message delivery successful");
  await jacky.type("rd", "Enter");
  assertEquals(await bob.take(), "/from jacky half a word");
  await jacky.shows("303");
  await jacky.type("/help to", "Enter");
  await jacky.shows("/to NAME TEXT");
  await jacky.type("Up", "Up");
  await endsWith(jacky, "/to bob half a word");
  await jacky.type("C-c");
  const last = await endsWith(jacky, "310 Bye bye", "status 0");
  assert(!last.join("\n").includes("12345"), "the password was never on the screen");
});

test("a paste of more than five lines asks first; control characters from others stay on their line", async () => {
  await using server = await TestServer.open();
  using folder = new Folder();
  await using terminals = new Terminals();
  using bob = await server.join("bob");
  const jacky = await loggedIn(terminals, folder, server.port);
  await jacky.paste(Array.from({ length: 7 }, (_, i) => `/to bob ${i}\n`).join(""));
  await jacky.shows("send 7 lines? [y/N]");
  await jacky.type("y");
  for (let i = 0; i < 7; i++) assertEquals(await bob.take(), `/from jacky ${i}`);
  await bob.la.send("/to jacky \x1b[2J\x1b[Hgone\n");
  await endsWith(jacky, "/from bob ␛[2J␛[Hgone");
});

test("SIGQUIT and SIGABRT end the client and put the terminal back", async () => {
  await using server = await TestServer.open();
  using folder = new Folder();
  await using terminals = new Terminals();
  for (const [signal, status] of [["SIGQUIT", 131], ["SIGABRT", 134]] as const) {
    const { path, args } = SOURCES.command("client", ["127.0.0.1", String(server.port)]);
    const program = `sh -c 'echo $$ > pid; exec "$0" "$@"' ${path} ${args.join(" ")}`;
    const jacky = await terminals.open(signal, SIZE, folder.path, `${program}; echo "status $?"; stty -a; sleep 90`);
    await jacky.shows("Please input your user name:");
    Deno.kill(Number(folder.read("pid")), signal);
    await jacky.shows(`status ${status}`);
    const screen = await jacky.becomes((rows) => /icanon/.test(rows.join("\n")), "the state of the terminal");
    assert(!screen.join("\n").includes("-icanon"), screen.join("\n"));
  }
});

Deno.test("a 401 in the IM client is explained to a person: what was typed, and what would be right", () => {
  const hint = (typed: string, reply = "401 Unrecognized message") => imHint(reply, typed);
  assertEquals(hint("hello"), "-- 401: a command begins with /; /toall hello sends it to all users --");
  assertEquals(hint("/quit"), "-- 401: the handout has no /quit; /exit logs out --");
  assertEquals(hint("/to bob"), "-- 401: usage: /to NAME TEXT --");
  assertEquals(hint("/lst"), "-- 401: did you mean /list? --");
  assertEquals(hint("/xyzzy"), "-- 401: the commands are /list /to /toall /exit /help --");
  assertEquals([hint(" "), hint("hello", "303 Message delivery successful")], [undefined, undefined]);
});

test("a plain line in the IM client goes out as it was typed, and gets a hint", async () => {
  await using server = await TestServer.open();
  using folder = new Folder();
  await using terminals = new Terminals();
  const jacky = await loggedIn(terminals, folder, server.port);
  await jacky.type("hello", "Enter");
  await endsWith(
    jacky,
    "401 Unrecognized message",
    "-- 401: a command begins with /; /toall hello sends it to all users --",
  );
});
