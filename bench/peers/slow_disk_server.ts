import { print } from "../../lib/terminal/print.ts";
// Our server on a disk whose sync takes as many milliseconds as the first argument says; the others are the server's own.
import { parseServerArgs } from "../../lib/server/command_line.ts";
import { openServer } from "../../lib/server/server.ts";
import { readUsers } from "../../lib/store/users_file.ts";

const [commitDelayMs, ...args] = Deno.args;
const plan = parseServerArgs(args);
if (plan.type !== "serve") throw new Error("expected the arguments of a server");
const server = await openServer({ ...plan, commitDelayMs: Number(commitDelayMs) }, readUsers(plan.users), () => {});
for (const { name, hostname, port } of server.listeners) print(`${name} listening on ${hostname}:${port}\n`);
