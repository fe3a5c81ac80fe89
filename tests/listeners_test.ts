import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { renderUnicodeCompact } from "uqr";
import { UserError } from "../lib/core/errors.ts";
import { CONSOLE_LINE_BYTES } from "../lib/core/limits.ts";
import { LISTENER_ROWS, type ListenerName, LISTENERS } from "../lib/protocols/listener_table.ts";
import { banner, type BannerFacts } from "../lib/server/banner.ts";
import { addressForOthers, codeSvg } from "../lib/server/page_code.ts";
import { OPTIONS, SERVER } from "../lib/server/commands.ts";
import { parseServerArgs } from "../lib/server/command_line.ts";
import { watchConsole } from "../lib/server/console.ts";
import { Terminals } from "../tools/terminal.ts";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { RawClient, USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

const USUAL = LISTENER_ROWS.filter(({ isUsual }) => isUsual);

function parsed(...args: string[]) {
  const plan = parseServerArgs(args);
  if (plan.type !== "serve") throw new Error(`${args} is ${plan.type}`);
  return plan;
}

function refusal(...args: string[]): string {
  return assertThrows(() => parseServerArgs(args), UserError).message;
}

// The command line.

Deno.test("--no-tls opens every usual listener but the one for TLS, and excludes --tls-port", () => {
  const { tls, ...others } = parsed().listeners;
  assertEquals([tls, parsed("--no-tls").listeners], [2443, others]);
  assertEquals(refusal("--no-tls", "--tls-port", "7"), "--no-tls and --tls-port exclude each other; give one");
});

Deno.test("without words and listeners every usual one is opened; with some, those and no other", () => {
  assertEquals(parsed().listeners, Object.fromEntries(USUAL.map(({ name, usualPort }) => [name, usualPort])));
  assertEquals(parsed("--trace").listeners, parsed().listeners);
  for (const { name, option } of LISTENER_ROWS) {
    assertEquals(parsed(...(option ? [`--${option}`, "7"] : ["7"])).listeners, { [name]: 7 });
  }
  assertEquals(parsed("--lobby", "2003", "--web", "0").listeners, { lobby: 2003, web: 0 });
  assertEquals(parsed("5000", "users.txt", "--lobby", "2003").listeners, { im: 5000, lobby: 2003 });
});

Deno.test("IP PORT is the lobby at that address; PORT USERS_FILE is IM with that file", () => {
  for (const host of ["192.168.1.5", "::1", "localhost", "0.0.0.0"]) {
    const { host: at, listeners, web } = parsed(host, "2003");
    assertEquals([at, web.host, listeners], [host, host, { lobby: 2003 }]);
  }
  assertEquals(parsed("10.0.0.5", "2003", "--address-book", "2002").listeners, { "address-book": 2002, lobby: 2003 });
  const { users, usersNamed, host } = parsed("2001", "lab.txt");
  assertEquals([users, usersNamed, host], ["lab.txt", true, "0.0.0.0"]);
  assertEquals([parsed("2001").users, parsed("2001").usersNamed], ["users.txt", false]);
});

Deno.test("a command line that means nothing is refused with what was expected and what was found", () => {
  const usage = "the lobby alone takes an IP address and a port: server IP PORT; found";
  assertEquals(refusal("127.0.0.1"), `${usage} 1 of 2 words`);
  assertEquals(refusal("127.0.0.1", "2003", "users.txt"), `${usage} 3 of 2 words`);
  assertEquals(refusal("127.0.0.1", "x"), 'the port must be a whole number from 0 to 65535, not "x"');
  assertEquals(refusal("--lobby", "99999"), '--lobby must be a whole number from 0 to 65535, not "99999"');
  assertEquals(refusal("::1", "1", "--host", "::1"), "the address is given twice: ::1 and --host ::1");
  assertEquals(refusal("::1", "1", "--lobby", "2"), "the lobby's port is given twice: 1 and --lobby");
  assertEquals(
    refusal("users.txt"),
    'expected a command, a port, or an IP address and a port, not "users.txt"; --help shows the usage',
  );
  assertEquals(
    refusal("exprt"),
    'expected a command, a port, or an IP address and a port, not "exprt"; did you mean export?',
  );
  assertEquals(
    refusal("reset", "--json"),
    'reset has no option --json; export has it: "server help export" shows more',
  );
  assertEquals(refusal("1", "users.txt", "x"), 'expected PORT and USERS_FILE, found "x" after them');
});

Deno.test("the help has each listener with its option, its usual port and its handout", () => {
  const plan = parseServerArgs(["help", "listeners"]);
  if (plan.type !== "print") throw new Error(plan.type);
  const words = plan.text.replace(/\s+/g, " ");
  for (const { option, title, transport, usualPort } of LISTENER_ROWS) {
    assertStringIncludes(words, `${option ? `--${option} ` : ""}PORT ${title} (${transport}, ${usualPort})`);
  }
});

Deno.test("the first page of the server's help fits a terminal of 24 lines; each command has a page of its own", () => {
  const page = (...args: string[]) => {
    const plan = parseServerArgs(args);
    return plan.type === "print" ? plan.text : plan.type;
  };
  assert(page("--help").split("\n").length <= 24, page("--help"));
  assertEquals([page("-h"), page("-V")], [page("help"), page("--version")]);
  for (const { name } of [...SERVER.commands, ...SERVER.topics]) {
    for (const line of page("help", name).split("\n")) assert(line.length <= 80, line);
  }
  assertEquals(page("reset", "--help"), page("help", "reset"));
  for (const { name } of OPTIONS) {
    const found = ["start", "listeners", "options", "limits"].some((topic) =>
      page("help", topic).includes(`--${name}`)
    );
    assert(found || ["help", "version"].includes(name), name);
  }
});

// The banner.

const FACTS: BannerFacts = {
  ...{ users: "users.txt", data: "data", registration: false, names: ["ann"], hosts: ["10.0.0.5", "fd00::5"] },
  web: { tls: undefined, watchPasswordFile: undefined },
  listeners: [],
  columns: 0,
};

/** The lines of a banner with one listener, without the last line and the blank ones. */
function lines(name: ListenerName, hostname: string, more: Partial<BannerFacts> = {}): string[] {
  const text = banner({ ...FACTS, listeners: [{ name, hostname, port: 7 }], ...more });
  return text.replaceAll("deno task client", "client").replace(/ {2,}/g, " ").split("\n").slice(1, -3);
}

Deno.test("a hint that is too long for the terminal has a line of its own", () => {
  const port = 12345;
  const text = banner({ ...FACTS, columns: 80, listeners: [{ name: "rooms", hostname: "192.168.100.100", port }] });
  const all = text.split("\n");
  const at = all.indexOf("Rooms handout:");
  assertEquals(all[at + 1], "  deno task client rooms 192.168.100.100 12345 --name NAME --room ROOM");
  for (const line of all) assert(line.length <= 80, line);
});

Deno.test("the banner's hints have an address that answers", () => {
  assertEquals(lines("im", "0.0.0.0"), [
    "1 account in users.txt: ann",
    ...["Chat: client chat 10.0.0.5 7", "IM handout: client 10.0.0.5 7"],
  ]);
  assertEquals(lines("lobby", "127.0.0.1").slice(1), ["Lobby handout, nc, telnet: client lobby 127.0.0.1 7"]);
  assertEquals(lines("lobby", "::").slice(1), ["Lobby handout, nc, telnet: client lobby 10.0.0.5 7"]);
  // Without a network, only this machine is left.
  assertEquals(
    lines("lobby", "0.0.0.0", { hosts: ["fd00::5"] })[1],
    "Lobby handout, nc, telnet: client lobby 127.0.0.1 7",
  );
  assertEquals(lines("lobby", "::", { hosts: [] })[1], "Lobby handout, nc, telnet: client lobby ::1 7");
});

Deno.test("the banner has the page's address as a QR code where other machines reach it and the terminal is wide enough", () => {
  const code = (hostname: string, columns: number, hosts = FACTS.hosts) =>
    banner({ ...FACTS, hosts, columns, listeners: [{ name: "web", hostname, port: 2080 }] }).split("\n")
      .filter((line) => /[▀▄█]/.test(line));
  const found = code("0.0.0.0", 80);
  assert(found.length >= 14 && found.every((line) => line.length <= 60), found.join("\n"));
  assertEquals(new Set(found.map(({ length }) => length)).size, 1);
  assertEquals([code("0.0.0.0", 59), code("127.0.0.1", 80), code("0.0.0.0", 80, [])], [[], [], []]);
  const text = banner({ ...FACTS, columns: 80, listeners: [{ name: "web", hostname: "0.0.0.0", port: 2080 }] });
  assertStringIncludes(text, "The page, for a phone: http://10.0.0.5:2080/\n");
});

/** The modules of a QR code in an SVG, row by row: those that a path of rectangles covers. */
function modulesOf(svg: string): { size: number; dark: Set<string> } {
  const [, size] = /viewBox="0 0 (\d+) \1"/.exec(svg)!;
  const dark = new Set<string>();
  for (const [, x, y, run] of svg.split("<path").at(-1)!.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let i = 0; i < Number(run); i++) dark.add(`${Number(x) + i} ${y}`);
  }
  return { size: Number(size), dark };
}

