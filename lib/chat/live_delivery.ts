import { outcome, type PendingOutcome, settled } from "./outcome.ts";
import type { Effect, Tell } from "./effect.ts";
import { Message, type Scope } from "./event.ts";
import type { OnlineUsers, Session } from "./users.ts";
import type { Tally } from "./tally.ts";

/** What is said at the handouts' doors and is not kept: whoever is there hears it, or nobody does. */
export class LiveDelivery {
  readonly #people: OnlineUsers;
  readonly #tally: Tally;
  #lastMessage = 0;

  constructor(people: OnlineUsers, tally: Tally) {
    this.#people = people;
    this.#tally = tally;
  }

  /** Says something to one; a receiver that cannot be told has missed it. */
  send(sender: Session, to: Session | undefined, text: string, delivery: PendingOutcome, now: number): Effect[] {
    this.#tally.said++;
    if (to?.ready) return [this.#dispatch([to], delivery, sender.name!, "one", text, now)];
    delivery.expect();
    return settled(delivery, "missed");
  }

  /** Says something to everybody else at these doors. */
  sendAll(sender: Session, text: string, delivery: PendingOutcome, now: number): Effect[] {
    this.#tally.said++;
    const receivers: Session[] = [];
    for (const { handout } of this.#people.all) {
      if (!handout || handout === sender) continue;
      if (handout.ready) receivers.push(handout);
      else {
        delivery.expect();
        delivery.miss();
      }
    }
    const effects = this.#dispatchToAll(receivers, delivery, sender, sender.name!, text, now);
    return receivers.length === 0 ? [...effects, outcome(delivery)] : effects;
  }

  /** A guest says something to everybody; nobody answers for it to them. */
  announce(guest: Session, text: string, now: number): Effect[] {
    this.#tally.said++;
    const receivers = [...this.#people.handouts].filter(({ ready }) => ready);
    return this.#dispatchToAll(receivers, undefined, guest, guest.guestName, text, now);
  }

  /** A receiver has answered, or never will. */
  settle(session: Session, id: number, what: "taken" | "missed", now: number): Effect[] {
    const owed = session.owes.get(id);
    if (!owed) return [];
    session.owes.delete(id);
    if (what === "taken") this.#tally.confirm(owed.said, now);
    return owed.delivery ? settled(owed.delivery, what) : [];
  }

  /** Guests hear it too. */
  #dispatchToAll(
    receivers: Session[],
    delivery: PendingOutcome | undefined,
    sender: Session,
    from: string,
    text: string,
    now: number,
  ): Effect[] {
    const guests = [...this.#people.guests].filter((guest) => guest !== sender);
    if (receivers.length + guests.length === 0) return [];
    const effect = this.#dispatch(receivers, delivery, from, "all", text, now);
    return [{ ...effect, to: [...effect.to, ...guests.map(({ id }) => id)] }];
  }

  #dispatch(
    receivers: Session[],
    delivery: PendingOutcome | undefined,
    from: string,
    scope: Scope,
    text: string,
    said: number,
  ): Tell {
    const message = new Message(--this.#lastMessage, from, scope, text);
    for (const receiver of receivers) {
      delivery?.expect();
      receiver.owes.set(message.id, { message, delivery, said });
    }
    return { type: "tell", to: receivers.map(({ id }) => id), event: message };
  }
}
