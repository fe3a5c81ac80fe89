import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { SendOutput } from "../protocols/datagram/sender.ts";
import type { CryptographyRequest } from "./cryptography.ts";

/** What a peer's program learns that a server's client learns as well; a group is a room. */
type Common = Extract<
  ClientEvent,
  { type: "message" | "delivered" | "failed" | "online" | "offline" | "users" | "rooms" | "joined" | "left" | "denied" }
>;

/** What a peer's program learns. A face turns it into what a person sees. */
export type PeerEvent =
  | Common
  /** Whom this is for is not there: it is kept on disk, and goes out when both are. */
  | { readonly type: "queued"; readonly id: string; readonly to: string }
  /** Somebody else has come into a group of ours, or has left it. */
  | { readonly type: "memberJoined" | "memberLeft"; readonly room: string; readonly name: string }
  /** Who is in a group that we have come into, besides us. */
  | { readonly type: "members"; readonly room: string; readonly names: readonly string[] }
  /** From now on only the two can read what we and `name` say; `words` are the fingerprint of their key, `ours` of ours. */
  | {
    readonly type: "secure";
    readonly name: string;
    readonly words: readonly string[];
    readonly ours: readonly string[];
    /** Whether this key was remembered from before. */
    readonly known: boolean;
  }
  /** From now on what we and `name` say can be read by whoever can read the network. */
  | { readonly type: "insecure"; readonly name: string }
  /** Somebody has another key than is remembered by this name: nothing is said to them until the person decides. */
  | {
    readonly type: "changedKey";
    readonly name: string;
    readonly words: readonly string[];
    readonly remembered: readonly string[];
  }
  /** Something about the network or the table that whoever is here may want to know. */
  | { readonly type: "notice"; readonly text: string }
  /** What was asked by `/stats`: names and numbers, in their order. */
  | { readonly type: "stats"; readonly counts: readonly (readonly [name: string, count: number])[] };

/** What a person can ask of a peer's program. */
export type PeerQuestion =
  /** Everybody heard of. */
  | { readonly type: "users" }
  /** The groups that we are in, or have heard of. */
  | { readonly type: "rooms" }
  /** Makes a group with these friends in it. */
  | { readonly type: "group"; readonly room: string; readonly members: readonly string[] }
  | { readonly type: "join" | "leave"; readonly room: string }
  /** Seals what is said to and by somebody, or stops it. */
  | { readonly type: "secure"; readonly user: string; readonly on: boolean }
  /** Takes the key that somebody has now for theirs. */
  | { readonly type: "trust"; readonly user: string }
  /** Asks at an address who is there. */
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
  /** Only if messages are traced: one that we send ("up") or have received. */
  | { readonly type: "trace"; readonly name: string; readonly direction: "up" | "down"; readonly line: string };
