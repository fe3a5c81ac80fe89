import type { ExchangeCommand, ExchangeEvent, ExchangePort, ServerId } from "../exchange.ts";
import { type LinkLog, LinkMember } from "./link_log.ts";
import type { LinkServer } from "./link_server.ts";

/** Events told in one turn, so that others have theirs. */
const EVENTS_PER_TURN = 256;

/** The exchange of the server that keeps the log: it is always there. */
export class KeeperExchange implements ExchangePort {
  onEvent: (event: ExchangeEvent) => void = () => {};
  readonly #member: LinkMember;
  #isConnected = false;
  #isClosed = false;
  #isDue = false;

  /** `server` is closed with it. */
  constructor(readonly log: LinkLog, self: ServerId, readonly server?: LinkServer) {
    this.#member = new LinkMember(log, self, () => this.#wake());
    // Not before the caller has set `onEvent`.
    setTimeout(() => this.#connect(), 0);
  }

  execute(command: ExchangeCommand): void {
    if (this.#isConnected && !this.#isClosed) this.#member.execute(command);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#member.leave();
    await this.server?.close();
  }

  #connect(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    const { epoch, first, last } = this.log;
    this.onEvent({ type: "connected", epoch, first, last });
  }

  /** No call of `execute` leads to an event before it returns. */
  #wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    for (let told = 0; told < EVENTS_PER_TURN && !this.#isClosed; told++) {
      const event = this.#member.next();
      if (!event) {
        this.#isDue = false;
        return;
      }
      this.onEvent(event);
    }
    setTimeout(() => this.#tell(), 0);
  }
}
