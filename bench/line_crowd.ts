import { type Crowd, Pouring, type Tally, type Until } from "./traffic.ts";

/** A user that counts received messages and wakes a waiter. */
export interface LineUser {
  received: number;
  /** Called after each chunk that contained messages. */
  wake: (() => void) | undefined;
  leave(): void;
}

/** Users that count received messages; subclasses send in their protocol. */
export abstract class LineCrowd<User extends LineUser> implements Crowd {
  constructor(readonly users: User[], readonly tally: Tally, readonly writes?: number) {}

  /** Sends one message to one user; resolves on arrival. */
  protected abstract send(from: number, to: number): Promise<void>;
  /** User 0 sends one message to all; resolves when all have it. */
  protected abstract sendAll(): Promise<void>;
  /** User 0 sends `POUR` messages to all in one write. */
  protected abstract sayMany(): Promise<void>;

  async talk(pairs: number, until: Until): Promise<void> {
    const sender = async (pair: number) => {
      while (!until.over) await this.#sent(2 * pair, 2 * pair + 1);
    };
    await Promise.all(Array.from({ length: pairs }, (_, pair) => sender(pair)));
  }

  async shout(until: Until): Promise<void> {
    while (!until.over) await this.#sentAll();
  }

  async pour(until: Until): Promise<void> {
    const pouring = new Pouring(this.users.length - 1, this.writes);
    for (const user of this.users.slice(1)) {
      const start = user.received;
      let had = 0;
      user.wake = () => {
        pouring.got(had, user.received - start);
        had = user.received - start;
      };
    }
    await pouring.run(() => this.sayMany(), until);
  }

  async whisper(): Promise<void> {
    await this.#sent(0, 1);
  }

  async announce(): Promise<number> {
    const before = this.users.map((user) => user.received);
    await this.#sentAll();
    return this.users.filter((user, index) => user.received === before[index]! + 1).length;
  }

  leave(): void {
    for (const user of this.users) user.leave();
  }

  async #sent(from: number, to: number): Promise<void> {
    await this.send(from, to);
    this.tally.acked++;
  }

  async #sentAll(): Promise<void> {
    await this.sendAll();
    this.tally.acked++;
  }
}
