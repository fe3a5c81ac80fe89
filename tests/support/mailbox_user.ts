import type { Target } from "../../lib/chat/entry.ts";
import type { Address } from "../../lib/core/address.ts";
import { DatagramDialer, type DialerOutput } from "../../lib/protocols/datagram/dialer.ts";
import type { DatagramLink } from "../../lib/protocols/datagram/link.ts";
import { datagramOptions } from "../../lib/protocols/datagram/options.ts";
import { NativeClient } from "../../lib/protocols/native/client.ts";
import type { ClientEvent } from "../../lib/protocols/native/client_event.ts";
import { ReconnectingClient, type ReconnectingOutput } from "../../lib/protocols/native/reconnecting.ts";
import { SERVER_ADDRESS } from "./mailbox_server.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";
import type { VirtualUdp } from "./virtual_udp.ts";

/** One user at one client, which continues after a crash with what is on its disk. */
export class MailboxUser {
  readonly shown: { from: string; text: string; where: string }[] = [];
  /** Confirmed messages by text. */
  readonly sent: string[] = [];
  readonly delivered: string[] = [];
  /** Up to where each other user has received what this one said. */
  readonly received = new Map<string, number>();
  /** Messages that were refused. */
  readonly failed: string[] = [];
  /** Own messages by number, and where they were said. */
  readonly own = new Map<number, Target>();
  /** Edits of own messages by text, and those of others that were shown. */
  readonly edits = new Map<string, Target>();
  readonly edited: string[] = [];
  readonly texts = new Map<string, { to: Target; text: string }>();
  readonly #seen = new Map<string, number>();
  /** Messages of clients that were killed later. */
  readonly earlier = new Set<string>();
  /** Those of them without an answer: they may or may not be stored. */
  readonly doubtful = new Set<string>();
  #client!: NativeClient;
  #machine!: ReconnectingClient<NativeClient>;
  #dialer: DatagramDialer | undefined;
  #link: DatagramLink | undefined;
  #place: Address;
  #run = 0;
  #dead = false;
  #moves = 0;
  #said = 0;
  reconnects = 0;
  crashes = 0;

  constructor(
    readonly name: string,
    readonly time: VirtualTime,
    readonly random: Random,
    readonly udp: VirtualUdp,
    readonly problems: string[],
  ) {
    this.#place = this.#newPlace();
    this.#start();
  }

  get settled(): boolean {
    return !this.#dead && this.#client.isLoggedIn && this.#client.settled;
  }