Deno.test("the code of the page's address as an SVG has the same modules as the one in the terminal", () => {
  const text = "http://10.0.0.5:2080/";
  const { size, dark } = modulesOf(codeSvg(text));
  const rows = renderUnicodeCompact(text, { border: 4, ecc: "M" }).split("\n");
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const mark = rows[Math.floor(y / 2)]![x]!;
      // Blocks are light: they are for terminals with a dark ground.
      const isLight = mark === "█" || mark === (y % 2 === 0 ? "▀" : "▄");
      assertEquals(dark.has(`${x} ${y}`), !isLight, `${x} ${y}`);
    }
  }
});

Deno.test("the page tells others' address of itself: one that has worked, or this machine's, to this machine alone", () => {
  const address = (url: string, sender = "127.0.0.1", listens = "0.0.0.0", own = ["10.0.0.5"]) =>
    addressForOthers(new Request(url), sender, listens, own);
  assertEquals(address("http://127.0.0.1:2080/about"), "http://10.0.0.5:2080/");
  assertEquals(address("https://localhost/about"), "https://10.0.0.5:443/");
  assertEquals(address("http://[::1]:2080/about", "::1", "::"), "http://10.0.0.5:2080/");
  assertEquals(address("http://lab.local:2080/about", "10.0.0.9"), "http://lab.local:2080/");
  assertEquals(address("http://[fd00::5]:2080/about", "fd00::9"), "http://[fd00::5]:2080/");
  assertEquals(address("http://127.0.0.1:2080/about", "10.0.0.9"), undefined, "a forged host");
  assertEquals(address("http://127.0.0.1:2080/about", "127.0.0.1", "127.0.0.1"), undefined);
  assertEquals(address("http://127.0.0.1:2080/about", "127.0.0.1", "0.0.0.0", []), undefined);
});

