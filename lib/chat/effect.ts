import type { Credential, ScryptSecret } from "./accounts.ts";
import type { Challenge, Event, SessionId } from "./event.ts";

/** An event for some sessions. */
export interface Tell {
  readonly type: "tell";
  readonly to: readonly SessionId[];
  readonly event: Event;
}

/** An output of the hub. */
export type Effect =
  | Tell
  /** Verify a password against a secret; the answer is the command `checked`. */
  | { readonly type: "check"; readonly session: SessionId; readonly password: string; readonly secret: ScryptSecret }
  /** Verify the proof for a challenge; the answer is the command `checked`. */
  | {
    readonly type: "prove";
    readonly session: SessionId;
    readonly name: string;
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Credential;
    readonly proof: Uint8Array;
  }
  /** Make a secret of a password and add the account to the users file; the answer is `Hub.enrolled`. */
  | { readonly type: "enroll"; readonly session: SessionId; readonly name: string; readonly password: string }
  /** For the log. */
  | { readonly type: "note"; readonly text: string };

/** An event for one session. */
export function tell(id: SessionId, event: Event): Tell {
  return { type: "tell", to: [id], event };
}
