import { assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { LobbyClient } from "../lib/protocols/lobby/client.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { becomes, until } from "./support/wire.ts";

const WELCOME = "Welcome to this chatroom!\n";

/** The handout's own two programs. */
const PYTHON: Programs = {
  name: "the handout's",
  command: (program, args) => {
    const path = join(dirname(fromFileUrl(import.meta.url)), "peers", `lobby_${program}.py`);
    return { path: "python3", args: [path, ...args] };
  },
};
const missing = await new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success ? undefined : "python3 does not run", () => "python3 is not installed");
const ignore = missing !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");

function withPython(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${ignore ? ` (skipped: ${missing})` : ""}`, ignore, fn });
}

/** `server IP PORT` in an empty folder. */
async function lobbyAlone(folder: Folder, ...more: string[]): Promise<{ server: Running; port: string }> {
  const server = new Running(SOURCES, "server", ["127.0.0.1", "0", ...more], folder.path);
  const [, port] = await server.printed(/^lobby listening on 127\.0\.0\.1:(\d+)$/m);
  return { server, port: port! };
}

Deno.test("the client ends 600 ms after its input, if the server has not ended before", () => {
  const client = new LobbyClient();
  const outputs = () => client.takeOutputs().map((output) => output.type === "line" ? output.line : output.type);
  client.typed("the last line", 1000);
  client.inputEnded(1000);
  assertEquals(outputs(), ["write", "own", "finish"]);
  client.receive(new TextEncoder().encode("<10.0.0.6> wait"), 1550);
  assertEquals(client.wakeAt, 1600);
  client.tick(1599);
  assertEquals(outputs(), []);
  client.tick(1600);
  assertEquals(outputs(), ["<10.0.0.6> wait", "ended"]);
  assertEquals(client.wakeAt, Infinity);
  client.closed("finished");
  assertEquals(outputs(), []);
});

withPython(
  "at the handout's own server our client sends the last line and ends, although the server does not",
  async () => {
    using folder = new Folder();
    await using server = new Running(PYTHON, "server", ["127.0.0.1", "0"], folder.path);
    const [, port] = await server.printed(/^port (\d+)$/m);
    await using other = new Running(PYTHON, "client", ["127.0.0.1", port!], folder.path);
    await other.printed(/\[Welcome to this chatroom!\]/);
    for (const input of ["hello\nthe end", "hello\n/exit\n"]) {
      await using ours = new Running(SOURCES, "client", ["lobby", "127.0.0.1", port!], folder.path);
      await ours.printed(/^Welcome/);
      await ours.type(input);
      await ours.endInput();
      assertEquals([await ours.over(), ours.err], [0, ""]);
      const said = input.includes("/exit") ? "<You>hello\n" : "<You>hello\n<You>the end\n";
      assertEquals(ours.out, WELCOME + said);
      if (!input.includes("/exit")) await server.printed(/the end\n/);
      // The server is told that the client has finished, and goes on.
      await server.printed(/^finished 127\.0\.0\.1$/m);
    }
    await other.type("still here\n");
    await server.printed(/^<127\.0\.0\.1> still here$/m);
  },
);

withPython(
  "server IP PORT: the handout's clients, nc and telnet share a room, which the server's terminal shows",
  async () => {
    using folder = new Folder();
    const { server, port } = await lobbyAlone(folder);
    await using _server = server;
    await using python = new Running(PYTHON, "client", ["127.0.0.1", port], folder.path);
    await python.printed(/\[Welcome to this chatroom!\n\]/);
    const telnet = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const decoder = new TextDecoder();
    const chunk = async () => {
      const bytes = new Uint8Array(2048);
      return decoder.decode(bytes.subarray(0, await telnet.read(bytes) ?? 0));
    };
    assertEquals(await chunk(), WELCOME);
    await telnet.write(new TextEncoder().encode("from telnet\r\n"));
    await python.printed(/\[<127\.0\.0\.1> from telnet\n\]/);
    await python.type("from \x1b[31mPython\n");
    assertEquals(await chunk(), "<127.0.0.1> from ␛[31mPython\n");
    telnet.close();
    await until(() => server.err.includes("127.0.0.1 left"), "telnet has left");
    await using ours = new Running(SOURCES, "client", ["lobby", "127.0.0.1", port], folder.path);
    await ours.printed(/^Welcome/);
    await python.type("alone no more\n");
    await ours.printed(/^<127\.0\.0\.1> alone no more$/m);
    await python.endInput();
    assertEquals(await python.over(), 0);
    await becomes(
      () => server.out,
      `lobby listening on 127.0.0.1:${port}\n` + [
        ...["127.0.0.1 connected", "127.0.0.1 connected", "<127.0.0.1> from telnet"],
        ...["<127.0.0.1> from ␛[31mPython", "127.0.0.1 connected", "<127.0.0.1> alone no more", ""],
      ].join("\n"),
    );
  },
);

Deno.test("server IP PORT needs no users file, and reads none; more listeners may be named", async () => {
  using folder = new Folder();
  folder.write("users.txt", "this is no users file\n");
  const { server, port } = await lobbyAlone(folder);
  await using _server = server;
  await server.type("E\n");
  assertEquals([await server.over(), server.out], [0, `lobby listening on 127.0.0.1:${port}\n`]);
  assertMatch(server.err, /^\S+ info {4}E on the console: telling 0 sessions, then stopping\n$/);
  const { server: both } = await lobbyAlone(folder, "--address-book", "0");
  await using _both = both;
  await both.printed(/^address-book listening on 127\.0\.0\.1:\d+$/m);
});

Deno.test("a server that reads nothing: the client ends, and either everything is on its way or the client says so", async () => {
  using folder = new Folder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const lines of [100, 1000]) {
    await using ours = new Running(SOURCES, "client", ["lobby", "127.0.0.1", `${listener.addr.port}`], folder.path);
    using conn = await listener.accept();
    // A client that is over takes no more input.
    await ours.type(`${"x".repeat(8000)}\n`.repeat(lines)).then(() => ours.endInput()).catch(() => {});
    const status = await ours.over();
    if (status === 0) assertEquals(await received(conn), lines * 8001);
    else assertMatch(ours.err, /^client: (the last \d+ bytes were not sent: .+|more than \d+ bytes waited .+)\n$/);
    // More than all buffers hold.
    if (lines === 1000) assertEquals(status, 1);
  }
});

async function received(conn: Deno.Conn): Promise<number> {
  let bytes = 0;
  for await (const chunk of conn.readable) bytes += chunk.length;
  return bytes;
}
