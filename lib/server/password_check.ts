import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { PeerAddress, Session, Way } from "../protocols/session.ts";
import type { Switchboard } from "./runner.ts";

/** What the hub answers to whoever only asks. */
export type Answer = Extract<Event, { type: "welcome" | "turnedAway" | "registered" | "closing" }>;

/** Puts one question to the hub, for somebody who has no session; the answer, or nothing when they went away meanwhile. */
export function inquire(
  board: Switchboard,
  peer: PeerAddress,
  question: Extract<Command, { type: "vouch" | "register" }>,
  left: AbortSignal,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const door = { name: "web", links: [], minds: true, brief: true, open: (way: Way) => new Inquiry(way, resolve) };
    const seat = board.open(
      door,
      peer,
      () => ({ write() {}, close: () => resolve(undefined), abort() {}, resume() {} }),
    );
    left.addEventListener("abort", () => seat.end("went away"), { once: true });
    if (left.aborted) return seat.end("went away");
    seat.ask(question);
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
