const CHILDREN = { chat: "terminal_chat_child.ts", peer: "terminal_peer_child.ts", plain: "terminal_plain_child.ts" };

/** Starts one of the small programs of this folder, with pipes in place of a terminal. */
export function startPiped(child: keyof typeof CHILDREN, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", new URL(CHILDREN[child], import.meta.url).pathname, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** Writes all of the input to it, part by part, and returns what it has said. */
export async function runPiped(
  process: Deno.ChildProcess,
  ...input: string[]
): Promise<{ out: string; errors: string; code: number }> {
  const writer = process.stdin.getWriter();
  const typed = (async () => {
    for (const part of input) await writer.write(new TextEncoder().encode(part));
    await writer.close();
  })();
  const [{ stdout, stderr, code }] = await Promise.all([process.output(), typed]);
  return { out: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr), code };
}
