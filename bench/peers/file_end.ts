/**
 * One client's file transfers as a program: commands and signals arrive as lines of JSON, events leave the same way.
 *
 *   file_end.ts NAME FOLDER seals|plain
 */
import { join } from "@std/path";
import { TransferRunner } from "../../lib/client/transfer/runner.ts";
import { freshFileKey } from "../../lib/store/transfer_keys.ts";
import { TransferStore } from "../../lib/store/transfer_store.ts";

const [name = "", folder = "", how] = Deno.args;

function tell(what: unknown): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(what)}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

const files = new TransferRunner({
  store: new TransferStore(join(folder, `${name} data`), join(folder, name)),
  freshKey: () => how === "seals" ? freshFileKey() : Promise.resolve(undefined),
  say: (_to, text) => (tell({ said: text }), { id: "1" }),
  signal: (to, text) => tell({ signal: text, to }),
  show: (event) => event.type === "progress" ? undefined : tell({ event }),
  problem: (why) => tell({ problem: why }),
});
files.loggedIn();
tell({ ready: true });

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
for await (const part of lines) {
  const whole = (rest + part).split("\n");
  rest = whole.pop()!;
  for (const line of whole) {
    const told = JSON.parse(line);
    if (told.act) files.do(told.act);
    else if (told.signal) files.signalled(told.from, told.signal, "127.0.0.1");
    else if (told.said) files.heard({ from: told.from, to: { user: name }, text: told.said }, false);
  }
}
Deno.exit(0);
