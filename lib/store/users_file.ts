import { UserError } from "../core/errors.ts";
import { dirname, join } from "@std/path";
import { reason } from "../core/reason.ts";
import { Accounts, decodeUsers, decodeUsersLine, encodeScrypt, type ScryptSecret } from "../chat/accounts.ts";
import type { Passwords } from "./passwords.ts";

/** Reads the accounts of a users file; throws a `UserError` that lists every mistake in it. */
export function readUsers(path: string): Accounts {
  const accounts = decodeUsers(readText(path));
  if (!Array.isArray(accounts)) return accounts;
  const [first, ...more] = accounts.map(({ line, message }) => `${path}:${line}: ${message}`);
  throw new UserError(more.length === 0 ? first : `${first} (and ${more.length} more: ${more.join("; ")})`);
}

/** Reads the accounts of a users file; there are none where there is no such file. */
export function readUsersIfAny(path: string): Accounts {
  return isMissing(path) ? new Accounts(new Map()) : readUsers(path);
}

/**
 * Replaces each plain password of a users file by its scrypt entry, and returns how many there were. Everything else in the
 * file stays as it was. The file is replaced atomically.
 */
export async function hashUsers(
  path: string,
  passwords: Passwords,
  progress: (done: number, all: number) => void,
): Promise<{ hashed: number; already: number }> {
  const target = realPath(path);
  readUsers(target);
  const text = readText(target);
  const lines = text.split("\n");
  const plain: { index: number; password: string }[] = [];
  let already = 0;
  lines.forEach((line, index) => {
    const entry = decodeUsersLine(line.replace(/^\ufeff/, ""));
    if (entry === undefined || "fault" in entry) return;
    if (entry.secret.type === "plain") plain.push({ index, password: entry.secret.password });
    else already++;
  });
  let done = 0;
  await Promise.all(plain.map(async ({ index, password }) => {
    const secret = encodeScrypt(await passwords.hash(password));
    const line = lines[index]!;
    const at = line.lastIndexOf(password);
    lines[index] = line.slice(0, at) + secret + line.slice(at + password.length);
    progress(++done, plain.length);
  }));
  if (plain.length === 0) return { hashed: 0, already };
  if (readText(target) !== text) {
    throw new UserError(
      `${path} was changed by another program in the meantime; it was left as it is, and no password was hashed`,
    );
  }
  replaceFile(target, lines.join("\n"));
  return { hashed: plain.length, already };
}

/** A change of a users file. */
export type UsersChange =
  | { readonly type: "add"; readonly entries: readonly { readonly name: string; readonly secret: ScryptSecret }[] }
  | { readonly type: "password"; readonly name: string; readonly secret: ScryptSecret }
  | { readonly type: "remove"; readonly name: string };

/** Changes a users file, which is made if there is none; everything else in it stays as it was. Throws a `UserError`. */
export function changeUsers(path: string, change: UsersChange): void {
  if (change.type === "add" && isMissing(path)) makeFile(path);
  const target = realPath(path);
  const accounts = readUsers(target);
  const lines = readText(target).split("\n");
  if (change.type === "add") {
    const taken = change.entries.find(({ name }) => accounts.has(name));
    if (taken) throw new UserError(`${path} already has an account ${taken.name}`);
    if (lines.at(-1) === "") lines.pop();
    lines.push(...change.entries.map(({ name, secret }) => `${name} ${encodeScrypt(secret)}`), "");
  } else {
    const index = lines.findIndex((line) => nameIn(line) === change.name);
    if (index < 0) throw new UserError(`${path} has no account ${change.name}`);
    if (change.type === "remove") lines.splice(index, 1);
    else lines[index] = `${change.name} ${encodeScrypt(change.secret)}`;
  }
  replaceFile(target, lines.join("\n"));
}

function nameIn(line: string): string | undefined {
  const entry = decodeUsersLine(line.replace(/^\ufeff/, ""));
  return entry === undefined || "fault" in entry ? undefined : entry.name;
}

function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function makeFile(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    throw new UserError(`cannot make the users file ${path}: ${reason(error)}`);
  }
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    throw new UserError(`cannot read the users file ${path}: ${reason(error)}`);
  }
}

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    const form = error instanceof Deno.errors.NotFound ? "; it must have one user per line: username password" : "";
    throw new UserError(`cannot read the users file ${path}: ${reason(error)}${form}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`cannot read the users file ${path}: it is not UTF-8 text`);
  }
}

function replaceFile(path: string, text: string): void {
  const { mode, uid, gid } = Deno.statSync(path);
  const fresh = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
  try {
    const file = Deno.openSync(fresh, { write: true, createNew: true, mode: 0o600 });
    try {
      let rest = new TextEncoder().encode(text);
      while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
      file.syncSync();
    } finally {
      file.close();
    }
    // The new file keeps the mode and the owner of the old one.
    if (mode !== null && Deno.build.os !== "windows") Deno.chmodSync(fresh, mode & 0o777);
    const made = Deno.statSync(fresh);
    if (uid !== made.uid || gid !== made.gid) Deno.chownSync(fresh, uid, gid);
    Deno.renameSync(fresh, path);
  } catch (error) {
    try {
      Deno.removeSync(fresh);
    } catch { /* not made, or already renamed */ }
    throw new UserError(`cannot write ${path}, which stays as it was: ${reason(error)}`);
  }
}
