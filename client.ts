import { UserError } from "./lib/core/errors.ts";
import { sanitized } from "./lib/core/text.ts";
import { type ClientPlan, parseClientArgs } from "./lib/client/command_line.ts";
import { print, printError } from "./lib/terminal/print.ts";
import { chat } from "./lib/client/chat.ts";
import { check } from "./lib/client/check.ts";
import { doctor } from "./lib/client/doctor_program.ts";
import { forget } from "./lib/client/forget.ts";
import { im } from "./lib/client/im.ts";
import { lobby } from "./lib/client/lobby.ts";
import { page } from "./lib/client/page.ts";
import { rooms } from "./lib/client/rooms.ts";
import { peer } from "./lib/client/peer.ts";

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = parseClientArgs(args, Deno.stdin.isTerminal(), (name) => Deno.env.get(name));
    if (!startsPrograms(plan)) Deno.permissions.revokeSync({ name: "run" });
    if (plan.type === "print") return print(plan.text), 0;
    if (isCheck(plan)) return await check(plan);
    if (plan.type === "doctor") return await doctor(plan);
    if (plan.type === "forget") return print(forget(plan)), 0;
    if (plan.type === "rooms") return await rooms(plan);
    if (plan.type === "peer") return await peer(plan);
    if (plan.page) return await page(plan);
    return await { im, chat, mailbox: chat, lobby }[plan.type](plan);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    printError(`client: ${sanitized(error.message)}\n`);
    return 2;
  }
}

function isCheck(plan: ClientPlan): plan is Parameters<typeof check>[0] {
  return plan.type === "check" || plan.type.startsWith("check-");
}

/**
 * The browser of --page, what check tests, and the system's network tools for doctor; no other command starts a program, and
 * none of them keeps the permission.
 */
function startsPrograms(plan: ClientPlan): boolean {
  return ["check", "check-all", "doctor"].includes(plan.type) || "page" in plan && plan.page;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
