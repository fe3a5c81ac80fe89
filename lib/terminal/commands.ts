import type { Target } from "../chat/store.ts";
import type { PeerQuestion } from "../peers/event.ts";
import type { FileCommand } from "../protocols/transfer/event.ts";

/** The room that everybody is in. */
export const LOBBY = "lobby";

/** What a typed line can ask of the server. */
export type ChatQuestion =
  | { readonly type: "users" | "rooms" }
  | { readonly type: "who"; readonly room: string }
  | { readonly type: "join" | "leave"; readonly room: string }
  | { readonly type: "history"; readonly of: Target; readonly limit: number };

/** What a typed line can ask, of a server or between peers. */
export type Question = ChatQuestion | PeerQuestion;

/** What is asked everywhere, and by the face itself too. */
export type Listing = { readonly type: "users" } | { readonly type: "rooms" };

/** What a typed line means. */
export type ChatAction<Q> =
  | { readonly type: "nothing" | "exit" }
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  | { readonly type: "ask"; readonly question: Q }
  /** Something about files. */
  | { readonly type: "file"; readonly act: FileCommand }
  /** From here on a line that is no command goes there. */
  | { readonly type: "go"; readonly to: Target }
  /** Shows what there is; `back`, out of the conversation. */
  | { readonly type: "menu"; readonly back: boolean }
  | { readonly type: "help"; readonly topic: string | undefined }
  /** What was typed, the rule, an example. */
  | { readonly type: "fault"; readonly why: string };

/** Where a line is typed. */
export interface ChatPlace {
  /** Where a line goes that is no command. */
  readonly here: Target | undefined;
  /** Names that mean a room. */
  readonly rooms: ReadonlySet<string>;
}

const SHOWN_CHARACTERS = 60;

/** Whether both are the same room or the same user. */
export function sameTarget(a: Target | undefined, b: Target | undefined): boolean {
  if (!a || !b) return a === b;
  return "user" in a ? "user" in b && a.user === b.user : "room" in b && a.room === b.room;
}

/** What was typed, short enough to be said again. */
export function shortened(line: string): string {
  const characters = [...line];
  return characters.length <= SHOWN_CHARACTERS ? line : `${characters.slice(0, SHOWN_CHARACTERS).join("")}…`;
}
