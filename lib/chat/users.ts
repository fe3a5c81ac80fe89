import type { Credential } from "./accounts.ts";
import type { Effect } from "./effect.ts";
import type { Entry } from "./entry.ts";
import type { DeliveryCursor } from "./delivery_cursor.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Challenge, Message, SessionId } from "./event.ts";
import type { Attempt } from "./login_queue.ts";
import { LOBBY } from "./names.ts";
import type { KnownUser, Producer } from "./entities.ts";

/** A message that a handout session was sent and has not confirmed yet. */
export interface PendingReceipt {
  readonly message: Message;
  /** The outcome that its sender waits for; none for messages of native sessions. */
  readonly outcome: PendingOutcome | undefined;
  /** When the message was sent, to time its receipt. */
  readonly said: number;
}

/** A login in progress. */
export interface PendingLogin {
  readonly name: string;
  /** Whether the secret that is verified is a decoy: then the login fails whatever the outcome. */
  readonly isDecoy: boolean;
  /** Whether the password is only checked: the session does not go online. */
  readonly checkOnly?: boolean;
  /** For the password of a user who is logged in already: gets the result, undefined if the session ends first. */
  readonly then?: (right: boolean | undefined) => Effect[];
  /** Its place among the logins, once there is something to check. */
  readonly attempt?: Attempt;
  readonly proof?: {
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Credential;
    readonly answered: boolean;
  } | undefined;
}

/** A session, as the hub knows it. */
export class Session {
  name: string | undefined;
  /** Handout sessions have what their handout has, native ones have everything, guests have only one room. */
  kind: "handout" | "native" | "guest" = "handout";
  /** Whether it can receive messages. */
  ready = false;
  login: PendingLogin | undefined;
  /**
   * Whether nothing proves its name. Such a session is told what is said while it is there and acknowledges each private message
   * by itself; its receiver's confirmation of what is said in the lobby is not waited for.
   */
  unproven = false;
  /** Whether it is told who is writing. */
  takesTyping = false;
  /** The name of a guest, its room, and what the name looks like where it was chosen. */
  guestName = "";
  guestRoom: string = LOBBY;
  guestLook: string | undefined;
  /** Whether a guest has been told that it says too much. */
  refused = false;
  /** Of a native session, and of a handout session that messages were stored for. */
  cursor: DeliveryCursor | undefined;
  /** Messages of others that the client of a native session has acknowledged. */
  confirmed = 0;
  /** The newest entry of the lobby when a handout session began: it is told only what comes after. */
  lobbyAt = 0;
  /** The client of the user that a native session is. */
  producer: Producer | undefined;
  #owes: Map<number, PendingReceipt> | undefined;

  constructor(readonly id: SessionId, readonly address: string, readonly oneShot = false) {}

  /** Messages that it has neither confirmed nor missed. The first one was sent; the others wait. */
  get owes(): Map<number, PendingReceipt> {
    return this.#owes ??= new Map();
  }

  get owing(): number {
    return this.#owes?.size ?? 0;
  }
}

/** A stored message from a handout session that waits for its outcome. */
export interface AwaitedReceipt {
  readonly outcome: PendingOutcome;
  /** When it counts as failed. */
  readonly until: number;
  /** The private message, which is forgotten when it fails. */
  readonly forgets: Entry | undefined;
}

/** A user who is online, with all their sessions. */
export class User {
  /** At most one: the handout allows one login per name. */
  handout: Session | undefined;
  /** Replaced when one comes: a literal has room for what is in it, an array that grows for 17. */
  natives: readonly Session[] = [];
  /** The user as the roster has it; undefined while nothing of the user is stored. */
  known: KnownUser | undefined;
  /** Stored messages from handout sessions that wait for this user's acknowledgement, by number; undefined without any. */
  awaited: Map<number, AwaitedReceipt> | undefined;

  constructor(
    readonly name: string,
    /** When the user came online. */
    readonly since: number,
  ) {}

  get gone(): boolean {
    return this.handout === undefined && this.natives.length === 0;
  }

  /** Whether nothing proves the user's name; this holds for all of the user's sessions or for none. */
  get isUnproven(): boolean {
    return this.natives[0]?.unproven ?? false;
  }

  /** Whether any of the user's sessions receives stored messages, or will as soon as it has said where it goes on. */
  get listens(): boolean {
    return this.natives.length > 0;
  }
}
