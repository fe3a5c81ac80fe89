import type { ExchangeInput } from "../chat/exchange_events.ts";
import { Outputs } from "../core/machine.ts";
import type { ExchangeCommand } from "./exchange.ts";
import { encodeNotice, type ServerNotice } from "./messages.ts";

/** What the machine wants done. */
export type MachineOutput =
  /** By the maker. */
  | { readonly type: "command"; readonly command: ExchangeCommand }
  /** By the hub. */
  | { readonly type: "hub"; readonly input: ExchangeInput }
  /** For the log. */
  | { readonly type: "note"; readonly text: string; readonly level?: "warning" };

/** The outputs of the machine, as its parts make them. */
export class MachineOutputs extends Outputs<MachineOutput> {
  /** Whether the exchange answers: otherwise nothing is commanded. */
  isConnected = false;

  /** `self` is this server. */
  constructor(readonly self: string) {
    super();
  }

  command(command: ExchangeCommand): void {
    if (this.isConnected) this.push({ type: "command", command });
  }

  /** Tells a server something, or all others. */
  send(to: string | undefined, notice: ServerNotice): void {
    this.command({ type: "send", to, bytes: encodeNotice(this.self, notice) });
  }

  hub(input: ExchangeInput): void {
    this.push({ type: "hub", input });
  }

  note(text: string, level?: "warning"): void {
    this.push(level ? { type: "note", text, level } : { type: "note", text });
  }
}
