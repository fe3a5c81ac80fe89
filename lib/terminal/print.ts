const encoder = new TextEncoder();

/** Writes a whole text to standard output, now; blocks. */
export function print(text: string): void {
  writeNow(Deno.stdout, text);
}

/** Writes a whole text to standard error, now; blocks. */
export function printError(text: string): void {
  writeNow(Deno.stderr, text);
}

/** Writes a whole text to a stream, now; a closed stream is ignored. */
export function writeNow(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch { /* it is closed */ }
}
