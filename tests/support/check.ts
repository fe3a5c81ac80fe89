import { freePort } from "../../lib/net/free_port.ts";
import type { Rule, Suite } from "../../lib/check/rule.ts";
import { type RuleResult, type RunOptions, runSuite } from "../../lib/check/run.ts";
import { Folder } from "./programs.ts";

const ACCOUNTS = ["jacky", "bob", "michael", "alice", "carol"].map((name, i) => ({
  name,
  password: `${24680 + i * 111}`,
}));

/** Plays a suite, or some of its rules, against a program. */
export async function play(
  suite: Suite,
  command: readonly string[],
  options: Partial<RunOptions> = {},
  rules: readonly Rule[] = suite.rules,
): Promise<RuleResult[]> {
  using folder = new Folder();
  const users = folder.write("users.txt", ACCOUNTS.map(({ name, password }) => `${name} ${password}\n`).join(""));
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
      command,
      users,
      data: Deno.makeTempDirSync({ dir: folder.path }),
      folder: undefined,
    }),
    ...options,
  }, () => {});
}

/** The rules that a program has broken, recommended ones too; blocked ones are not counted. */
export function brokenBy(results: readonly RuleResult[]): string[] {
  return results.filter(({ failure, rule }) => failure && rule.level !== "open").map(({ rule }) => rule.id);
}
