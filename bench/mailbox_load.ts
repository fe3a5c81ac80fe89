import { type ClientConnectionOwner, openDatagrams } from "../lib/client/connections.ts";
import { runNative } from "../lib/client/join.ts";
import type { Runner } from "../lib/client/runner.ts";
import { Identity } from "../lib/store/identity.ts";
import { freshRun, Prover } from "../lib/store/proofs.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import type { ClientEvent } from "../lib/protocols/native/client_event.ts";
import { ReconnectingClient, type ReconnectingOutput } from "../lib/protocols/native/reconnecting.ts";
import { type Crowd, forEachOf, type JoinOptions, type Tally, TEXT, type Until } from "./traffic.ts";

/** One user of the mailbox, with the machines of the real client: the load is as heavy as a real one. */
class MailboxUser {
  readonly #runner: Runner<ReconnectingOutput, ReconnectingClient<NativeClient>>;
  readonly #in = Promise.withResolvers<void>();
  #delivered: (() => void) | undefined;

  constructor(readonly name: string, prover: Prover, port: number, readonly tally: Tally) {
    const machine = new ReconnectingClient(new NativeClient({ client: freshRun() }), {
      framing: "messages",
      login: { name, password: "", interactive: false },
      detectsDeadPeers: true,
    });
    const open = (owner: ClientConnectionOwner) => openDatagrams({ host: "127.0.0.1", port }, owner);
    this.#runner = runNative(machine, open, prover, (output) => {
      if (output.type === "event") this.#event(output.event);
      else if (output.type === "ended") this.#in.reject(new Error(`${name}: ${output.why}`));
    });
  }

  #event({ type }: ClientEvent): void {
    if (type === "loggedIn") this.#in.resolve();
    else if (type === "message") this.tally.delivered++;
    else if (type === "delivered") this.#delivered?.();
    else if (type === "failed") this.tally.errors++;
  }

  async join(): Promise<this> {
    this.#runner.input((machine) => machine.start());
    await this.#in.promise;
    return this;
  }

  async say(to: string): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#delivered = resolve);
    this.#runner.input((machine, now) => machine.use((native) => native.say({ user: to }, TEXT, now)));
    await delivered;
    this.tally.acked++;
  }

  leave(): void {
    this.#runner.input((machine, now) => machine.stop(0, now));
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
    return new MailboxUser(nameOf(number), prover, port, tally).join();
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
