import type { ClientEvent } from "./client_event.ts";
import type { FoundMessage, WaitingMessage } from "./earlier_messages.ts";
import type { ServerMessage } from "./messages.ts";

type Conversations = Extract<ServerMessage, { type: "conversations" }>;

/** Own private messages of this run that were not received yet, at most; older ones are known by `received` alone. */
const MAX_UNDELIVERED = 10_000;

/**
 * Which of a client's own private messages have arrived, by the cursors that the server tells.
 *
 * While not everything in the log was told, a message may have failed though later ones were received: cursors are held back
 * until then.
 */
export class DeliveredMessages {
  /** Private messages of this run that are stored and not received, by their entries. */
  #undelivered = new Map<number, WaitingMessage>();
  /** Up to where each user has received what this one said, but for what failed. */
  readonly #receivedBy = new Map<string, number>();
  /** Users whose cursors have moved while not everything was told. */
  readonly #held = new Set<string>();
  #isLive = false;

  constructor(readonly show: (event: ClientEvent) => void) {}

  /** From now on not everything in the log was told. */
  behind(): void {
    this.#isLive = false;
  }

  /** Numbers are those of another store from now on; the messages that waited at the one before. */
  forget(): WaitingMessage[] {
    const waited = [...this.#undelivered.values()];
    this.#undelivered.clear();
    this.#receivedBy.clear();
    this.#held.clear();
    return waited;
  }

  /** Own messages are in the log that was told before it was known that they are this client's. */
  found(messages: readonly FoundMessage[]): void {
    for (const { seq, id, to, failed } of messages) {
      if (failed === undefined) this.#undelivered.set(seq, { id, to });
      else this.show({ type: "failed", id, seq, to: { user: to }, why: failed });
    }
    this.#undelivered = new Map([...this.#undelivered].sort(([one], [other]) => one - other));
    if (this.#isLive) this.#tell(Infinity);
  }

  /** An own message is stored, and waits for its receiver. */
  track(seq: number, id: string, to: string): void {
    this.#undelivered.set(seq, { id, to });
    for (const oldest of this.#undelivered.keys()) {
      if (this.#undelivered.size <= MAX_UNDELIVERED) break;
      this.#undelivered.delete(oldest);
    }
  }

  /** A message never arrives; its id, if it waited. */
  failed(seq: number): string | undefined {
    const id = this.#undelivered.get(seq)?.id;
    this.#undelivered.delete(seq);
    return id;
  }

  received(by: string, upTo: number): void {
    if (upTo <= (this.#receivedBy.get(by) ?? 0)) return;
    this.#receivedBy.set(by, upTo);
    if (!this.#isLive) return void this.#held.add(by);
    this.show({ type: "received", by, upTo });
    this.#tell(upTo);
  }

  conversations({ list }: Conversations): void {
    for (const { of, received } of list) if ("user" in of) this.received(of.user, received);
    this.show({ type: "conversations", list: this.#isLive ? list : list.map((each) => ({ ...each, received: 0 })) });
  }

  /** Everything up to `upTo` was told: what has failed of it is known, and cursors count. */
  live(upTo: number): void {
    this.#isLive = true;
    for (const by of this.#held) this.show({ type: "received", by, upTo: this.#receivedBy.get(by)! });
    this.#held.clear();
    this.#tell(upTo);
  }

  #tell(upTo: number): void {
    for (const [seq, { id, to }] of this.#undelivered) {
      if (seq > upTo) break;
      if (seq > (this.#receivedBy.get(to) ?? 0)) continue;
      this.#undelivered.delete(seq);
      this.show({ type: "delivered", id, to });
    }
  }
}
