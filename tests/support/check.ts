import { freePort } from "../../lib/net/free_port.ts";
import type { Rule, Suite } from "../../lib/check/rule.ts";
import { type RuleResult, type RunOptions, runSuite } from "../../lib/check/run.ts";
import { Folder } from "./programs.ts";

export const ACCOUNTS = ["jacky", "bob", "michael", "alice", "carol", "dave", "erin", "frank"].map((name, i) => ({
  name,
  password: `${24680 + i * 111}`,
}));

/** Python itself: a version manager's `python3` takes ten times as long to start. */
const PYTHON = new TextDecoder().decode(
  new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] }).outputSync().stdout,
).trim();

/** Plays a suite, or some of its rules, against a program. */
export async function play(
  suite: Suite,
  command: readonly string[],
  options: Partial<RunOptions> = {},
  rules: readonly Rule[] = suite.rules,
): Promise<RuleResult[]> {
  using folder = new Folder();
  const users = folder.write("users.txt", usersText());
  return await runSuite(suite, rules, {
    seed: 1,
    network: "none",
    strict: false,
    repeat: 1,
    jobs: 6,
    timeoutMs: 2000,
    accounts: ACCOUNTS,
    target: () => ({
      host: "127.0.0.1",
      port: suite.side === "server" ? freePort() : 0,
      command: command[0] === "python3" ? [PYTHON, ...command.slice(1)] : command,
      users,
      data: Deno.makeTempDirSync({ dir: folder.path }),
      folder: undefined,
    }),
    ...options,
  }, () => {});
}

/** Plays a suite against a server that runs already. */
export async function playAgainst(suite: Suite, port: number, options: Partial<RunOptions>): Promise<RuleResult[]> {
  const target = () => ({ host: "127.0.0.1", port, command: undefined, users: "", data: "", folder: undefined });
  return await play(suite, [], { jobs: 1, isRunning: true, target, ...options });
}

/** The file of users with the accounts of the check. */
export function usersText(): string {
  return ACCOUNTS.map(({ name, password }) => `${name} ${password}\n`).join("");
}

/** The rules that a program has broken, recommended ones too; blocked ones are not counted. */
export function brokenBy(results: readonly RuleResult[]): string[] {
  return results.filter(({ failure, rule }) => failure && rule.level !== "open").map(({ rule }) => rule.id);
}
