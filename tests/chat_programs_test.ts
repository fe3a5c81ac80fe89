import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HASHED_USERS, RawClient } from "./support/test_server.ts";
import { Folder, PROGRAMS, programTest as test, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

const LISTENING = /^im listening on 127\.0\.0\.1:(\d+)\nmailbox listening on 127\.0\.0\.1:(\d+)\n/;

async function serve(folder: Folder, ports = { im: 0, mailbox: 0 }, args: string[] = []) {
  const file = folder.write("users.txt", HASHED_USERS);
  const options = [String(ports.im), file, "--mailbox", String(ports.mailbox), "--host", "127.0.0.1"];
  const server = new Running(PROGRAMS, "server", [...options, ...args], folder.path);
  const [, im, mailbox] = await server.printed(LISTENING);
  return { server, im: Number(im), mailbox: Number(mailbox) };
}

function chat(folder: Folder, port: number, name: string): Running {
  folder.write("password", "12345\n");
  const who = ["--name", name, "--password-file", "password", "--data", `data-${name}`];
  return new Running(PROGRAMS, "client", ["chat", "127.0.0.1", String(port), ...who], folder.path);
}

function mailbox(folder: Folder, port: number, name: string, args: string[] = []): Running {
  const who = ["--name", name, "--data", `data-${name}`, ...args];
  return new Running(PROGRAMS, "client", ["mailbox", "127.0.0.1", String(port), ...who], folder.path);
}

test("chat, mailbox and IM clients talk to each other, and each message reports its outcome", async () => {
  using folder = new Folder();
  const { server, im, mailbox: udp } = await serve(folder);
  await using _server = server;
  await using alice = chat(folder, im, "alice");
  await alice.type("/list\n");
  await alice.printed(/^jacky \(offline\)$/m);
  await using carol = mailbox(folder, udp, "carol");
  await alice.printed(/^online carol$/m);
  using jacky = await RawClient.open(im);
  await jacky.login("jacky", "12345");

  await alice.type("hello all\n/to carol hi carol\n");
  assertEquals(await jacky.take(), "/broadcastfrom alice hello all");
  await carol.printed(/^lobby alice: hello all$/m);
  await carol.printed(/^from alice: hi carol$/m);
  const [, id] = await alice.printed(/^delivered carol (\S+)$/m);
  await alice.printed(new RegExp(`^sent ${id}$`, "m"));

  await carol.type("CHAT jacky\nhello jacky\n");
  assertEquals(await jacky.take(), "/from carol hello jacky");
  await carol.printed(/^delivered jacky \S+$/m);
  assertEquals(await jacky.la.ask("/to carol you too"), "303 Message delivery successful");
  await carol.printed(/^from jacky: you too$/m);
  assertEquals(await jacky.la.ask("/toall bye"), "303 Message delivery successful");
  await carol.type("E\n");
  assertEquals(await carol.over(), 0);
  await alice.printed(/^offline carol$/m);
  await alice.type("/exit\n");
  assertEquals([await alice.over(), await jacky.la.ask("/list")], [0, "301 jacky"]);
});

test("history and search have what was said just before; an edit and a withdrawal reach everybody", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  await using jacky = chat(folder, im, "jacky");
  await jacky.type("/list\n");
  await jacky.printed(/^alice \(offline\)$/m);
  await using alice = chat(folder, im, "alice");
  await alice.type("/to jacky one two\nthree\n/history jacky\n/search two\n/withdraw\n/edit four\n/history lobby\n");
  await alice.printed(/^\d\d:\d\d:\d\d alice: one two\n/m);
  await alice.printed(/^found \d{4}-\d\d-\d\d \d\d:\d\d:\d\d to jacky alice: one two\n/m);
  await alice.printed(/^withdrawn \d+ alice$/m);
  await until(() => alice.err.includes("you have sent no message in lobby"), "there is nothing to edit");
  await jacky.printed(/^from alice: one two\n(?:.*\n)*lobby alice: three\n(?:.*\n)*withdrawn \d+ alice$/m);
  await alice.type("five\n/edit six\n/exit\n");
  await jacky.printed(/^lobby alice: five\n(?:.*\n)*edited \d+ alice: six$/m);
  assertEquals(await alice.over(), 0);
});