Deno.test("the banner names the operator's page where it can be seen, and nowhere else", () => {
  const page = (hostname: string, web: Partial<BannerFacts["web"]> = {}) =>
    lines("web", hostname, { web: { ...FACTS.web, ...web } }).slice(1);
  assertEquals(page("127.0.0.1"), [
    "In a browser: http://127.0.0.1:7/",
    "For the operator: http://127.0.0.1:7/server",
  ]);
  // Other machines may not see it, and a connection to a LAN address is not one of loopback.
  assertEquals(page("0.0.0.0", { tls: "own" }), [
    "In a browser: https://10.0.0.5:7/",
    "For the operator: https://127.0.0.1:7/server",
  ]);
  assertEquals(page("10.0.0.5"), ["In a browser: http://10.0.0.5:7/"]);
  assertEquals(page("fd00::5", { watchPasswordFile: "pw" }), [
    "In a browser: http://[fd00::5]:7/",
    "For the operator: http://[fd00::5]:7/server",
  ]);
});

Deno.test("the banner of a server without accounts names the listeners that need some, and how they are made", () => {
  assertEquals(lines("lobby", "0.0.0.0", { names: [] }).length, 1);
  assertEquals(lines("lobby", "0.0.0.0", { names: undefined }).length, 1);
  const [first, second, third] = lines("im", "0.0.0.0", { names: [] });
  assertEquals(first, "These listeners need accounts, and there are none yet: im.");
  assertEquals(second, 'To make some: write one user per line, "name password", into users.txt,');
  assertMatch(third!, /^and .+; or start with --registration, so that users create their own\.$/);
  assertMatch(lines("im", "0.0.0.0", { names: [], registration: true })[2]!, /; or register on the page, or with /);
});

// The console.

async function typed(pieces: readonly (string | Uint8Array)[], interactive = true): Promise<string[]> {
  const done: string[] = [];
  async function* input() {
    for (const piece of pieces) yield typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
  }
  const stop = { name: "E", help: "stop", run: () => void done.push("stopped") };
  const say = { name: "say", argument: "TEXT", help: "speak", run: (text: string) => `said ${text}` };
  await watchConsole(input(), [stop, say], (text) => done.push(text.trimEnd().split("\n")[0]!), interactive);
  return done;
}

