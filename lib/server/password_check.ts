import type { Address } from "../core/address.ts";
import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { Session, Way } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";

/** What the hub answers to whoever only asks. */
export type Answer = Extract<Event, { type: "welcome" | "turnedAway" | "registered" | "closing" }>;

/** Puts one question to the hub, for somebody who has no session; the answer, or nothing when they went away meanwhile. */
export function checkPassword(
  runner: SessionRunner,
  peer: Address,
  question: Extract<Command, { type: "vouch" | "register" }>,
  left: AbortSignal,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const door = {
      name: "web",
      links: [],
      detectsDeadPeers: true,
      oneShot: true,
      openSession: (way: Way) => new Inquiry(way, resolve),
    };
    const host = runner.open(
      door,
      peer,
      () => ({ waitingBytes: 0, write() {}, close: () => resolve(undefined), abort() {}, resume() {} }),
    );
    left.addEventListener("abort", () => host.end("went away"), { once: true });
    if (left.aborted) return host.end("went away");
    host.ask(question);
  });
}

class Inquiry implements Session {
  readonly name = undefined;
  readonly wakeAt = Infinity;

  constructor(readonly way: Way, readonly answered: (answer: Answer) => void) {}

  event(event: Event): void {
    switch (event.type) {
      case "welcome":
      case "turnedAway":
      case "registered":
      case "closing":
        this.answered(event);
        this.way.end("has its answer");
    }
  }

  hungry(): boolean {
    return true;
  }

  push(): void {}
  closed(): void {}
  dialled(): void {}
  tick(): void {}
}