test("an absent user receives missed messages once; a wrong password and a taken name are refused", async () => {
  using folder = new Folder();
  const { server, im, mailbox: udp } = await serve(folder);
  await using _server = server;
  await using alice = chat(folder, im, "alice");
  {
    await using carol = mailbox(folder, udp, "carol");
    await carol.type("JOIN lab1\n");
    await carol.printed(/^joined lab1$/m);
  }
  await alice.type("/join lab1\none\n/to carol two\n/to michael three\n");
  await alice.printed(/(^sent \S+\n[^]*){3}/m);
  await using again = mailbox(folder, udp, "carol");
  await again.printed(/^lab1 alice: one\nfrom alice: two$/m);
  await alice.printed(/^delivered carol /m);
  await again.type("/exit\n");
  assertEquals(await again.over(), 0);
  await using third = mailbox(folder, udp, "carol");
  await third.type("/rooms\n/exit\n");
  assertEquals([await third.over(), third.out], [0, "lobby 2 members, joined\nlab1 2 members, joined\n"]);
  await using thief = new Running(
    PROGRAMS,
    "client",
    ["mailbox", "127.0.0.1", String(udp), "--name", "carol", "--data", "elsewhere"],
    folder.path,
  );
  assertEquals(await thief.over(), 1);
  assertStringIncludes(thief.err, '"carol" is held by another key');
  folder.write("wrong", "54321\n");
  await using guess = mailbox(folder, udp, "michael", ["--password-file", "wrong"]);
  assertEquals(await guess.over(), 1);
  assertStringIncludes(guess.err, "wrong password");
  folder.write("right", "12345\n");
  await using michael = mailbox(folder, udp, "michael", ["--password-file", "right"]);
  await michael.printed(/^from alice: three$/m);
});

test("the server is killed repeatedly under lobby and private load: what is typed is shown to everybody once, in order", async () => {
  using folder = new Folder();
  let { server, im, mailbox: udp } = await serve(folder);
  const rounds = Number(Deno.env.get("PARTYLINE_KILLS") ?? 3);
  await using carol = mailbox(folder, udp, "carol");
  await using alice = chat(folder, im, "alice");
  await using bob = chat(folder, im, "bob");
  for (const client of [carol, alice, bob]) {
    await client.type("/list\n");
    await client.printed(/^carol \(online\)$/m);
  }
  let said = 0;
  const type = async (count: number) => {
    for (const client of [alice, bob]) {
      const lines = Array.from(
        { length: count },
        (_, i) => `to all ${said + i + 1}\n/to carol number ${said + i + 1}\n`,
      );
      await client.type(lines.join(""));
    }
    said += count;
  };
  for (let round = 0; round < rounds; round++) {
    const before = sentBy(alice);
    await type(150);
    await until(() => sentBy(alice) >= before + 20 || sentBy(alice) === 2 * said, "some are confirmed");
    await server[Symbol.asyncDispose]();
    // While the clients wait, log in again, and are in again.
    await type(20);
    ({ server, im, mailbox: udp } = await serve(folder, { im, mailbox: udp }));
    for (let i = 0; i < 10; i++) await type(5);
  }
  await using _server = server;
  const numbers = Array.from({ length: said }, (_, i) => i + 1);
  for (const client of [alice, bob]) {
    await until(() => sentBy(client) >= 2 * said, () => `${2 * said} confirmed, found ${sentBy(client)}`, 120_000);
    await until(() => delivered(client).length >= said, () => `${said} delivered`, 60_000);
    assertEquals(client.out.match(/^(delivered|sent|failed) .*$/gm)!.length, 3 * said);
    assertEquals(new Set(client.out.match(/^(delivered|sent) .*$/gm)).size, 3 * said);
  }
  for (const name of ["alice", "bob"]) {
    for (const reader of [alice, bob, carol].filter((client) => client !== (name === "alice" ? alice : bob))) {
      const shown = () => shownBy(reader, new RegExp(`^lobby ${name}: to all (\\d+)$`, "gm"));
      await until(() => shown().length >= said, () => `${said} of ${name} in the lobby`, 60_000);
      assertEquals(shown(), numbers);
    }
    const shown = () => shownBy(carol, new RegExp(`^from ${name}: number (\\d+)$`, "gm"));
    await until(() => shown().length >= said, () => `${said} of ${name} to carol`, 60_000);
    assertEquals(shown(), numbers);
  }
  assertMatch(alice.err, /connection|again/i);
});

