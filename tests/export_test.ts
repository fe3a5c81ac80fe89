import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../lib/core/errors.ts";
import { parseServerArgs } from "../lib/server/command_line.ts";
import { exportChat, resetChat } from "../lib/store/kept_chat.ts";
import { RawNative, StoringServer } from "./support/native.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";

/** A folder in which jacky and bob have left messages: in the lobby, in lab1, and to each other. */
async function withMessages(): Promise<StoringServer> {
  const server = await StoringServer.open();
  using jacky = await RawNative.resume(server, "jacky");
  await jacky.say({ room: "lobby" }, "hello\nall");
  await jacky.ask({ type: "join", ref: 1, room: "lab1" });
  const { seq } = await jacky.say({ room: "lab1" }, "red");
  await jacky.edit(seq, "green");
  await jacky.say({ to: "bob" }, "psst \u001b[2J");
  await server.instance.stop();
  return server;
}

function exported(data: string, format: "text" | "json", of?: string): string[] {
  let text = "";
  exportChat({ data, format, of }, (piece) => text += piece);
  return text.trimEnd().split("\n").map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, "TIME "));
}

Deno.test("what is kept is exported as lines: every room, then every pair; edited texts as they are now, further lines indented", async () => {
  await using server = await withMessages();
  const { path } = server.folder;
  const lobby = ["# room lobby", "TIME jacky: hello", "    all"];
  const lab = ["# room lab1", "TIME jacky: green (edited)"];
  const pair = ["# jacky and bob", "TIME jacky: psst ␛[2J"];
  assertEquals(exported(path, "text"), [...lobby, ...lab, ...pair]);
  assertEquals(exported(path, "text", "lab1"), lab);
  assertEquals(exported(path, "text", "bob"), pair);
  const [first, second, third] = exported(path, "json").map((line) => JSON.parse(line));
  assertEquals([first.room, first.from, first.text], ["lobby", "jacky", "hello\nall"]);
  assertEquals([second.room, second.text, second.edited], ["lab1", "green", true]);
  assertEquals([third.to, third.text, third.room], ["bob", "psst \u001b[2J", undefined]);
  const why = assertThrows(() => exported(path, "text", "carol"), UserError).message;
  assertMatch(why, /^nothing is kept of "carol": .* has neither a room nor a user of this name$/);
});

Deno.test("reset starts over and keeps a copy; refused while a server has the store, and where the answer is no", async () => {
  await using server = await withMessages();
  const { path } = server.folder;
  assertEquals(resetChat(path, () => false, 0), undefined);
  assertEquals(exported(path, "text").length, 7);
  await server.restart();
  assertMatch(assertThrows(() => resetChat(path, () => true, 0), UserError).message, /another running program uses it/);
  assertMatch(assertThrows(() => exported(path, "text"), UserError).message, /another running program uses it/);
  await server.instance.stop();
  const copy = join(path, "partyline.db.20260309-083346");
  Deno.writeTextFileSync(copy, "an earlier copy");
  assertEquals(resetChat(path, () => true, Date.UTC(2026, 2, 9, 8, 33, 46)), `${copy}-2`);
  assertMatch(assertThrows(() => exported(path, "text"), UserError).message, /^nothing is kept in /);
  Deno.renameSync(`${copy}-2`, join(path, "partyline.db"));
  assertEquals(exported(path, "text").length, 7);
});

Deno.test("the server's command line exports and resets", async () => {
  assertEquals(parseServerArgs(["export", "--json", "lab1", "--data", "d"]), {
    type: "export",
    data: "d",
    format: "json",
    of: "lab1",
  });
  assertThrows(() => parseServerArgs(["export", "--json", "--text"]), UserError, "exclude each other");
  assertThrows(() => parseServerArgs(["export", "a", "b"]), UserError, "one room or user");
  assertThrows(() => parseServerArgs(["reset", "a"]), UserError, "reset takes no argument");
  await using server = await withMessages();
  const run = async (...args: string[]) => {
    using folder = new Folder();
    await using running = new Running(SOURCES, "server", [...args, "--data", server.folder.path], folder.path);
    await running.endInput();
    return [await running.over(), running.out, running.err];
  };
  const [status, out] = await run("export", "lab1");
  assertEquals([status, (out as string).split("\n").length], [0, 3]);
  assertEquals(await run("reset"), [2, "", "server: reset asks before it begins; --yes answers for you\n"]);
  assertMatch(
    (await run("reset", "--yes"))[1] as string,
    /^the chat is empty; what was kept is in .*partyline\.db\.\d{8}-\d{6}\n$/,
  );
  assertEquals((await run("export"))[0], 2);
});