  say(to: Target): void {
    if (this.#dead) return;
    const text = `${this.name} ${++this.#said}`;
    const said = this.#use((machine) => machine.use((native) => native.say(to, text, this.time.now)));
    if ("id" in said) this.texts.set(said.id, { to, text });
    this.#stir();
  }

  /** Changes one of its messages. */
  edit(): void {
    if (this.#dead || this.own.size === 0) return;
    const [seq, to] = this.random.pick([...this.own]);
    const text = `${this.name} edit ${++this.#said}`;
    const said = this.#use((machine) => machine.use((native) => native.edit(seq, to, text, this.time.now)));
    if ("id" in said) this.edits.set(text, to);
    this.#stir();
  }

  /** The network gives this client another address. */
  move(): void {
    this.udp.unbind(this.#place);
    this.#place = this.#newPlace();
    this.#bind();
  }

  /** Kills and restarts the client. */
  crash(): void {
    if (this.#dead) return;
    this.crashes++;
    for (const { text } of this.texts.values()) {
      this.earlier.add(text);
      if (!this.sent.includes(text) && !this.failed.includes(text)) this.doubtful.add(text);
    }
    for (const text of this.edits.keys()) this.doubtful.add(text);
    this.udp.unbind(this.#place);
    this.#dialer = this.#link = undefined;
    this.#dead = true;
    this.#place = this.#newPlace();
    this.time.in(this.random.whole(10, 10_000), () => this.#start());
  }

  #newPlace(): Address {
    return { hostname: `${this.name}.${this.#moves++}`, port: 1 };
  }

  #start(): void {
    const run = ++this.#run;
    this.#dead = false;
    this.#client = new NativeClient({ client: `${this.name}-${run}`, shown: new Map([[this.name, this.#seen]]) });
    this.#connect(() => run === this.#run);
  }

  /** The client's machine, from its first connection on; it ends when that fails, and is started again. */
  #connect(current: () => boolean): void {
    if (!current()) return;
    const machine = this.#machine = new ReconnectingClient(this.#client, {
      framing: "messages",
      login: { name: this.name, password: undefined, interactive: false },
      detectsDeadPeers: true,
    });
    const tick = () => {
      if (this.#machine !== machine || !current()) return;
      if (machine.wakeAt <= this.time.now) this.#use((machine) => machine.tick(this.time.now));
      this.time.in(20, tick);
    };
    this.#use((machine) => machine.start());
    tick();
  }

  /** Gives the client an input, then does what it wants done. */
  #use<R>(input: (machine: ReconnectingClient<NativeClient>) => R): R {
    const machine = this.#machine;
    const result = input(machine);
    for (let outputs = machine.takeOutputs(); outputs.length > 0; outputs = machine.takeOutputs()) {
      for (const output of outputs) this.#perform(output);
      this.#stir();
    }
    return result;
  }

  #perform(output: ReconnectingOutput): void {
    const run = this.#run;
    switch (output.type) {
      case "connect":
        return this.#dial(() => run === this.#run);
      case "write":
        return void this.#link?.send(output.bytes);
      case "identify":
        return this.#machine.login((login) => login.identified("nonce", new Uint8Array(32)));
      case "prove":
        return this.#machine.login((login) => login.proven(output.nonce, new Uint8Array(3), undefined));
      case "event":
        return this.#happened(output.event);
      case "refused":
      case "abort":
        return void this.problems.push(`${this.name}: ${output.why}`);
      case "shown":
        return void this.#seen.set(output.store, output.seq);
      case "ended":
        return this.time.in(this.random.whole(500, 1000), () => this.#connect(() => run === this.#run));
    }
  }

  #dial(current: () => boolean): void {
    if (!current()) return;
    this.reconnects++;
    const random8 = Uint8Array.from({ length: 8 }, () => this.random.whole(0, 255));
    const dialer = this.#dialer = new DatagramDialer(SERVER_ADDRESS, datagramOptions(), random8);
    this.#bind();
    this.#useDialer(() => dialer.start(this.time.now));
    const tick = () => {
      if (this.#dialer !== dialer) return;
      this.#useDialer(() => dialer.tick(this.time.now));
      this.time.in(20, tick);
    };
    this.time.in(20, tick);
  }

  #bind(): void {
    const dialer = this.#dialer;
    this.udp.bind(this.#place, (_from, datagram) => {
      if (!dialer || this.#dialer !== dialer) return;
      this.#useDialer(() => dialer.receive(datagram, this.time.now));
      for (let message = this.#link?.read(); message; message = this.#link?.read()) {
        const bytes = message;
        this.#use((machine) => machine.receive(bytes, this.time.now));
      }
      this.#use((machine) => machine.turnEnded(this.time.now));
      this.#stir();
    });
  }

  /** Gives the dialer an input, then does what it wants done. */
  #useDialer(input: (dialer: DatagramDialer) => void): void {
    const dialer = this.#dialer!;
    input(dialer);
    for (const output of dialer.takeOutputs()) if (this.#dialer === dialer) this.#performDialer(output);
  }

  #performDialer(output: DialerOutput): void {
    switch (output.type) {
      case "send":
        return this.udp.send(this.#place, output.address, output.datagram);
      case "opened": {
        const link = this.#link = output.link;
        return this.time.in(0, () => {
          if (this.#link === link) this.#use((machine) => machine.opened(this.time.now));
        });
      }
      case "ended":
        return this.#down();
    }
  }

  #down(): void {
    this.#dialer = this.#link = undefined;
    this.#use((machine) => machine.disconnected("lost", this.time.now, this.random.next()));
  }

  #stir(): void {
    const dialer = this.#dialer;
    this.time.in(0, () => {
      if (dialer && this.#dialer === dialer) this.#useDialer(() => dialer.flush(this.time.now));
    });
  }

  #happened(happening: ClientEvent): void {
    switch (happening.type) {
      case "message": {
        const { from, to, text } = happening.message;
        if (happening.own) return;
        this.shown.push({ from, text, where: "user" in to ? "me" : to.room });
        return;
      }
      case "edited":
        return happening.own ? undefined : void this.edited.push(happening.text);
      case "sent":
      case "stored":
        if (happening.type === "sent") this.sent.push(this.texts.get(happening.id)!.text);
        if (happening.seq !== undefined) this.own.set(happening.seq, happening.to);
        return;
      case "delivered":
        return void this.delivered.push(this.texts.get(happening.id)?.text ?? happening.id);
      case "received":
        return this.#hasReceived(happening.by, happening.upTo);
      case "conversations":
        for (const { of, received } of happening.list) if ("user" in of) this.#hasReceived(of.user, received);
        return;
      case "failed":
        return void this.failed.push(this.texts.get(happening.id ?? "")?.text ?? happening.why);
      case "denied":
        return void this.problems.push(`${this.name}: ${happening.why}`);
    }
  }

  #hasReceived(by: string, upTo: number): void {
    this.received.set(by, Math.max(this.received.get(by) ?? 0, upTo));
  }
}
