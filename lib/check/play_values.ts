import { type Choice, chosenText } from "./choice.ts";
import { hasTerminals } from "./program.ts";
import type { Rule } from "./rule.ts";
import type { Target } from "./target.ts";
import { Values } from "./values.ts";

/** An account to log in with. */
export interface Account {
  readonly name: string;
  readonly password: string;
}

/** The persons of the scripts, in the order in which they get the accounts. */
const PERSONS = ["jacky", "bob", "michael", "carol"];
/** Another address of the machine than 127.0.0.1, for `{elsewhere}`; all of 127.0.0.0/8 is the machine itself, but not on macOS. */
const ELSEWHERE = "127.0.0.2";
const HAS_ELSEWHERE = Deno.build.os !== "darwin";

/** What rules are given to play with. */
export interface Given {
  readonly accounts: readonly Account[];
  /** The program under test is a server that runs already. */
  readonly isRunning?: boolean;
  /** Whether the program under test was told of the file of users; true unless it is known that it was not. */
  readonly hasUsers?: boolean;
}

/** What this machine lacks and the rule needs. */
export function missingFor(
  { steps, startsProgram }: Rule,
  { accounts, isRunning, hasUsers = true }: Given,
): string | undefined {
  if (startsProgram && isRunning) return "a server that the check starts";
  const script = JSON.stringify(steps, (_, value) => {
    if (value instanceof RegExp) return value.source;
    return value instanceof Uint8Array ? undefined : value;
  });
  if (!hasUsers && script.includes("{account}")) {
    return isRunning ? "--users FILE: an account to log in with" : "{users} in the command: a file with an account";
  }
  const needed = PERSONS.findLastIndex((person) => script.includes(`{${person}`)) + 1;
  if (accounts.length < needed) return `${needed} accounts, and there are ${accounts.length}`;
  if (script.includes("{another.password}") && new Set(accounts.map(({ password }) => password)).size < 2) {
    return "two accounts with different passwords";
  }
  if (steps.some((step) => step.do === "start" && step.inTerminal) && !hasTerminals()) {
    return "a terminal (the program `script`)";
  }
  const isElsewhere = steps.some((step) => (step.do === "dial" || step.do === "listen") && step.host);
  return isElsewhere && !HAS_ELSEWHERE ? `the address ${ELSEWHERE}` : undefined;
}

/**
 * The values of a play; `place` is the place of its rule. A server that runs already may not have noticed yet that the persons of
 * the rule before have left, so that the next rule is played with others.
 */
export function valuesOf(
  choice: Choice,
  given: readonly Account[],
  target: Target,
  hasOneAccount: boolean,
  place: number,
): Values {
  const values = new Values([
    ["host", target.host],
    ["elsewhere", ELSEWHERE],
    ["nobody", unknownName(given)],
    ["nobody.password", "secret"],
  ]);
  const accounts = hasOneAccount ? given.slice(0, -1) : given;
  const own = given.at(-1);
  if (hasOneAccount && own) {
    values.set("account", own.name);
    values.set("account.password", own.password);
  }
  // A server that runs already keeps the names of the plays before, the keys that they belong to, and what was said.
  const unique = target.command ? "" : crypto.randomUUID().slice(0, 6);
  const chosen = target.command ? choice.shuffled(accounts) : rotated(accounts, place * PERSONS.length);
  for (const [i, person] of PERSONS.entries()) {
    const account = chosen[i];
    if (!account) break;
    values.set(person, hasOneAccount && unique ? `${account.name}-${unique}` : account.name);
    values.set(`${person}.password`, account.password);
    // Of a password of one character there is no part.
    values.set(`${person}.password.part`, account.password.slice(0, -1) || `wrong${account.password}`);
  }
  const another = accounts.find(({ password }) => password !== chosen[0]?.password);
  if (another) values.set("another.password", another.password);
  for (const name of ["text", "text2", "text3"]) values.set(name, chosenText(choice) + (unique && ` ${unique}`));
  // A server that runs already may still have the room of another rule.
  for (const name of ["room", "room2"]) values.set(name, `${name}${choice.below(1_000_000)}`);
  // Nor has it heard of this user, whose messages wait for no confirmation.
  values.set("newcomer", `kojo${choice.below(1_000_000)}`);
  values.set("data", target.data);
  if (target.port > 0) values.set("port", String(target.port));
  return values;
}

/** A name that no account has. */
function unknownName(given: readonly Account[]): string {
  let name = "zoe";
  while (given.some((account) => account.name.toLowerCase() === name)) name += "y";
  return name;
}

function rotated<T>(values: readonly T[], by: number): T[] {
  return values.map((_, i) => values[(i + by) % values.length]!);
}
