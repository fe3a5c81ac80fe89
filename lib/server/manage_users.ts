import { decodeUsersLine, type ScryptSecret } from "../chat/accounts.ts";
import { passwordFault } from "../chat/registration.ts";
import { UserError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import type { Passwords } from "../store/passwords.ts";
import { changeUsers } from "../store/users_file.ts";

/** 32 characters that cannot be mistaken for one another on paper. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
/** 50 random bits: at 60 guesses a minute, out of reach. */
const PASSWORD_CHARACTERS = 10;

/** A change of the accounts that the operator makes. */
export type UsersTask =
  | { readonly type: "add" | "passwd" | "remove"; readonly name: string }
  /** Accounts `prefix01` to `prefixN`. */
  | { readonly type: "generate"; readonly count: number; readonly prefix: string };

/** The parameters of the change besides the file. */
export interface UsersTools {
  readonly passwords: Passwords;
  readonly limits: Limits;
  /** Asks for a password without showing it; undefined where it cannot be asked for. */
  ask(question: string): string | undefined;
  /** The password of a script. */
  readonly given: string | undefined;
  progress(done: number, all: number): void;
}

/** Changes the accounts in a users file; the text to print. Throws a `UserError`. */
export async function manageUsers(path: string, task: UsersTask, tools: UsersTools): Promise<string> {
  if (task.type === "generate") return await generate(path, task, tools);
  const { name } = task;
  const reread = "A server that runs reads the file again at SIGHUP.\n";
  if (task.type === "remove") {
    changeUsers(path, { type: "remove", name });
    return `${name} was removed from ${path}. ${reread}`;
  }
  refuseName(name);
  const password = tools.given ?? askTwice(name, tools);
  const fault = passwordFault(name, password, tools.limits);
  if (fault !== undefined) throw new UserError(fault);
  const secret = await tools.passwords.hash(password);
  if (task.type === "add") changeUsers(path, { type: "add", entries: [{ name, secret }] });
  else changeUsers(path, { type: "password", name, secret });
  return `${
    task.type === "add" ? `${name} was added to` : `the password of ${name} was changed in`
  } ${path}. ${reread}`;
}

/** A sheet to hand out: the only place where the passwords can be read. */
async function generate(
  path: string,
  { count, prefix }: Extract<UsersTask, { type: "generate" }>,
  { passwords, progress }: UsersTools,
): Promise<string> {
  const digits = Math.max(2, String(count).length);
  const people = Array.from({ length: count }, (_, i) => ({
    name: `${prefix}${String(i + 1).padStart(digits, "0")}`,
    password: generatedPassword(),
  }));
  refuseName(people[0]!.name);
  let done = 0;
  const entries = await Promise.all(people.map(async ({ name, password }) => {
    const secret: ScryptSecret = await passwords.hash(password);
    progress(++done, count);
    return { name, secret };
  }));
  changeUsers(path, { type: "add", entries });
  const width = people[0]!.name.length;
  return people.map(({ name, password }) => `${name.padEnd(width)}  ${password}\n`).join("");
}

function generatedPassword(): string {
  const random = crypto.getRandomValues(new Uint8Array(PASSWORD_CHARACTERS));
  return Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join("");
}

/** Refuses a name that a users file cannot hold. */
function refuseName(name: string): void {
  const line = decodeUsersLine(`${name} x`);
  if (line === undefined) throw new UserError(`a name does not begin with #, found "${name}"`);
  if ("fault" in line) throw new UserError(line.fault);
}

function askTwice(name: string, { ask }: UsersTools): string {
  const password = ask(`Password of ${name}:`);
  if (password === undefined) {
    throw new UserError("no terminal to ask for a password; give it with --password-file FILE");
  }
  if (ask("The same again:") !== password) throw new UserError("the two passwords differ; nothing was changed");
  return password;
}
