const encoder = new TextEncoder();

/** Writes a text to standard output, all of it, now. */
export function print(text: string): void {
  writeAll(Deno.stdout, text);
}

/** Writes a text to standard error, all of it, now. */
export function printError(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch { /* nobody reads it: that must not stop a server */ }
}
