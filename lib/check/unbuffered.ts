/** Python's own output. */
const PYTHON = { PYTHONUNBUFFERED: "1" };

let known: Readonly<Record<string, string>> | undefined;

/**
 * The environment in which a program's output is seen when it is written, as on a terminal, and not when it ends: that of Python,
 * and of C and C++ where the program `stdbuf` is there, which knows of a library for that.
 */
export function unbufferedOutput(): Readonly<Record<string, string>> {
  return known ??= { ...PYTHON, ...libraryOfStdbuf() };
}

function libraryOfStdbuf(): Record<string, string> {
  if (Deno.build.os !== "linux") return {};
  try {
    const { stdout } = new Deno.Command("stdbuf", { args: ["--output=0", "env"], stderr: "null" }).outputSync();
    const lines = new TextDecoder().decode(stdout).split("\n");
    const found = Object.fromEntries(lines.flatMap((line) => {
      const [, name, value] = /^(LD_PRELOAD|_STDBUF_O|ASAN_OPTIONS)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value!]];
    }));
    // A program that was compiled with AddressSanitizer refuses to start with a library before its own.
    const sanitizer = [...(found.ASAN_OPTIONS ? [found.ASAN_OPTIONS] : []), "verify_asan_link_order=0"].join(":");
    return found.LD_PRELOAD === undefined ? {} : { ...found, ASAN_OPTIONS: sanitizer };
  } catch {
    return {};
  }
}
