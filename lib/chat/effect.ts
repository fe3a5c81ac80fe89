import type { ScryptSecret } from "./accounts.ts";
import type { Challenge, Event } from "./event.ts";
import type { Proof, SessionId } from "./users.ts";

/** Sessions are to be told something. */
export interface Tell {
  readonly type: "tell";
  readonly to: readonly SessionId[];
  readonly event: Event;
}

/** What the hub wants done. */
export type Effect =
  | Tell
  /** Try a password against a secret and come back with `checked`. */
  | { readonly type: "check"; readonly session: SessionId; readonly password: string; readonly secret: ScryptSecret }
  /** Look whether a proof answers its challenge and come back with `checked`. */
  | {
    readonly type: "prove";
    readonly session: SessionId;
    readonly name: string;
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Proof;
    readonly proof: Uint8Array;
  }
  /** Make a secret of a password, write the account down, and come back with `Hub.enrolled`. */
  | { readonly type: "enroll"; readonly session: SessionId; readonly name: string; readonly password: string }
  /** For the log. */
  | { readonly type: "note"; readonly text: string };

/** One event for one session. */
export function tell(id: SessionId, event: Event): Tell {
  return { type: "tell", to: [id], event };
}
