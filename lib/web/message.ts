import type { Reaction } from "../chat/reactions.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { readAttachment } from "../protocols/transfer/attachment.ts";
import { readOffer } from "../protocols/transfer/offer.ts";

/** A message as it is shown. */
export interface Message {
  /** Distinguishes it from all others of its conversation. */
  readonly key: string;
  /** Its place: its sequence number; Infinity while it has none, which puts it behind all others. */
  readonly at: number;
  readonly from: string;
  readonly own: boolean;
  readonly text: string;
  readonly time: number;
  /** Of the user's own messages; those of peers with another program, which confirms nothing, are "unconfirmed" both ways. */
  readonly state: "sending" | "sent" | "delivered" | "failed" | "unconfirmed" | undefined;
  /** The reason of a failure. */
  readonly why: string | undefined;
  readonly change: "edited" | "withdrawn" | undefined;
  /** Whether it is another user's and mentions this one. */
  readonly mentions?: boolean | undefined;
  /** The place of the message to which it replies. */
  readonly reply?: number | undefined;
  readonly reactions?: readonly Reaction[] | undefined;
  /** The texts that it had before, once the user has asked for them. */
  readonly earlier: readonly { readonly text: string; readonly time: number }[] | undefined;
}

/** A message of the user that the server has not answered yet. */
export function pendingMessage({ id, text, time, reply }: OutgoingMessage, user: string): Message {
  return {
    key: id,
    at: Infinity,
    from: user,
    own: true,
    text,
    time,
    state: "sending",
    why: undefined,
    change: undefined,
    reply,
    earlier: undefined,
  };
}

/** Whether the user can edit or withdraw a message; the offer of a file ends by other means. */
export function canChange({ state, change, text }: Message): boolean {
  return (state === "sent" || state === "delivered") && change !== "withdrawn" && readOffer(text) === undefined &&
    readAttachment(text) === undefined;
}

/** Whether another message can reply to it: the server has it, and there is something to reply to. */
export function canReply({ at, state, change }: Message): boolean {
  return Number.isSafeInteger(at) && at > 0 && state !== "failed" && change !== "withdrawn";
}

/** Whether a user has put this mark to a message. */
export function hasReacted({ reactions }: Message, mark: string, user: string): boolean {
  return reactions?.some((each) => each.mark === mark && each.by.includes(user)) ?? false;
}
