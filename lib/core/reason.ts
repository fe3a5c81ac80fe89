/** Why something failed, for people: the message of the error, in plain words where the system has only a code. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not permit it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.ConnectionRefused) return "nothing listens there";
  if (error instanceof Deno.errors.NotCapable) return missingPermission(error.message);
  const said = error instanceof Error ? error.message : String(error);
  if (/ENOTFOUND|failed to lookup address|Name or service not known/i.test(said)) return "no machine has that name";
  if (/ENOSPC|No space left on device|not enough space on the disk/i.test(said)) return "the disk is full";
  // Deno appends the system's error number and what was tried; callers say the latter themselves.
  return said.replace(/ \(os error \d+\).*$/s, "");
}

/** Deno says: Requires read access to "/etc/users.txt", run again with the --allow-read flag. */
function missingPermission(message: string): string {
  const [, access, what] = /^Requires (\w+) access to "(.+)",/.exec(message) ?? [];
  return access === undefined ? message : `deno was started without --allow-${access}=${what}`;
}

/** A bug of ours for the log, with its stack. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
