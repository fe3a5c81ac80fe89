import type { Outputs } from "../../core/machine.ts";
import type { Link } from "../session.ts";
import { encodeLine, LA } from "./lines.ts";
import type { TlsOffer } from "./tls_offer.ts";

/** What the user is asked to type. */
export type ImPrompt = "name" | "password" | "command";

/** What an IM client wants done. */
export type ImClientOutput =
  /** Connect La: `opened` or `disconnected` says how that went. */
  | { readonly type: "connect" }
  /** Send bytes on a link, in a write of their own. */
  | { readonly type: "write"; readonly link: Link; readonly bytes: Uint8Array }
  /** Show a line as it came: a reply on La, a message on Lb. */
  | { readonly type: "line"; readonly link: Link; readonly line: string }
  /** The server may connect Lb from now on. */
  | { readonly type: "expectLink" }
  /** The server says that it has connected Lb. */
  | { readonly type: "confirmLink" }
  /** Connect to this port of the server's machine, where nothing listens; `probed` takes the outcome. */
  | { readonly type: "probe"; readonly port: number }
  /** Take one typed line as the answer to this; null: take none for now. */
  | { readonly type: "ask"; readonly prompt: ImPrompt | null }
  /** `names` is up to date, as `askNames` wanted. */
  | { readonly type: "names" }
  /** No account was made. */
  | { readonly type: "notRegistered"; readonly why: string }
  /** La continues in the native protocol; `rest` was read and not used. Nothing follows. */
  | { readonly type: "native"; readonly rest: Uint8Array }
  /** The server does not know the native protocol; the session continues as the handout's. */
  | { readonly type: "handoutOnly" }
  /** Where the wire is traced: what is waited for on a link. */
  | { readonly type: "remark"; readonly link: Link; readonly text: string }
  /** The server speaks TLS elsewhere, and nothing was sent to it here. Nothing follows. */
  | { readonly type: "tlsOffered"; readonly offer: TlsOffer }
  /** The end, with the exit status of the program, and a reason for a bad one. Nothing follows. */
  | { readonly type: "ended"; readonly status: number; readonly why?: string | undefined };

export interface ImClientOptions {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  /** Whether to continue in the native protocol where the server can. */
  readonly offersNative?: boolean;
  /** Whether to ask for TLS, and to go there if the server offers it. */
  readonly takesTls?: boolean;
  /** Whether to say what is waited for. */
  readonly trace?: boolean;
}

/** Cap on commands that wait for their turn; beyond it nothing is taken from the keyboard. */
const MAX_TYPED_AHEAD = 64;

/** A command that waits for its reply. */
export interface PendingCommand {
  readonly line: string;
  /** The reply is not for the screen. */
  readonly hidden: boolean;
  /** The reply is the list that `askNames` wanted. */
  readonly forNames: boolean;
}

/** The commands of an IM client, one at a time: the next leaves when the last has its reply. Its owner's outputs are its own. */
export class ClientCommands {
  #pending: PendingCommand | undefined;
  readonly #typedAhead: string[] = [];

  constructor(readonly outputs: Pick<Outputs<ImClientOutput>, "push">) {}

  get pending(): PendingCommand | undefined {
    return this.#pending;
  }

  /** Whether nothing waits, neither for a reply nor for its turn. */
  get idle(): boolean {
    return this.#pending === undefined && this.#typedAhead.length === 0;
  }

  send(line: string, { hidden = false, forNames = false } = {}): void {
    this.#pending = { line, hidden, forNames };
    this.outputs.push({ type: "write", link: LA, bytes: encodeLine(line) });
  }

  /** A typed command: sends it, or keeps it until the last one has its reply. Accepts no more while many wait. */
  typed(line: string): void {
    if (this.#pending) this.#typedAhead.push(line);
    else this.send(line);
    if (this.#typedAhead.length < MAX_TYPED_AHEAD) this.ask("command");
  }

  /** A reply has come: the command that it answers. */
  replied(): PendingCommand | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  /** Sends the next of the commands that wait; whether typing has to be asked for again, since too many waited. */
  sendNext(): boolean {
    const full = this.#typedAhead.length === MAX_TYPED_AHEAD;
    const next = this.#typedAhead.shift();
    if (next !== undefined) this.send(next);
    return full;
  }

  forgetTyped(): void {
    this.#typedAhead.length = 0;
  }

  ask(prompt: ImPrompt | null): void {
    this.outputs.push({ type: "ask", prompt });
  }
}