Deno.test("a command of the console is a line, however the line arrives", async () => {
  const hint = "H and Enter show what can be typed here.";
  assertEquals(await typed(["H\nE\n"]), ["E         stop", "stopped"]);
  assertEquals(await typed(["h\r", "\n", " E", "\t\r\nhelp\n"]), ["E         stop", "stopped", "E         stop"]);
  assertEquals(await typed(["xE\nEx\nE E\n\n"]), [hint, hint, "E takes no argument"]);
  assertEquals(await typed(["say  two  words \r\nSAY x\nsay\nsya x\nsa\n"]), [
    ...["said two  words", "said x", "say needs say TEXT", hint, "Did you mean say?"],
  ]);
  assertEquals(await typed(["say x\nsay\nsa\n"], false), ["said x"]);
  assertEquals(await typed(["xE\nEx\nE E\n\n"], false), []);
  assertEquals(await typed(["E"]), ["stopped"], "the last line has no end");
  assertEquals(await typed([]), []);
  assertEquals(await typed(["E".repeat(CONSOLE_LINE_BYTES + 2), "\n", Uint8Array.of(0xff, 0, 10), "E\n"], false), [
    "stopped",
  ]);
});

Deno.test("input of the console that is cut anywhere does the same", async () => {
  const line = fc.constantFrom(
    "E",
    "H",
    "e\r",
    "EH",
    "say x",
    "say",
    "E ",
    "\x00E",
    "x".repeat(CONSOLE_LINE_BYTES),
    "",
  );
  await fc.assert(fc.asyncProperty(fc.array(line), fc.array(fc.nat(40)), async (lines, cuts) => {
    const text = lines.map((line) => `${line}\n`).join("");
    const pieces: string[] = [];
    let at = 0;
    for (const cut of cuts) pieces.push(text.slice(at, at += cut));
    assertEquals(await typed([...pieces, text.slice(at)]), await typed([text]));
  }));
});

// The programs.

Deno.test("each listener is opened alone, without a users file, and answers at the address that is printed", async () => {
  await Promise.all(LISTENER_ROWS.map(async ({ name, option, transport }) => {
    using folder = new Folder();
    const args = [...(option ? [`--${option}`] : []), "0", "--host", "127.0.0.1"];
    await using server = new Running(SOURCES, "server", args, folder.path);
    const [line, port] = await server.printed(/^.* listening on 127\.0\.0\.1:(\d+)\n/);
    assertEquals(line, `${name} listening on 127.0.0.1:${port}\n`);
    if (transport !== "UDP") (await Deno.connect({ hostname: "127.0.0.1", port: Number(port) })).close();
    else {
      assertThrows(() => {
        Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: Number(port) }).close();
      }, Deno.errors.AddrInUse);
    }
    // Lines, in one piece and in two; the end of the input stops nothing.
    await server.type("H\nxE\n");
    await server.printed(/^who {8}list .+\n(?:.+\n)*E {10}stop the server\nhelp {7}show these commands \(also H\)\n/m);
    await server.type("E");
    await server.type("\r\n");
    assertEquals(await server.over(), 0);
    const needs = LISTENERS[name].accounts === "required";
    assertEquals(server.err.includes(`there are none yet: ${name}. To make some: `), needs, server.err);
    assertEquals(/ warning /.test(server.err), needs, server.err);
  }));
});

Deno.test("the end of the console's input does not stop a server; accounts made later are used after SIGHUP", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  await using server = new Running(SOURCES, "server", ["0", "--host", "127.0.0.1"], folder.path);
  const [, port] = await server.printed(/^im listening on 127\.0\.0\.1:(\d+)\n/);
  await server.type("E is no line of its own\n");
  await server.endInput();
  using bob = await RawClient.open(Number(port));
  assertEquals(await bob.la.ask("/login bob 12345"), "102 Authentication failed");
  folder.write("users.txt", USERS);
  server.process.kill("SIGHUP");
  await until(() => server.err.includes("accounts read from users.txt"), "the accounts are read");
  await bob.login("bob", "12345");
  assertEquals(server.out, `im listening on 127.0.0.1:${port}\n`);
});

Deno.test("with --registration the first account makes the users file", async () => {
  using folder = new Folder();
  const args = ["0", "--host", "127.0.0.1", "--registration"];
  await using server = new Running(SOURCES, "server", args, folder.path);
  const [, port] = await server.printed(/^im listening on 127\.0\.0\.1:(\d+)\n/);
  await until(() => server.err.includes("; or register on the page, or with /register NAME"), "it says how");
  using carol = await RawClient.open(Number(port));
  assertEquals(
    await carol.la.ask("/register carol secret"),
    "111 Registration successful",
  );
  await carol.login("carol", "secret");
  assertMatch(folder.read("users.txt"), /^carol \$scrypt\$\S+\n$/);
});

