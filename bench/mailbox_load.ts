import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { DatagramConnection } from "../lib/client/datagram_connection.ts";
import { Identity } from "../lib/store/identity.ts";
import { freshNonce, freshRun, Prover } from "../lib/store/prover.ts";
import { NativeClient, type NativeOutput } from "../lib/protocols/native/client.ts";
import type { ClientEvent } from "../lib/protocols/native/client_event.ts";
import { type Crowd, forEachOf, type JoinOptions, type Tally, TEXT, type Until } from "./traffic.ts";

const noPassword = () => Promise.reject(new Error("no passwords here"));

/** One mailbox user with the client's own machines, so the load is that of a real client. */
class MailboxUser {
  readonly native = new NativeClient({ run: freshRun() });
  #net: DatagramConnection | undefined;
  #in = Promise.withResolvers<void>();
  #delivered: (() => void) | undefined;

  constructor(readonly name: string, readonly prover: Prover, readonly tally: Tally) {
  }

  /** Gives the client an input, then executes its outputs. */
  use<R>(input: (native: NativeClient) => R): R {
    const result = input(this.native);
    for (const output of this.native.takeOutputs()) this.#perform(output);
    return result;
  }

  #perform(output: NativeOutput): void {
    switch (output.type) {
      case "send":
        return void this.#net!.send(encodeText(output.json));
      case "prove":
        return void this.prover.answer(output.challenge, this.name, output.nonce, noPassword).then(
          ({ proof, expected }) => this.use((native) => native.proven(proof, expected)),
          this.#in.reject,
        );
      case "refused":
      case "broken":
        return this.#in.reject(new Error(`${this.name}: ${output.why}`));
      case "event":
        return this.#event(output.event);
    }
  }

  #event({ type }: ClientEvent): void {
    if (type === "loggedIn") this.#in.resolve();
    else if (type === "message") this.tally.delivered++;
    else if (type === "delivered") this.#delivered?.();
    else if (type === "failed") this.tally.errors++;
  }

  async join(port: number): Promise<this> {
    const opened = Promise.withResolvers<void>();
    this.#net = await DatagramConnection.reach("127.0.0.1", port, {
      attempt: () => {},
      opened: () => opened.resolve(),
      message: (bytes) => this.use((native) => native.receive(decodeLossy(bytes))),
      turn: () => this.use((native) => native.flush()),
      ended: () => {},
    });
    await opened.promise;
    const key = await this.prover.key(this.name);
    this.use((native) => native.login(this.name, freshNonce(), key));
    await this.#in.promise;
    return this;
  }

  async say(to: string): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#delivered = resolve);
    this.use((native) => native.say({ user: to }, TEXT, Date.now()));
    await delivered;
    this.tally.acked++;
  }

  leave(): void {
    this.#net?.close("bye");
  }
}

/** Mailbox users, each with a name and a key of its own. */
export async function joinMailbox(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8 } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-keys-" });
  // Names without an account, since a password proof would cost an scrypt each.
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
