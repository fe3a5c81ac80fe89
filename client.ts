import { cleaned } from "./lib/base/text.ts";
import { reason } from "./lib/base/reason.ts";
import { UsageError } from "./lib/face/flags.ts";
import { readClientLine } from "./lib/face/client_line.ts";
import { print, printError } from "./lib/face/print.ts";
import { IdentityError } from "./lib/store/identity.ts";
import { StoreError } from "./lib/store/store_error.ts";
import { chat } from "./clients/chat.ts";
import { im } from "./clients/im.ts";
import { lobby } from "./clients/lobby.ts";
import { page } from "./clients/page.ts";
import { peer } from "./clients/peer.ts";
import { proving } from "./clients/proving.ts";

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = readClientLine(args);
    if (plan.type === "print") return print(plan.text), 0;
    if (plan.type === "peer") return await peer(plan);
    if (plan.page) return await page(plan);
    if (plan.tls) return await proving(plan);
    return await { im, chat, mailbox: proving, lobby }[plan.type](plan);
  } catch (error) {
    if (![UsageError, IdentityError, StoreError].some((kind) => error instanceof kind)) throw error;
    printError(`client: ${cleaned(reason(error))}\n`);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
