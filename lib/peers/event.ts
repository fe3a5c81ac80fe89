import type { Address } from "../core/address.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { SendOutput } from "../protocols/datagram/packet.ts";
import type { CryptographyRequest } from "./cryptography.ts";

/** Events that clients of a server have too; a group is a room. */
type Common = Extract<
  ClientEvent,
  { type: "message" | "delivered" | "failed" | "online" | "offline" | "users" | "rooms" | "joined" | "left" | "denied" }
>;

/** An event shown to the user of a peer. */
export type PeerEvent =
  | Common
  /** The receiver is offline: the message is stored, and is sent when both sides are online. */
  | { readonly type: "queued"; readonly id: string; readonly to: string }
  /** The message was sent to a person with another program, which confirms nothing. */
  | { readonly type: "unconfirmed"; readonly id: string; readonly to: string }
  /** Another person has joined or left a group of ours. */
  | { readonly type: "memberJoined" | "memberLeft"; readonly room: string; readonly name: string }
  /** The other members of a group that we have joined. */
  | { readonly type: "members"; readonly room: string; readonly names: readonly string[] }
  /** Messages with `name` are sealed from now on; `words` are the fingerprint of their key, `ours` of ours. */
  | {
    readonly type: "secure";
    readonly name: string;
    readonly words: readonly string[];
    readonly ours: readonly string[];
    /** Whether this key was remembered from before. */
    readonly known: boolean;
  }
  /** Messages with `name` are no longer sealed. */
  | { readonly type: "insecure"; readonly name: string }
  /** A person has another key than the one remembered for their name: no messages are exchanged until the user decides. */
  | {
    readonly type: "changedKey";
    readonly name: string;
    readonly words: readonly string[];
    readonly remembered: readonly string[];
  }
  /** A notice about the network, the directory or other people. */
  | { readonly type: "notice"; readonly text: string }
  /** The client address table as the directory has it, and our own address in it. */
  | { readonly type: "table" } & TableView
  /** The answer to `/stats`. */
  | { readonly type: "stats"; readonly counts: readonly (readonly [name: string, count: number])[] };

/** The client address table, and our own address in it. */
export interface TableView {
  readonly self: Address | undefined;
  readonly entries: readonly TableEntry[];
}

/** An entry of the client address table. */
export interface TableEntry extends Address {
  /** The name of the person there, as they say or as the directory says; undefined if neither does. */
  readonly name: string | undefined;
  /** Since when we know of the entry. */
  readonly since: number;
}

/** A question or request of the user. */
export type PeerQuestion =
  /** All people that we have met. */
  | { readonly type: "users" }
  /** The client address table. */
  | { readonly type: "table" }
  /** All known groups. */
  | { readonly type: "rooms" }
  /** Creates a group with these people in it. */
  | { readonly type: "group"; readonly room: string; readonly members: readonly string[] }
  | { readonly type: "join" | "leave"; readonly room: string }
  /** Turns sealing of messages with a person on or off. */
  | { readonly type: "secure"; readonly user: string; readonly on: boolean }
  /** Accepts the present key of a person. */
  | { readonly type: "trust"; readonly user: string }
  /** Asks who is at an address. */
  | { readonly type: "add"; readonly host: string; readonly port: number }
  | { readonly type: "stats" };

/** What a peer wants done. */
export type PeerOutput =
  | SendOutput
  /** `ref` is that of the question which the event answers. */
  | { readonly type: "show"; readonly event: PeerEvent; readonly ref: number | undefined }
  /** Text for our program, not for the person; `at` is the sender's IP address. */
  | { readonly type: "signal"; readonly from: string; readonly text: string; readonly at: string }
  /** A computation, whose result is passed to `answered`. */
  | { readonly type: "compute"; readonly request: CryptographyRequest }
  /** Ask the directory again soon: something has come from an address that may be new there. */
  | { readonly type: "refresh" }
  /** We leave, and links are being closed; then they are closed, or had their time. */
  | { readonly type: "closing" | "closed" };
