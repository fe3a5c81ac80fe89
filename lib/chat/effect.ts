import type { Credential, ScryptSecret } from "./accounts.ts";
import type { Entry } from "./entry.ts";
import type { Challenge, Event, SessionId } from "./event.ts";
import type { ExchangeOutput } from "./exchange_events.ts";
import type { Batch, Query } from "./store.ts";

/** What the chat wants done. */
export type Effect =
  | { readonly type: "tell"; readonly to: readonly SessionId[]; readonly event: Event }
  /** Try a password against a secret and come back with `checked`. */
  | { readonly type: "check"; readonly session: SessionId; readonly password: string; readonly secret: ScryptSecret }
  /** Check whether a proof answers its challenge and come back with `checked`. */
  | {
    readonly type: "prove";
    readonly session: SessionId;
    readonly name: string;
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Credential;
    readonly proof: Uint8Array;
  }
  /** Make a secret of a password, write the account down, and come back with `Hub.enrolled`. */
  | { readonly type: "enroll"; readonly session: SessionId; readonly name: string; readonly password: string }
  /** Make a secret of a user's new password, replace the old one in the users file, and come back with `Hub.passwordStored`. */
  | {
    readonly type: "setPassword";
    readonly session: SessionId;
    readonly ref: number;
    readonly name: string;
    readonly password: string;
  }
  /** Write this and come back with `Hub.committed`, or with `Hub.notCommitted` and write none that was to follow up to then. */
  | { readonly type: "append"; readonly batch: Batch }
  /** Ask the store and come back with `Hub.answered`. */
  | { readonly type: "query"; readonly id: number; readonly query: Query }
  /** A message is withdrawn: a file at the server that it is about goes with it. */
  | { readonly type: "withdrawn"; readonly entry: Entry }
  /** For the exchange with other servers. */
  | { readonly type: "exchange"; readonly output: ExchangeOutput }
  /** The session cannot go on. */
  | { readonly type: "end"; readonly session: SessionId; readonly why: string }
  /** For the log. */
  | {
    readonly type: "note";
    readonly text: string;
    readonly level?: "warning";
    /** The line that the lobby handout's server shows for it on its terminal. */
    readonly shown?: string;
  };

/** One event for one session. */
export function tell(id: SessionId, event: Event): Effect {
  return { type: "tell", to: [id], event };
}
