import type { Failure } from "./expectations.ts";
import type { Closing, Computing, DatagramKind, LinkName } from "./step.ts";

/** What a play asks its runner to do. */
export type PlayOutput =
  /** `isExpected`: the program should accept it, so that a refusal may be too early. */
  | {
    readonly type: "dial";
    readonly link: LinkName;
    readonly port: number | undefined;
    readonly host: string | undefined;
    readonly isExpected: boolean;
  }
  /** Ask what the machine has taken from the programs and the check; `measured` takes it. */
  | { readonly type: "measure" }
  /** At this port, where the link has listened before; at any where it is undefined. */
  | {
    readonly type: "listen";
    readonly link: LinkName;
    readonly host: string | undefined;
    readonly port: number | undefined;
  }
  | { readonly type: "unlisten"; readonly link: LinkName }
  | {
    readonly type: "bind";
    readonly link: LinkName;
    readonly port: number | undefined;
    readonly as: DatagramKind;
  }
  | {
    readonly type: "start";
    readonly who: string;
    readonly args: readonly string[];
    readonly port: number | undefined;
    readonly inTerminal: boolean;
  }
  | { readonly type: "send"; readonly link: LinkName; readonly bytes: Uint8Array; readonly isDatagram: boolean }
  /** Compute something with keys; `computed` takes it. */
  | ({ readonly type: "compute" } & Computing)
  /** `isLast`: no later step is about that link. */
  | { readonly type: "close"; readonly link: LinkName; readonly how: Closing; readonly isLast: boolean }
  | { readonly type: "put"; readonly name: string; readonly bytes: Uint8Array }
  /** Look for files of such names in the program's folder, again and again. */
  | { readonly type: "look"; readonly name: RegExp }
  | { readonly type: "kill"; readonly who: string; readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL" };

export interface PlayEnd {
  readonly failure: Failure | undefined;
  /** What passed, but not as the handout says. */
  readonly weak: readonly { readonly step: number; readonly why: string }[];
  /** What was observed where the handout leaves it open. */
  readonly observed: readonly string[];
  /** The machine was so busy that another verdict may be right. */
  readonly isDoubtful: boolean;
  /** It failed while a busy machine may have joined what was sent with pauses: a second play must fail at the same step. */
  readonly isUnconfirmed: boolean;
}
