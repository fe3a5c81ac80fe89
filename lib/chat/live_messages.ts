import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { encodeText } from "../core/text.ts";
import type { ClientMessages } from "./client_messages.ts";
import type { Command } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { Guests } from "./guests.ts";
import { LOBBY } from "./names.ts";
import { PendingOutcome } from "./outcome.ts";
import type { Tally } from "./tally.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface LiveMessageParts {
  readonly online: OnlineUsers;
  readonly delivery: Delivery;
  readonly messages: ClientMessages;
  readonly guests: Guests;
  readonly tally: Tally;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "signalBytes">;
  /** Whether the lobby is kept. */
  readonly keepsLobby: () => boolean;
}

/** Messages of handout sessions, each with one outcome; and signals, which go to the clients that are online. */
export class LiveMessages {
  readonly #parts: LiveMessageParts;

  constructor(parts: LiveMessageParts) {
    this.#parts = parts;
  }

  send(sender: Session, ref: number, to: string, text: string, now: number): void {
    const { online, messages, delivery } = this.#parts;
    const outcome = this.#outcomeOf(sender, ref);
    if (sender.name === undefined) return outcome.settle(false, "the session has no name");
    // Other servers are told what is kept.
    const kept = online.elsewhere ? online.isOnline(to) : online.get(to)?.listens ?? false;
    const fault = kept ? messages.keepFault(sender.name, { user: to }, text, now) : undefined;
    if (fault !== undefined) return outcome.settle(false, fault);
    delivery.sayLive({ from: sender.name, to: { user: to }, text, sayer: sender, outcome }, kept, now);
  }

  sendAll(sender: Session, ref: number, text: string, now: number): void {
    const { messages, delivery, keepsLobby } = this.#parts;
    const outcome = this.#outcomeOf(sender, ref);
    if (sender.name === undefined) return outcome.settle(false, "the session has no name");
    const kept = keepsLobby();
    const fault = kept ? messages.rateFault(sender.name, text, now) : undefined;
    if (fault !== undefined) return outcome.settle(false, fault);
    delivery.sayLive({ from: sender.name, to: { room: LOBBY }, text, sayer: sender, outcome }, kept, now);
  }

  signal(sender: Session, from: string, { to, text, at: isTold }: Extract<Command, { type: "signal" }>): void {
    const { online, guests, outputs, limits: { signalBytes: most } } = this.#parts;
    const bytes = encodeText(text).length;
    const unheard = (why: string) => outputs.push(tell(sender.id, { type: "unheard", to, why }));
    if (bytes > most) return void unheard(`a signal has at most ${most} bytes, found ${bytes}`);
    const natives = online.get(to)?.natives.filter((each) => each.ready && each !== sender && !each.unproven);
    const guest = natives ? undefined : guests.named(to);
    const receivers = guest ? [guest] : natives ?? [];
    const servers = online.elsewhere?.serversOf(to) ?? [];
    const at = isTold ? sender.address : undefined;
    const message = { type: "signal", from, at, to, text } as const;
    for (const server of servers) outputs.push({ type: "exchange", output: { type: "send", to: server, message } });
    if (receivers.length === 0 && servers.length > 0) return;
    if (receivers.length === 0) return void unheard(`no client of ${to} is online`);
    const event = { type: "signal", from, at, text } as const;
    outputs.push({ type: "tell", to: receivers.map(({ id }) => id), event });
  }

  #outcomeOf({ id }: Session, ref: number): PendingOutcome {
    const { tally, outputs } = this.#parts;
    return new PendingOutcome((delivered, why) => {
      if (!delivered) tally.failed++;
      outputs.push(
        tell(id, why === undefined ? { type: "outcome", ref, delivered } : { type: "outcome", ref, delivered, why }),
      );
    });
  }
}
