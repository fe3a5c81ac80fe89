/** Why something failed, in words for people: what the system said, without its numbers where there are words. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not permit it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.ConnectionRefused) return "nothing listens there";
  const said = error instanceof Error ? error.message : String(error);
  if (/ENOTFOUND|failed to lookup address|Name or service not known/i.test(said)) return "no machine has that name";
  // What was tried, and the system's number for what went wrong, are told by whoever asks or by nobody.
  return said.replace(/ \(os error \d+\).*$/s, "");
}

/** An error of our own as the log tells it, with where it came from. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
