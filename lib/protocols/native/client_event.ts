import type { RoomState, UserState } from "../../chat/event.ts";
import type { Target } from "../../chat/store.ts";

/** A message as a client has it. */
export interface ShownMessage {
  readonly seq: number;
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly time: number;
}

/** What a client learns. A face turns it into what a person sees. */
export type ClientEvent =
  /** The server knows who we are; `again`, when it did before. */
  | { readonly type: "in"; readonly name: string; readonly rooms: readonly string[]; readonly again: boolean }
  /** Somebody said something to us, or in a room of ours; `own`, when it was ourselves at another client. */
  | { readonly type: "message"; readonly said: ShownMessage; readonly own: boolean }
  | { readonly type: "sent"; readonly id: string; readonly to: Target; readonly time: number }
  | { readonly type: "delivered"; readonly id: string; readonly to: string; readonly time: number }
  | { readonly type: "failed"; readonly id: string; readonly to: Target | undefined; readonly why: string }
  | { readonly type: "online" | "offline"; readonly name: string }
  | { readonly type: "users"; readonly users: readonly UserState[] }
  | { readonly type: "rooms"; readonly rooms: readonly RoomState[] }
  | { readonly type: "inRoom"; readonly room: string; readonly users: readonly UserState[] }
  | {
    readonly type: "history";
    readonly of: Target;
    readonly messages: readonly ShownMessage[];
    readonly more: boolean;
  }
  | { readonly type: "joined"; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly room: string }
  | { readonly type: "denied"; readonly why: string }
  /** The server says that it stops. */
  | { readonly type: "closing" };