Deno.test("what cannot be opened or read is one line and status 2, and nothing is opened", async () => {
  using bad = new Folder();
  bad.write("users.txt", "ann 1\nbob\n");
  using unreadable = new Folder();
  Deno.mkdirSync(`${unreadable.path}/users.txt`);
  using empty = new Folder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const takenDatagrams = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const udp = (takenDatagrams.addr as Deno.NetAddr).port;
  const local = ["--host", "127.0.0.1"];
  const cases: [Folder, string[], string][] = [
    [bad, ["0", ...local], 'users.txt:2: expected "username password" and nothing else, found only one word'],
    [bad, ["--web", "0"], 'users.txt:2: expected "username password" and nothing else, found only one word'],
    [unreadable, ["0"], "cannot read the users file users.txt: .+"],
    [empty, ["0", "users.txt"], "cannot read the users file users.txt: there is no such file; .+"],
    [empty, ["127.0.0.1"], "the lobby alone takes an IP address and a port: server IP PORT; found 1 of 2 words"],
    [empty, ["127.0.0.1", `${port}`], `cannot listen on 127.0.0.1:${port} \\(--lobby\\): the port is in use`],
    [empty, ["--lobby", "0", "--web", `${port}`], `cannot listen on 127.0.0.1:${port} \\(--web\\): the port is in use`],
    [empty, ["--mailbox", `${udp}`, ...local], `cannot listen on 127.0.0.1:${udp} \\(--mailbox\\): the port is in use`],
    [empty, ["192.0.2.77", "0"], "cannot listen on 192.0.2.77:0 \\(--lobby\\): .+"],
    [empty, ["--loby", "2003"], "unknown option --loby; did you mean --lobby\\? --help lists the options"],
  ];
  await Promise.all(cases.map(async ([folder, args, message]) => {
    await using server = new Running(SOURCES, "server", args, folder.path);
    assertEquals([await server.over(), server.out], [2, ""], args.join(" "));
    assertMatch(server.err, new RegExp(`^server: ${message}\n$`));
  }));
  takenDatagrams.close();
});

const hasTerminals = Terminals.missing() === undefined || Deno.env.has("PARTYLINE_REQUIRE_ALL");
const networkTest = hasTerminals ? await hostsTest() : Deno.test.ignore;

networkTest(
  "server in an empty folder opens every usual listener; its banner's commands work from another host",
  async () => {
    using folder = new Folder();
    await using hosts = await Hosts.open("here", "there");
    await hosts.cable({ host: "here", address: "10.97.0.1/24" }, { host: "there", address: "10.97.0.2/24" });
    await hosts.ip("here", "link", "set", "dev", "lo", "up");
    await using terminals = new Terminals();
    const { path, args } = hosts.inside("here").command("server", []);
    const size = { columns: 160, rows: 60 };
    const server = await terminals.open(
      "server",
      size,
      folder.path,
      `${path} ${args.join(" ")}; echo "status $?"; sleep 90`,
    );
    const screen = await server.shows("To see the protocol");
    assertEquals(
      screen.filter((row) => row.includes(" listening on ")),
      USUAL.map(({ name, usualPort }) =>
        `${name} listening on ${name === "web" ? "127.0.0.1" : "0.0.0.0"}:${usualPort}`
      ),
    );
    assert(screen.includes("These listeners need accounts, and there are none yet: im, web."));
    const hints = screen.flatMap((row) => /^[^:]+: +deno task client (.+)$/.exec(row)?.[1] ?? []);
    // The page is for a browser; client chat finds TLS by the IM listener, which is shown for two clients.
    assertEquals(hints.length, USUAL.length - 1, screen.join("\n"));
    for (const hint of hints) assertStringIncludes(` ${hint} `, " 10.97.0.1 ");
    assert(screen.some((row) => row.endsWith(" http://127.0.0.1:2080/")), "the page is for this machine only");
    // As it stands there, from the other host.
    const lobby = hints.find((hint) => hint.startsWith("lobby "))!;
    await using guest = new Running(hosts.inside("there"), "client", lobby.split(" "), folder.path);
    await guest.printed(/^Welcome to this chatroom!$/m);
    const mailbox = hints.find((hint) => hint.startsWith("mailbox "))!;
    const options = ["--name", "zoe", "--data", "zoe"];
    await using _zoe = new Running(hosts.inside("there"), "client", [...mailbox.split(" "), ...options], folder.path);
    await server.shows("zoe is online from 10.97.0.2");
    await guest.type("hello\n");
    await server.shows("<10.97.0.2> hello");
    await server.type("E", "Enter");
    await server.shows("status 0");
  },
);
