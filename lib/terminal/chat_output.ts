import type { Target } from "../chat/entry.ts";
import type { DirectWish } from "../peers/direct.ts";
import type { FileCommand } from "../protocols/transfer/event.ts";
import type { Listing } from "./commands.ts";
import type { ScreenOutput } from "./view.ts";

/** Change the text of a message, or withdraw it. */
export interface AmendOutput {
  readonly type: "amend";
  readonly of: number;
  readonly to: Target;
  readonly text: string | undefined;
}

/** A step for the screen or for the client. */
export type ChatOutput<Q> =
  | ScreenOutput
  /** Is answered by `sayAnswered`. */
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  /** While the client takes the question, `asking` has been told. */
  | { readonly type: "ask"; readonly question: Q | Listing }
  /** Is answered by `amendAnswered`. */
  | AmendOutput
  /** The user has opened a conversation. */
  | { readonly type: "entered"; readonly to: Target }
  /** The user has read a conversation up to here. */
  | { readonly type: "read"; readonly of: Target; readonly upTo: number }
  | { readonly type: "file"; readonly action: FileCommand }
  | DirectWish
  /** Ask for the old password and a new one; `newPassword` takes them. */
  | { readonly type: "passwd" }
  | { readonly type: "leave" };

/** The client's answer to a message: the id of its later states, or the reason why it is not sent. */
export type SayResult = { readonly id: string } | { readonly why: string };
