import { join } from "@std/path";
import { usersText } from "../../lib/client/check_accounts.ts";
import { CheckCredentials } from "../../lib/client/check_credentials.ts";
import { FolderFiles } from "../../lib/store/folder_files.ts";
import { freePort } from "../../lib/net/free_port.ts";
import type { Rule, Suite } from "../../lib/check/rule.ts";
import { type RuleResult, type RunOptions, runSuite, TOO_BUSY, usersOf } from "../../lib/check/run.ts";
import { Folder, PROGRAMS, Running } from "./programs.ts";

export const ACCOUNTS = ["jacky", "bob", "michael", "alice", "carol", "dave", "erin", "frank"].map((name, i) => ({
  name,
  password: `${24680 + i * 111}`,
}));

/** Python itself: a version manager's `python3` takes ten times as long to start. */
export const PYTHON = new TextDecoder().decode(
  new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] }).outputSync().stdout,
).trim();

/** Whether the whole tables are played (`deno task faults`), which takes many minutes, or the same fortieth each time. */
export const PLAYS_ALL = Deno.env.has("PARTYLINE_ALL_FAULTS");

/** What is played of a table of faults, or of a suite in a bad network. */
export function played<T>(all: readonly T[]): T[] {
  return all.filter((_, i) => PLAYS_ALL || i % 40 === 0);
}

/** The networks that whole suites are played in: without `deno task faults`, the first alone. */
export function playedNetworks<T>(all: readonly T[]): readonly T[] {
  return PLAYS_ALL ? all : all.slice(0, 1);
}

/** The same of faults by their names. */
export function playedFaults<T>(all: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(played(Object.entries(all)));
}

/** Plays a suite, or some of its rules, against a program. */
export async function play(
  suite: Suite,
  command: readonly string[],
  options: Partial<RunOptions> = {},
  rules: readonly Rule[] = suite.rules,
): Promise<RuleResult[]> {
  using folder = new Folder();
  const users = folder.write("users.txt", usersText(usersOf(suite, options.accounts ?? ACCOUNTS)));
  const run: RunOptions = {
    seed: 1,
    network: "none",
    strict: false,
    repeat: 1,
    jobs: 6,
    timeoutMs: 2000,
    accounts: ACCOUNTS,
    credentials: () => new CheckCredentials(),
    target: () => {
      const data = Deno.makeTempDirSync({ dir: folder.path });
      return {
        host: "127.0.0.1",
        port: suite.side === "server" ? freePort() : 0,
        // Without its packages it starts in half the time, and the programs need none.
        command: command[0] === "python3" ? [PYTHON, "-S", ...command.slice(1)] : command,
        users,
        data,
        files: new FolderFiles(data),
        folder: undefined,
      };
    },
    ...options,
  };
  const results = await runSuite(suite, rules, run, () => {});
  if (!results.some(({ notes }) => notes.includes(TOO_BUSY))) return results;
  // What could not be judged while others were played is played alone.
  const blocked = results.filter(({ verdict }) => verdict === "blocked").map(({ rule }) => rule);
  const again = await runSuite(suite, blocked, { ...run, jobs: 1 }, () => {});
  return results.map((result) => again.find(({ rule }) => rule === result.rule) ?? result);
}

/**
 * Plays a suite against our server with these arguments, in which `{port}`, `{users}` and `{data}` are filled in: one after the other at
 * one that runs what can be judged there, and at servers that the check starts what needs that.
 */
export async function playOurServer(
  suite: Suite,
  args: readonly string[],
  options: Partial<RunOptions>,
  rules: readonly Rule[] = suite.rules,
): Promise<RuleResult[]> {
  using folder = new Folder();
  const values: Record<string, string> = {
    "{port}": "0",
    "{users}": folder.write("accounts.txt", usersText(usersOf(suite, options.accounts ?? ACCOUNTS))),
    "{data}": join(folder.path, "data"),
  };
  await using server = new Running(PROGRAMS, "server", args.map((arg) => values[arg] ?? arg), folder.path);
  const [, port] = await server.printed(/ listening on 127\.0\.0\.1:(\d+)\n/);
  const target = () => ({
    host: "127.0.0.1",
    port: Number(port),
    command: undefined,
    users: "",
    data: "",
    folder: undefined,
  });
  const results = await play(suite, [], { jobs: 1, isRunning: true, target, ...options }, rules);
  const { path, args: all } = PROGRAMS.command("server", args);
  const left = results.filter(({ lacks }) => lacks !== undefined).map(({ rule }) => rule);
  const started = await play(suite, [path, ...all], { ...options, jobs: 4, playsNeeded: false }, left);
  return results.map((result) => started.find(({ rule }) => rule === result.rule) ?? result);
}

/** The rules that a program has broken, recommended ones too; blocked ones are not counted. */
export function brokenBy(results: readonly RuleResult[]): string[] {
  return results.filter(({ failure, rule }) => failure && rule.level !== "open").map(({ rule }) => rule.id);
}

/** The rules that each fault breaks, of those that are expected; `program` takes the fault as its last argument. */
export async function brokenByFaults(
  suite: Suite,
  program: readonly string[],
  faults: Readonly<Record<string, readonly string[]>>,
  options: Partial<RunOptions> = {},
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const left = Object.entries(faults);
  // Programs wait more than they compute.
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [fault, ids] = next;
      const rules = suite.rules.filter(({ id }) => ids.includes(id));
      found[fault] = brokenBy(
        await play(suite, [...program, fault], { jobs: 1, playsNeeded: false, ...options }, rules),
      );
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return found;
}
