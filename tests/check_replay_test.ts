import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import fc from "fast-check";
import { ImTraceJudge } from "../lib/check/replay/im_judge.ts";
import { readTrace, type Traced } from "../lib/check/replay/record.ts";
import { coverageOf, REPLAYS } from "../lib/check/replay/rules.ts";
import { parseCheckArgs } from "../lib/client/check.ts";
import { UserError } from "../lib/core/errors.ts";
import { traceJson } from "../lib/core/wire_trace.ts";
import { IM_CLIENT } from "../lib/check/rules/im_client/suite.ts";
import { IM_SERVER } from "../lib/check/rules/im_server/suite.ts";
import { freePort } from "../lib/net/free_port.ts";
import { ended, Folder, Running, SOURCES } from "./support/programs.ts";
import { listening, until } from "./support/wire.ts";

/**
 * Records from lines such as `bob La> /list` and `bob La< 301 bob`; `\r` and a missing end are written `\r` and `\` at the end;
 * `bob La> (left: …)` is a remark, and `+6000` lets so many milliseconds pass.
 */
function records(script: string): Traced[] {
  const sessions: string[] = [];
  let time = 0;
  return script.trim().split("\n").flatMap((each): Traced[] => {
    const line = each.trimStart();
    if (line.startsWith("+")) time += Number(line.slice(1));
    time += 10;
    const [, name, link, way, said] = /^(\w+) (L[ab])([<>]) (.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    if (!sessions.includes(name)) sessions.push(name);
    const record = {
      time,
      session: sessions.indexOf(name) + 1,
      name,
      link: link!,
      direction: way === ">" ? "up" : "down",
    } as const;
    const remark = /^\((.*)\)$/.exec(said!)?.[1];
    if (remark !== undefined) return [{ ...record, text: undefined, remark }];
    const isCut = said!.endsWith("\\");
    const text = said!.replace(/\\$/, "").replaceAll("\\r", "\r") + (isCut ? "" : "\n");
    const why = isCut
      ? `${text.length} bytes without a line end, ${way === ">" ? "waiting 5 s" : "then the end"}`
      : undefined;
    return [{ ...record, text, remark: why }];
  });
}

/** The rules that a trace breaks, weak ones too, each once. */
function broken(script: string): string {
  const judge = new ImTraceJudge();
  const findings = [...records(script).flatMap((record) => judge.feed(record)), ...judge.end()];
  return [...new Set(findings.map(({ rule }) => rule.id))].join(" ");
}

const online = (name: string) => `
  ${name} La> /login ${name} *****
  ${name} La< 101 Authentication successful
  ${name} La> /port 30000
  ${name} La< 201 Build connection successful`;
const BOTH = online("jacky") + online("bob");

/** One exchange, with parts of it replaced. */
function exchange(changed: Readonly<Record<string, string>> = {}): string {
  const lines: Record<string, string> = {
    said: "jacky La> /to bob  Hi  there",
    came: "bob Lb< /from jacky  Hi  there",
    receipt: "bob Lb> 302 Message receipt successful",
    told: "jacky La< 303 Message delivery successful",
    ...changed,
  };
  return `${BOTH}\n${Object.values(lines).join("\n")}`;
}

Deno.test("replay: the handout's own session breaks no rule", () => {
  const whole = `${exchange()}
    jacky La> /toall How about 3pm?
    bob Lb< /broadcastfrom jacky How about 3pm?
    bob Lb> 302 Message receipt successful
    jacky La< 303 Message delivery successful
    jacky La> /list
    jacky La< 301 jacky bob
    jacky La> /exit
    jacky La< 310 Bye bye
    jacky La> (left: said /exit)
    bob La> /to jacky still there?
    bob La< 304 Message delivery failed
    bob La> /toall alone?
    bob La< 303 Message delivery successful`;
  assertEquals(broken(whole), "");
});

Deno.test("replay: each mistake of a client is found by the rule that names it, and by no other", () => {
  const mistakes: Readonly<Record<string, string>> = {
    "im/13/1": "bob La> /list\nbob La< 401 Unrecognized message",
    "im/13/8": "bob La> /login bob *****\nbob La> /port 30000",
    "im/13/11":
      "bob La> /login bob **\nbob La< 102 Authentication failed\nbob La> /port 30000\nbob La< 401 Unrecognized message",
    "im/13/6": "bob La> /login bob *****\\r\nbob La< 101 Authentication successful",
    "im/14/1":
      "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /list\nbob La< 401 Unrecognized message",
    "im/14/3":
      "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /port 30000 \nbob La< 401 Unrecognized message",
    "im/14/11": "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /port 30000\nbob La> /list",
    "im/14/2":
      "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /port 30000\nbob La< 202 Build connection failed",
    "im/14/2 im/14/9":
      "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /port 30000\nbob La< 202 Build connection failed\nbob La> /list",
    "im/15/2": `${BOTH}\nbob La> /list\\r\nbob La< 301 bob jacky`,
    "im/15/10": `${BOTH}\nbob La> /list\nbob La> /list\nbob La< 301 bob jacky\nbob La< 301 bob jacky`,
    "im/16/1": exchange({
      receipt: '+6000\nbob Lb> (answered nothing within 5 s, expected "302 …")',
      told: "jacky La< 304 Message delivery failed",
    }),
    "im/16/3":
      `${BOTH}\njacky La> /toall Hi\nbob Lb< /broadcastfrom jacky Hi\nbob Lb> 303 ok\n+6000\nbob Lb> (answered "303 ok", expected "302 …")\njacky La< 304 Message delivery failed`,
    "im/16/5": exchange({ receipt: "bob Lb> 302 ok" }),
    "im/16/6": exchange({ again: "bob Lb> 302 Message receipt successful" }),
    "im/16/7": exchange({ more: "bob La> 302 Message receipt successful" }),
    "im/17/5": `${BOTH}\nbob La> /exit\nbob La< 310 Bye bye\nbob La> /list`,
  };
  const found = Object.fromEntries(Object.entries(mistakes).map(([rules, script]) => [rules, broken(script)]));
  assertEquals(found, Object.fromEntries(Object.keys(mistakes).map((rules) => [rules, rules])));
  // A receipt without its end, in whatever form the trace has it.
  assertEquals(broken(exchange({ receipt: "bob Lb> 302 Message receipt successful\\" })), "im/16/5");
});

Deno.test("replay: each mistake of a server is found by the rule that names it, and by no other", () => {
  const reply = (said: string, got: string) => `${online("bob")}\nbob La> ${said}\nbob La< ${got}`;
  const mistakes: Readonly<Record<string, string>> = {
    "im/1/2": reply("/list", "301 bob\\r"),
    "im/1/6": reply("/list", "301 bob\nbob La< 301 bob"),
    "im/2/1": "bob La> /login bob *****\nbob La< 401 Unrecognized message",
    "im/13/1 im/2/6": "bob La> /list\nbob La< 301 bob",
    "im/2/11": "bob La> /login bob\nbob La< 102 Authentication failed",
    "im/3/1":
      "bob La> /login bob *****\nbob La< 101 Authentication successful\nbob La> /port 30000\nbob La< 401 Unrecognized message",
    "im/2/10": reply("/login bob *****", "102 Authentication failed"),
    "im/3/7": reply("/port 4", "201 Build connection successful"),
    "im/4/1": exchange({ came: "bob Lb< jacky: Hi there" }).replace(/\n[^\n]*303 Message[^\n]*$/, ""),
    "im/4/2": exchange({ told: "jacky La< 304 Message delivery failed" }),
    "im/4/3": exchange({
      receipt: "jacky La< 303 Message delivery successful",
      told: "bob Lb> 302 Message receipt successful",
    }),
    "im/4/7": exchange({ came: "bob Lb< /from jacky Hi there" }),
    "im/4/14": reply("/to bob", "304 Message delivery failed"),
    "im/5/1": `${BOTH}\njacky La> /toall Hi\njacky La< 303 Message delivery successful`,
    "im/5/3": reply("/toall Hi", "302 Message receipt successful"),
    "im/5/4":
      `${BOTH}\njacky La> /toall Hi\nbob Lb< /broadcastfrom jacky Hi\njacky La< 303 Message delivery successful\nbob Lb> 302 Message receipt successful`,
    "im/5/5": `${
      online("bob")
    }\nbob La> /toall Hi\nbob Lb< /broadcastfrom bob Hi\nbob Lb> 302 Message receipt successful\nbob La< 303 Message delivery successful`,
    "im/5/8": reply("/toall", "303 Message delivery successful"),
    "im/5/9":
      `${BOTH}\njacky La> /toall a b\nbob Lb< /broadcastfrom jacky ab\nbob Lb> 302 Message receipt successful\njacky La< 303 Message delivery successful`,
    "im/6/1": reply("/list", "301 jacky"),
    "im/6/2": reply("/list", "301 bob jacky jacky"),
    "im/6/3": reply("/list", "301 jacky bob"),
    "im/6/6": reply("/list x", "301 bob"),
    "im/7/1": reply("/exit", "311 Bye bye"),
    "im/7/7": reply("/exit x", "304 Message delivery failed"),
    "im/8/1": reply("/nothing", "400 Bad"),
    "im/8/2": reply("hello", "303 Message delivery successful"),
    "im/9/2": `${
      online("bob")
    }\nbob Lb< /from ann 1\nbob Lb< /from ann 2\nbob Lb> 302 Message receipt successful\nbob Lb> 302 Message receipt successful`,
  };
  const found = Object.fromEntries(Object.entries(mistakes).map(([rules, script]) => [rules, broken(script)]));
  assertEquals(found, Object.fromEntries(Object.keys(mistakes).map((rules) => [rules, rules])));
  // Other words after the right code are weak.
  const judge = new ImTraceJudge();
  const weak = records(reply("/exit", "310 Bye")).flatMap((record) => judge.feed(record));
  assertEquals(weak.map(({ rule, isWeak }) => [rule.id, isWeak]), [["im/7/1", true]]);
});

Deno.test("replay: NULs behind a line are named before the next one, which is judged as it is without them", () => {
  const nul = (line: string) => line.replace(/(?<=L[ab][<>] )/, "\0\0");
  const lines = exchange().split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const from = (who: string) => lines.map((line) => line.includes(who) ? nul(line) : line).join("\n");
  assertEquals(broken(from("<")), "im/1/2");
  assertEquals(broken(from("La>")), "im/13/6 im/14/3 im/15/2");
});

Deno.test("replay: no reply within 20 s is a finding while the session lasts, and none once its client has left", () => {
  const asked = `${online("bob")}\nbob La> /list`;
  assertEquals(broken(`${asked}\n+30000\n${online("ann")}`), "im/6/1");
  assertEquals(broken(`${asked}\nbob La> (left: closed La)\n+30000\n${online("ann")}`), "");
});

Deno.test("replay: every rule that a trace can judge is one of the suites', and the counts add up", () => {
  const all = [...IM_SERVER.rules, ...IM_CLIENT.rules].map(({ id }) => id);
  for (const id of REPLAYS["im"]!.judgeable) assert(all.includes(id), id);
  const judge = new ImTraceJudge();
  for (const record of records(exchange())) judge.feed(record);
  for (const id of judge.judged.keys()) assert(REPLAYS["im"]!.judgeable.includes(id), id);
  const { kept, broken, unseen, beyond } = coverageOf(REPLAYS["im"]!, judge.judged);
  assertEquals([...kept, ...broken, ...unseen, ...beyond].toSorted(), all.toSorted());
});

Deno.test("replay: whatever a trace holds, the judge goes on, and what it reads back is what was written", () => {
  const lines = fc.constantFrom(
    "/login a b",
    "/port 1",
    "/list",
    "101 x",
    "201 x",
    "302 y",
    "/from a b",
    "",
    "\r",
    "{",
    "é\udcff",
  );
  const record = fc.record({
    time: fc.integer({ min: 0, max: 1e6 }),
    session: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom("a", "b"),
    link: fc.constantFrom("La", "Lb", "tcp"),
    direction: fc.constantFrom("up" as const, "down" as const),
    text: fc.option(fc.tuple(lines, fc.constantFrom("", "\n", "\r\n")).map((parts) => parts.join("")), {
      nil: undefined,
    }),
    remark: fc.constantFrom(undefined, "left: x", "9 bytes without a line end, waiting 5 s", "answered nothing"),
  });
  fc.assert(fc.property(fc.array(record, { maxLength: 60 }), (given) => {
    const judge = new ImTraceJudge();
    for (const each of given) {
      for (const { rule } of judge.feed(each)) assert(REPLAYS["im"]!.judgeable.includes(rule.id));
    }
    judge.end();
    if (given.length === 0) return;
    const written = given.map((each) => traceJson({ ...each, user: undefined, kind: "line" })).join("");
    assertEquals(readTrace("t", written), given.map((each) => ({ ...each, text: each.text || undefined })));
  }));
});

Deno.test("replay: our own clients, which ask for TLS or the native protocol first, break no rule of the handout", () => {
  const asks = (line: string, answer: string) =>
    `ann La> ${line}\n  ann La< ${answer}\n  ann La> (left: connection lost)`;
  assertEquals(broken(asks("/partyline 2 tls", "partyline 2 tls 30000")), "");
  assertEquals(broken(asks("/partyline 2", '{"type":"hello"}')), "");
  assertEquals(broken(asks("/partyline", "401 Unrecognized message")), "im/13/1");
});

Deno.test("replay: a file that is no trace is one line, and so is a mistake of the command line", () => {
  assertThrows(
    () => readTrace("t.jsonl", "x\n"),
    UserError,
    "t.jsonl, line 1 is no record of a trace: expected one JSON object",
  );
  assertThrows(() => readTrace("t.jsonl", '{"time":"x"}'), UserError, 'expected "time", a date, found x');
  assertThrows(() => readTrace("t.jsonl", "\n"), UserError, "there is no record of a trace in it");
  const parse = (line: string) => () => parseCheckArgs(line.split(" "));
  assertThrows(parse("im replay"), UserError, "replay takes the file that --trace-file has written");
  assertThrows(
    parse("peers replay x"),
    UserError,
    'traces of im, lobby, address-book, mailbox, mychat, rooms can be judged, and not of "peers"',
  );
  assertThrows(parse("im replay x --seed 1"), UserError, "--seed is not for replay");
});

const CLIENT_PY = join(dirname(fromFileUrl(import.meta.url)), "check/im_client.py");

Deno.test("replay: what a server has recorded of right and wrong clients is judged afterwards", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", "jacky 12345\nbob 12345\nann 12345\n");
  const [port, lobby] = [freePort(), freePort()];
  const trace = join(folder.path, "t.jsonl");
  await using _server = new Running(SOURCES, "server", [
    String(port),
    users,
    "--lobby",
    String(lobby),
    "--host",
    "127.0.0.1",
    "--record",
    trace,
    "--data",
    join(folder.path, "data"),
  ], folder.path);
  await listening(port);
  const clients = [["bob", "answers-twice"], ["ann", "302-other-words"], ["jacky"]].map(([name, fault = ""]) => {
    const child = new Deno.Command("python3", {
      args: [CLIENT_PY, "127.0.0.1", String(port), fault],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const keys = child.stdin.getWriter();
    const types = (text: string) => keys.write(new TextEncoder().encode(text));
    return { name: name!, child, keys, types };
  });
  const traced = () => {
    try {
      return Deno.readTextFileSync(trace);
    } catch {
      return "";
    }
  };
  try {
    // Before the others come, who would hear it, too.
    const guest = await Deno.connect({ port: lobby });
    await guest.write(new TextEncoder().encode("hi\r\n"));
    await until(() => traced().includes('"protocol":"lobby"') && traced().includes('"hi\\r\\n"'), () => traced());
    guest.close();
    for (const { name, types } of clients) {
      await types(`${name}\n12345\n`);
      await until(
        () => traced().includes(`"protocol":"im","name":"${name}","link":"La","direction":"down","bytes":"201`),
        () => traced(),
      );
    }
    await clients[2]!.types("/to bob one\n/to ann two\n/list\n/exit\n");
    await until(() => traced().includes("left: said /exit"), () => traced());
  } finally {
    for (const { child, keys } of clients) {
      await keys.close().catch(() => {});
      await ended(child);
    }
  }
  const replay = async (handout: string) => {
    const { path, args } = SOURCES.command("client", ["check", handout, "replay", trace]);
    const { code, stdout, stderr } = await new Deno.Command(path, { args }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  };
  const ofLobby = await replay("lobby");
  assertMatch(
    ofLobby.out,
    /^FAIL lobby\/13\/2 [^]*got +tcp: hi\\r\\n\n[^]*\n1 session: \d+ rules judged, \d+ kept, 1 broken,/,
  );
  const ofRooms = await replay("rooms");
  assertEquals(ofRooms, {
    code: 2,
    out: "",
    err: `client: ${trace} has no session of rooms: its sessions are of im, lobby\n`,
  });
  const { code, out } = await replay("im");
  assertEquals(code, 1);
  assertEquals([...out.matchAll(/^(FAIL|WEAK) (im\S+)/gm)].map(([, verdict, id]) => `${verdict} ${id}`).toSorted(), [
    "FAIL im/16/5",
    "FAIL im/16/6",
  ]);
  assertMatch(out, /got +Lb: 302 ok\\n\n/);
  assertMatch(out, /note +the client of bob, session \d, at [\d:.]+ UTC\n/);
  assertMatch(
    out,
    /\d sessions: \d+ rules judged, \d+ kept, 2 broken, 0 weak; \d+ had no occasion, \d+ cannot be judged/,
  );
});
