import type { CheckAllPlan } from "../check/all/command_line.ts";
import { type CheckListPlan, type CheckPlan, type CheckReplayPlan, readCheck } from "../check/command_line.ts";
import { CHECK_OPTIONS } from "../check/options.ts";
import { VERSION } from "../core/version.ts";
import { type Option, readFlags } from "../terminal/flags.ts";
import { COMMON_OPTIONS, helpOn } from "../terminal/program_help.ts";
import type { PrintPlan } from "./command_line.ts";
import { CLIENT } from "./commands.ts";

/** What `client check` is to do. */
type CheckCommand = CheckPlan | CheckListPlan | CheckReplayPlan | CheckAllPlan;

/** Parses what follows `client check`; throws a `UserError` for a mistake. */
export function parseCheckArgs(args: readonly string[]): CheckCommand | PrintPlan {
  const at = args.indexOf("--");
  const command = at < 0 ? undefined : args.slice(at + 1);
  const options: readonly Option[] = [...CHECK_OPTIONS, ...COMMON_OPTIONS];
  const flags = readFlags(at < 0 ? args : args.slice(0, at), options);
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  if (flags.has("help") || args.length === 0) return { type: "print", text: helpOn(CLIENT, ["check"]) };
  return readCheck(flags.words, command, flags);
}
