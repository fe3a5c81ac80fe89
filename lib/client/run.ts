import { printError } from "../terminal/print.ts";
import type { ChatTerminal } from "../terminal/chat_app.ts";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";
import type { NativeSide, ReconnectingClient, ReconnectingClientHooks } from "./reconnecting_client.ts";
import type { Identity } from "../store/identity.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { onStop, type Over } from "./ending.ts";
import type { ClientFiles } from "./transfer/files.ts";

/** What a program does with what its client learns. */
export interface Learning
  extends Pick<ReconnectingClientHooks, "show" | "signalled" | "unheard" | "lost" | "ended" | "mark"> {
  /** The server speaks the handout's protocol and no other; where nothing is said, that is gone on in. */
  handoutOnly?(): void;
}

/** A client that is on its way into a chat. */
export interface Joining<T extends NativeSide> {
  readonly client: ReconnectingClient<T>;
  /** A line was typed as the answer to what the face has asked. */
  typed(line: string): void;
}

/** What chat and mailbox do alike with what they learn. */
export function hooks(
  face: ChatTerminal,
  files: ClientFiles,
  over: (over: Over) => void,
  identity: Identity,
  name: () => string,
): Learning {
  let markable = true;
  return {
    show: (happening: ClientEvent) => {
      if (happening.type === "message" && files.heard(happening.message, happening.own)) return;
      face.event(happening);
      if (happening.type === "loggedIn") {
        files.loggedIn(happening.name);
        face.chat();
      } else if (happening.type === "online") files.online(happening.name);
    },
    signalled: (from, text, at) => files.signalled(from, text, at),
    unheard: (to) => files.notReached(to),
    lost: (why, againMs) => face.lost(why, againMs),
    ended: (status, why) => over({ status, why }),
    mark(store, seq) {
      try {
        identity.markShown(name(), store, seq);
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
  client: Pick<ReconnectingClient<NativeSide>, "dial">,
  face: ChatTerminal,
  /** What is closed before the face is. */
  files: { close(): Promise<void> },
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
  if (why !== undefined && !Deno.stdout.isTerminal()) printError(`client: ${sanitized(why)}\n`);
  return status;
}
