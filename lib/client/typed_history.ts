import { HistoryFile } from "../store/history_file.ts";
import { defaultDataFolder } from "../store/identity.ts";
import type { LineStore } from "../terminal/prompt_input.ts";

/** The typed lines of earlier runs, at a terminal and without `--no-history`. */
export function typedHistory(
  plan: { readonly data: string | undefined; readonly history: boolean },
): LineStore | undefined {
  if (!plan.history || !Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return undefined;
  return new HistoryFile(plan.data ?? defaultDataFolder());
}
