import type { Address } from "../core/address.ts";
import type { PersonElsewhere } from "./elsewhere.ts";
import type { Place, RecordId } from "./record_id.ts";
import type { NameHolder } from "./snapshot.ts";
import type { SavedRecord } from "./store.ts";

/** What the chat of one server tells that of another; it is not stored, and may be lost. */
export type ServerMessage =
  /** The outcome, at the server that sends this, of a record of the server that gets it, where a handout session waits for it. */
  | { readonly type: "outcome"; readonly number: number; readonly delivered: boolean; readonly why: string }
  /** A signal between clients. */
  | {
    readonly type: "signal";
    readonly from: string;
    readonly at?: string | undefined;
    readonly to: string;
    readonly text: string;
  }
  /** Who holds names, as the sender knows it. */
  | { readonly type: "names"; readonly holders: readonly NameHolder[] };

/** Where clients reach a server. */
export interface ServerPlace extends Address {
  /** The SHA-256 fingerprint of the key by which its clients know it; undefined where it speaks no TLS. */
  readonly key?: string | undefined;
  /** The address of its page, where it has one for other machines. */
  readonly page?: string | undefined;
}

/** Another server that is heard. */
export interface NamedServer {
  readonly name: string;
  /** Undefined where its clients are not to be sent elsewhere, as with a server without an IM listener. */
  readonly place: ServerPlace | undefined;
}

/** What the hub wants of the exchange. */
export type ExchangeOutput =
  /** A record of this server is committed, and has this number. */
  | { readonly type: "recorded"; readonly number: number; readonly text: string }
  /** So many of the records that were given are taken. */
  | { readonly type: "taken"; readonly count: number }
  /** Who is online here. */
  | { readonly type: "people"; readonly people: readonly PersonElsewhere[] }
  | { readonly type: "send"; readonly to: string; readonly message: ServerMessage }
  /** Who holds names has changed; servers with the same digest agree. */
  | { readonly type: "names"; readonly digest: string }
  /** The answer to `readRecords`. */
  | { readonly type: "records"; readonly ref: number; readonly records: readonly SavedRecord[] };

/** What the exchange tells the hub. */
export type ExchangeInput =
  /** The next record of a server, of this one too; those of each server come in the order of their numbers. */
  | { readonly type: "record"; readonly id: RecordId; readonly text: string; readonly place: Place | undefined }
  /** Whether this server works without the others, since the exchange does not answer. */
  | { readonly type: "alone"; readonly isAlone: boolean }
  /** The exchange has lost what was read of it after this place. */
  | { readonly type: "readTo"; readonly place: Place }
  | { readonly type: "people"; readonly server: string; readonly people: readonly PersonElsewhere[] }
  | { readonly type: "server"; readonly server: string; readonly name: string }
  /** What this server is called, and the others that are heard. */
  | { readonly type: "servers"; readonly name: string; readonly others: readonly NamedServer[] }
  /** A server does not agree with this one about who holds names. */
  | { readonly type: "namesDiffer"; readonly server: string }
  | { readonly type: "message"; readonly from: string; readonly message: ServerMessage }
  /** Asks for stored records of a server after a number. */
  | { readonly type: "readRecords"; readonly ref: number; readonly server: string; readonly after: number };