test("a stopping server notifies its clients; a resource that cannot be opened gives one clear line", async () => {
  using folder = new Folder();
  const { server, im, mailbox: udp } = await serve(folder);
  await using carol = mailbox(folder, udp, "carol");
  await carol.type("/list\n");
  await carol.printed(/^carol \(online\)$/m);
  await using _server = server;
  server.process.kill("SIGTERM");
  assertEquals(await server.over(), 0);
  await until(() => /stop/.test(carol.err), "the client says so");
  Deno.writeTextFileSync(`${folder.path}/partyline-data/partyline.db`, "this is no database, whatever its name says");
  await using broken = new Running(
    PROGRAMS,
    "server",
    [String(im), "users.txt", "--mailbox", String(udp)],
    folder.path,
  );
  assertEquals([await broken.over(), broken.out], [2, ""]);
  assertMatch(
    broken.err,
    /^server: cannot open the store \S+partyline\.db: it is not a database; move it away, or choose another folder\n$/,
  );
});

test("E on its console stops the server properly; the end of its input does not", async () => {
  using folder = new Folder();
  const { server, mailbox: udp } = await serve(folder);
  await using _server = server;
  await using carol = mailbox(folder, udp, "carol");
  await carol.type("/list\n");
  await carol.printed(/^carol \(online\)$/m);
  await server.type("hello\nE\n");
  assertEquals(await server.over(), 0);
  assertMatch(server.err, /E on the console: telling 1 session,/);
  const { server: other } = await serve(folder);
  await using _other = other;
  await other.endInput();
  other.process.kill("SIGTERM");
  assertEquals(await other.over(), 0);
  assertMatch(other.err, /SIGTERM: telling 0 sessions/);
});

test("against a server that speaks only the handout, chat continues as the handout's client", async () => {
  using folder = new Folder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using alice = chat(folder, listener.addr.port, "alice");
  const conn = await listener.accept();
  const replies = handoutServer(conn);
  await alice.type("/list\n");
  await alice.printed(/301 alice bob/);
  await until(() => alice.err.includes("only the IM handout"), "it is said");
  await alice.type("/to bob hi\n/exit\n");
  assertEquals(await alice.over(), 0);
  assertEquals((await replies).slice(3), ["/partyline 2", "/list", "/to bob hi", "/exit"]);
});

/** A server that speaks only the handout; returns the lines it received. */
async function handoutServer(conn: Deno.TcpConn): Promise<string[]> {
  const lines: string[] = [];
  let lb: Deno.TcpConn | undefined;
  for await (const chunk of conn.readable.pipeThrough(new TextDecoderStream())) {
    for (const line of chunk.split("\n").slice(0, -1)) {
      lines.push(line);
      if (line.startsWith("/port ")) lb = await Deno.connect({ hostname: "127.0.0.1", port: Number(line.slice(6)) });
      const code = { login: "101", port: "201", partyline: "401", list: "301 alice bob", to: "303", exit: "310" }[
        line.slice(1).split(" ")[0]!
      ];
      await conn.write(new TextEncoder().encode(`${code} of the handout\n`)).catch(() => {});
    }
  }
  lb?.close();
  return lines;
}

function sentBy(client: Running): number {
  return (client.out.match(/^sent /gm) ?? []).length;
}

function delivered(client: Running): string[] {
  return client.out.match(/^delivered .*$/gm) ?? [];
}

function shownBy(client: Running, line: RegExp): number[] {
  return Array.from(client.out.matchAll(line), ([, number]) => Number(number));
}
