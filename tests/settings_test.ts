import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type JoinPlan, parseClientArgs } from "../lib/client/command_line.ts";
import { UserError } from "../lib/core/errors.ts";
import { parseServerArgs, type ServerPlan, type Surroundings } from "../lib/server/command_line.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";

/** Surroundings with these variables, and this configuration file. */
function around(variables: Record<string, string>, config?: Record<string, unknown>): Surroundings {
  return { variable: (name) => variables[name], config: () => config };
}

function served(args: string[], surroundings: Surroundings): Extract<ServerPlan, { type: "serve" }> {
  const plan = parseServerArgs(args, surroundings);
  if (plan.type !== "serve") throw new Error(plan.type);
  return plan;
}

Deno.test("an option comes from the command line, else from the environment, else from the file, else it has its default", () => {
  const all = around({ PARTYLINE_KEEP_DAYS: "8", PARTYLINE_DATA: "env" }, { "keep-days": 9, data: "file", tls: true });
  const { limits, data, web, registration } = served(["--keep-days", "7"], all);
  assertEquals([limits.keepDays, data, web.tls, registration], [7, "env", "own", false]);
  assertEquals(served([], around({}, { "keep-days": 9 })).limits.keepDays, 9);
  assertEquals(served([], around({})).limits.keepDays, 30);
  assertEquals(served([], around({ PARTYLINE_REGISTRATION: "1" })).registration, true);
  assertEquals(served([], around({ PARTYLINE_REGISTRATION: "0" }, { registration: false })).registration, false);
  assertEquals(served(["--trace"], around({}, { "trace-only": ["ann", "bob"] })).traceOnly, ["ann", "bob"]);
  assertEquals(served([], around({}, { lobby: 2003 })).listeners, { lobby: 2003 });
  // A command that does not have the option is not told of it.
  assertEquals(parseServerArgs(["hash-passwords", "u"], around({ PARTYLINE_DATA: "env" })).type, "hash");
});

Deno.test("a setting that cannot be followed is refused with its place", () => {
  const refused = (surroundings: Surroundings) => assertThrows(() => served([], surroundings), UserError).message;
  assertEquals(refused(around({ PARTYLINE_TLS: "yes" })), 'PARTYLINE_TLS must be 1 or 0, not "yes"');
  assertEquals(
    refused(around({}, { "keep-day": 9 })),
    'partyline.toml: there is no option "keep-day"; did you mean keep-days?',
  );
  assertEquals(refused(around({}, { tls: 1 })), "partyline.toml: tls must be true or false, not 1");
  assertEquals(
    refused(around({}, { data: true })),
    "partyline.toml: data must be a text, a number or a list of texts, not true",
  );
  assertEquals(
    refused(around({ PARTYLINE_KEEP_DAYS: "x" })),
    '--keep-days must be a whole number from 1 to 36500, not "x"',
  );
});

Deno.test("server config writes what is in force with its origin, and reads what it wrote", async () => {
  using folder = new Folder();
  folder.write("partyline.toml", 'keep-days = 9\nweb-names = ["lab", "lab.local"]\n');
  await using first = new Running(SOURCES, "server", ["config", "--guests"], folder.path);
  assertEquals(await first.over(), 0, first.err);
  for (
    const line of [
      "keep-days = 9  # partyline.toml",
      'web-names = "lab,lab.local"  # partyline.toml',
      "guests = true  # command line",
      "keep-per-room = 10000  # default",
    ]
  ) assertStringIncludes(first.out, `${line}\n`);
  folder.write("again.toml", first.out);
  await using again = new Running(SOURCES, "server", ["config", "--config", "again.toml"], folder.path);
  assertEquals(await again.over(), 0, again.err);
  assertStringIncludes(again.out, 'web-names = "lab,lab.local"  # again.toml\n');
  await using none = new Running(SOURCES, "server", ["config", "--config", "none.toml"], folder.path);
  assertEquals(await none.over(), 2);
  assertEquals(none.err, "server: cannot read the configuration none.toml: there is no such file\n");
  folder.write("bad.toml", "keep-days 9\n");
  await using bad = new Running(SOURCES, "server", ["config", "--config", "bad.toml"], folder.path);
  assertEquals(await bad.over(), 2);
  assertStringIncludes(bad.err, "server: bad.toml is not TOML: ");
});

Deno.test("the client takes its options from the environment, too", () => {
  const variables: Record<string, string> = { PARTYLINE_NAME: "ann", PARTYLINE_UDP: "3001", PARTYLINE_DATA: "d" };
  const plan = (...args: string[]) => parseClientArgs(args, false, (name) => variables[name]) as JoinPlan;
  assertEquals([plan("chat").name, plan("chat").data], ["ann", "d"]);
  assertEquals(plan("chat", "--name", "bob").name, "bob");
});
