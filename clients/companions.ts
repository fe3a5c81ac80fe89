import { printError } from "../lib/face/print.ts";
import type { ChatFace } from "../lib/face/chat_face.ts";
import type { JoinPlan } from "../lib/face/client_line.ts";
import { reason } from "../lib/base/reason.ts";
import { cleaned } from "../lib/base/text.ts";
import type { Companion, CompanionHooks } from "../lib/net/companion.ts";
import { Identity, usualFolder } from "../lib/store/identity.ts";
import type { Happening } from "../lib/wire/native/happening.ts";
import { onStop, type Over } from "./ending.ts";
import type { ClientFiles } from "./files.ts";

type Common = "show" | "signalled" | "unheard" | "lost" | "ended" | "seen" | "mark";

/** What chat and mailbox do alike with what they learn. */
export function hooks(
  plan: JoinPlan,
  face: ChatFace,
  files: ClientFiles,
  over: (over: Over) => void,
  name: () => string,
): Required<Pick<CompanionHooks, Common>> {
  const identity = new Identity(plan.data ?? usualFolder());
  let markable = true;
  return {
    show: (happening: Happening) => {
      if (happening.type === "message" && files.heard(happening.said, happening.own)) return;
      face.happened(happening);
      if (happening.type === "in") {
        files.cameIn(happening.name);
        face.chat();
      } else if (happening.type === "online") files.online(happening.name);
    },
    signalled: (from, text, at) => files.signalled(from, text, at),
    unheard: (to) => files.unheard(to),
    lost: (why, againMs) => face.lost(why, againMs),
    ended: (status, why) => over({ status, why }),
    seen: (store) => identity.seen(store, name()),
    mark(store, seq) {
      try {
        identity.markSeen(store, name(), seq);
      } catch (error) {
        // Shown it was; another run of the client may show it again.
        if (markable) face.problem(reason(error));
        markable = false;
      }
    },
  };
}

/** Keeps a companion going until it is over; the status of the program. */
export async function run(
  client: Companion,
  face: ChatFace,
  files: ClientFiles,
  over: Promise<Over>,
  interrupt: () => void,
): Promise<number> {
  onStop(interrupt);
  client.dial();
  const { status, why } = await over;
  await files.close();
  // In a terminal the face has its own words for it.
  if (why !== undefined) face.notConnected(why);
  await face.close();
  if (why !== undefined && !Deno.stdout.isTerminal()) printError(`client: ${cleaned(why)}\n`);
  return status;
}
