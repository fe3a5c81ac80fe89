import { decodeLossy, encodeText } from "../core/text.ts";
import { type NativeSide, type ProvingHooks, ReconnectingClient } from "./reconnecting_client.ts";
import { DatagramConnection } from "./datagram_connection.ts";
import { reason } from "../core/reason.ts";

/** A client of the mailbox: our own protocol over datagrams. */
export class MailboxClient<T extends NativeSide> extends ReconnectingClient<T> {
  constructor(readonly where: { host: string; port: number }, hooks: ProvingHooks, native: T) {
    super(hooks, () => this.#dial(hooks), native);
  }

  async #dial(hooks: ProvingHooks): Promise<void> {
    try {
      const net = await DatagramConnection.reach(this.where.host, this.where.port, {
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
          const text = decodeLossy(bytes);
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
