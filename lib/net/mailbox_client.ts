import { decodeLeniently, encodeText } from "../base/text.ts";
import type { NativeClientWay } from "../wire/native/client.ts";
import { Companion, type CompanionHooks, type Talk } from "./companion.ts";
import { DatagramClient } from "./datagram_client.ts";
import { reason } from "../base/reason.ts";

/** What a mailbox client tells besides. */
export interface MailboxHooks extends CompanionHooks {
  /** The server is asked, or asked again. */
  attempt(): void;
  /** The server answers: who we are is to be said, by `native.greet`. */
  connected(): void;
  trace?(direction: "up" | "down", line: string): void;
}

/** A client of the mailbox: our own protocol over datagrams. */
export class MailboxClient<T extends Talk> extends Companion<T> {
  constructor(readonly where: { host: string; port: number }, hooks: MailboxHooks, talk: (way: NativeClientWay) => T) {
    super(hooks, () => this.#dial(hooks), talk);
  }

  async #dial(hooks: MailboxHooks): Promise<void> {
    try {
      const net = await DatagramClient.reach(this.where.host, this.where.port, {
        attempt: () => hooks.attempt(),
        opened: () => {
          this.up({
            send: (json) => {
              hooks.trace?.("up", json);
              net.send(encodeText(json));
            },
            close: () => net.close("bye"),
          });
          hooks.connected();
        },
        message: (bytes) => {
          const text = decodeLeniently(bytes);
          hooks.trace?.("down", text);
          this.received(text);
        },
        turn: () => this.turn(),
        ended: (why) => this.down(why),
      });
    } catch (error) {
      this.down(reason(error));
    }
  }
}
