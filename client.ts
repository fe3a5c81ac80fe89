import { UserError } from "./lib/core/errors.ts";
import { sanitized } from "./lib/core/text.ts";
import { type ClientPlan, parseClientArgs } from "./lib/client/command_line.ts";
import { print, printError } from "./lib/terminal/print.ts";

async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === "check") return await (await import("./lib/client/check.ts")).check(args.slice(1));
    const plan = parseClientArgs(args, Deno.stdin.isTerminal(), (name) => Deno.env.get(name));
    if (!startsPrograms(plan)) Deno.permissions.revokeSync({ name: "run" });
    // It talks to any host and starts the system's tools, and has no use for files.
    if (plan.type === "doctor") {
      for (const name of ["read", "write"] as const) Deno.permissions.revokeSync({ name });
    }
    if (plan.type === "print") return print(plan.text), 0;
    return await run(plan);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    printError(`client: ${sanitized(error.message)}\n`);
    return 2;
  }
}

/** Runs a command, whose code is loaded now; that of check is a third of it all. */
async function run(plan: Exclude<ClientPlan, { type: "print" }>): Promise<number> {
  switch (plan.type) {
    case "doctor":
      return await (await import("./lib/client/doctor_program.ts")).doctor(plan);
    case "forget":
      print((await import("./lib/client/forget.ts")).forget(plan));
      return 0;
    case "rooms":
      return await (await import("./lib/client/rooms.ts")).rooms(plan);
    case "peer":
      return await (await import("./lib/client/peer.ts")).peer(plan);
  }
  if (plan.page) return await (await import("./lib/client/page.ts")).page(plan);
  switch (plan.type) {
    case "im":
      return await (await import("./lib/client/im.ts")).im(plan);
    case "lobby":
      return await (await import("./lib/client/lobby.ts")).lobby(plan);
    default:
      return await (await import("./lib/client/chat.ts")).chat(plan);
  }
}

/** The browser of --page, and the system's network tools for doctor; no other command but check starts programs. */
function startsPrograms(plan: ClientPlan): boolean {
  return plan.type === "doctor" || "page" in plan && plan.page;
}

// Through a promise, as in server.ts.
if (import.meta.main) Deno.exit(await Promise.resolve(Deno.args).then(main));
