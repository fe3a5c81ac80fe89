import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { DatagramConnection } from "../lib/client/datagram_connection.ts";
import { Identity } from "../lib/store/identity.ts";
import { freshNonce, freshRun, Prover } from "../lib/store/prover.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import { type Crowd, forEachOf, type JoinOptions, type Tally, TEXT, type Until } from "./traffic.ts";

/** One user of the mailbox, with our client's own machines: the load is no lighter than a real one. */
class MailboxUser {
  readonly native: NativeClient;
  #net: DatagramConnection | undefined;
  #in = Promise.withResolvers<void>();
  #delivered: (() => void) | undefined;

  constructor(readonly name: string, readonly prover: Prover, readonly tally: Tally) {
    this.native = new NativeClient({
      send: (json) => void this.#net!.send(encodeText(json)),
      prove: (asked, nonce) =>
        void prover.answer(asked, name, nonce, () => Promise.reject(new Error("no passwords here")))
          .then((proof) => this.native.proven(proof), this.#in.reject),
      isServer: (proof) => prover.isServer(proof),
      show: ({ type }) => {
        if (type === "in") this.#in.resolve();
        else if (type === "message") this.tally.delivered++;
        else if (type === "delivered") this.#delivered?.();
        else if (type === "failed") this.tally.errors++;
      },
      refused: (why) => this.#in.reject(new Error(`${name}: ${why}`)),
      broken: (why) => this.#in.reject(new Error(`${name}: ${why}`)),
      seen: () => 0,
      mark: () => {},
    }, freshRun());
  }

  async join(port: number): Promise<this> {
    const opened = Promise.withResolvers<void>();
    this.#net = await DatagramConnection.reach("127.0.0.1", port, {
      attempt: () => {},
      opened: () => opened.resolve(),
      message: (bytes) => this.native.received(decodeLossy(bytes)),
      turn: () => this.native.flush(),
      ended: () => {},
    });
    await opened.promise;
    this.native.greet(this.name, freshNonce(), await this.prover.key(this.name));
    await this.#in.promise;
    return this;
  }

  async say(to: string): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#delivered = resolve);
    this.native.say({ user: to }, TEXT);
    await delivered;
    this.tally.acked++;
  }

  leave(): void {
    this.#net?.close("bye");
  }
}

/** Users that register at a mailbox, each under a name and with a key of their own. */
export async function joinMailbox(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8 } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-keys-" });
  // Names that are no accounts: those would have to stretch a password each.
  const nameOf = (number: number) => `m${number}`;
  const users = await forEachOf(first, count, atOnce, (number) => {
    const prover = new Prover(new Identity(`${folder}/${number}`));
    return new MailboxUser(nameOf(number), prover, tally).join(port);
  });
  await Deno.remove(folder, { recursive: true });
  const only = () => Promise.reject(new Error("measured in pairs"));
  return {
    tally,
    shout: only,
    announce: only,
    async talk(pairs: number, until: Until) {
      await Promise.all(Array.from({ length: pairs }, async (_, pair) => {
        while (!until.over) await users[2 * pair]!.say(users[2 * pair + 1]!.name);
      }));
    },
    whisper: () => users[0]!.say(users[1]!.name),
    leave() {
      for (const user of users) user.leave();
    },
  };
}
