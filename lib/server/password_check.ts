import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { Address } from "../core/address.ts";
import { Outputs } from "../core/machine.ts";
import type { Session, SessionOutput } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";

export type PasswordAnswer = Extract<Event, { type: "welcome" | "turnedAway" | "registered" | "closing" }>;

/** Asks the hub one question for a peer without a session. Resolves with undefined if the peer leaves first. */
export function checkPassword(
  runner: SessionRunner,
  peer: Address,
  question: Extract<Command, { type: "checkPassword" | "register" | "holdName" }>,
  left: AbortSignal,
): Promise<PasswordAnswer | undefined> {
  return new Promise((resolve) => {
    const session = new PasswordCheck();
    const protocol = { name: "web", links: [], detectsDeadPeers: true, oneShot: true, openSession: () => session };
    const close = () => resolve(session.answer);
    const host = runner.open(protocol, peer, () => ({ waitingBytes: 0, write() {}, close, abort() {}, resume() {} }));
    left.addEventListener("abort", () => host.end("the peer has left"), { once: true });
    if (left.aborted) return host.end("the peer has left");
    host.command(question);
  });
}

/** A session that ends at the first answer of the hub. */
class PasswordCheck implements Session {
  readonly name = undefined;
  readonly wakeAt = Infinity;
  readonly #outputs = new Outputs<SessionOutput>();
  answer: PasswordAnswer | undefined;

  event(event: Event): void {
    switch (event.type) {
      case "welcome":
      case "turnedAway":
      case "registered":
      case "closing":
        this.answer = event;
        this.#outputs.push({ type: "end", why: "the question is answered" });
    }
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(): boolean {
    return true;
  }

  receive(): void {}
  closed(): void {}
  dialed(): void {}
  tick(): void {}
}
