import { Choice } from "../check/choice.ts";
import type { CheckPlan } from "../check/command_line.ts";
import { DEFAULT_TIMEOUT_MS } from "../check/options.ts";
import type { Rule } from "../check/rule.ts";
import type { Account } from "../check/play_values.ts";
import { UserError } from "../core/errors.ts";
import { readUsers } from "../store/users_file.ts";
import { THIS_CLIENT } from "./program.ts";

const NAMES = ["jacky", "bob", "michael", "alice", "carol", "dave", "erin", "frank"];
/** Names that a server with accounts of its own hardly has. */
export const GUESTS = ["prince", "ama", "kofi", "esi", "yaw", "efua", "kwame", "abena"];
const PASSWORD_BELOW = 90_000;

/** What the command line of one rule depends on. */
type Played = Pick<CheckPlan, "suite" | "program" | "network" | "users" | "isStrict" | "repeat" | "timeoutMs">;

/** The file of users with these accounts. */
export function usersText(accounts: readonly Account[]): string {
  return accounts.map(({ name, password }) => `${name} ${password}\n`).join("");
}

/** The accounts of the run: those of a file, or names with passwords that follow from the seed. */
export function accountsOf(
  { users, program, suite }: Pick<CheckPlan, "users" | "program" | "suite">,
  seed: number,
): Account[] {
  const given = users === undefined ? undefined : givenAccounts(users);
  if (given && !suite.hasOneAccount) return given;
  if ("host" in program && !suite.takesAnyName && !suite.hasOneAccount) {
    throw new UserError("a server that runs already needs --users FILE: accounts to log in with");
  }
  const choice = new Choice(seed);
  // A server that runs already may keep what was said to the names of an earlier run with this seed.
  const ending = "host" in program && !suite.hasOneAccount ? crypto.randomUUID().slice(0, 4) : "";
  const chosen = (suite.takesAnyName ? GUESTS : NAMES).map((name) => ({
    name: name + ending,
    password: String(10_000 + choice.below(PASSWORD_BELOW)),
  }));
  // The persons of such a suite have names of their own; the account comes after them.
  return [...chosen, ...given?.slice(-1) ?? []];
}

function givenAccounts(users: string): Account[] {
  const known = readUsers(users);
  if (known.names.length === 0) throw new UserError(`${users}: there are no accounts in it to log in with`);
  return known.names.map((name) => {
    const secret = known.secret(name)!;
    if (secret.type !== "plain") throw new UserError(`${users}: the password of ${name} is not plain text`);
    return { name, password: secret.password };
  });
}

/** The program under test, for a report. */
export function targetText({ program }: Pick<CheckPlan, "program">): string {
  return "command" in program ? program.command.map(quoted).join(" ") : `${program.host}:${program.port}`;
}

/** The command line that plays one rule again. */
export function againText(
  { suite, program, network, users, isStrict, repeat, timeoutMs }: Played,
  seed: number,
  rule: Rule,
): string {
  const options = [
    `--only ${rule.id} --seed ${seed}`,
    ...(network === "none" ? [] : [`--network ${network}`]),
    ...(users === undefined ? [] : [`--users ${quoted(users)}`]),
    ...(isStrict ? ["--strict"] : []),
    ...(repeat === 1 ? [] : [`--repeat ${repeat}`]),
    ...(rule.longSeconds === undefined ? [] : ["--long"]),
    ...(timeoutMs === DEFAULT_TIMEOUT_MS ? [] : [`--timeout ${timeoutMs}`]),
  ].join(" ");
  const base = `${THIS_CLIENT} check ${suite.handout} ${suite.side}`;
  return "command" in program
    ? `${base} ${options} -- ${program.command.map(quoted).join(" ")}`
    : `${base} ${program.host} ${program.port} ${options}`;
}

/** A word for a shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
