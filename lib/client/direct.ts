import { encodeBase64 } from "../core/bytes.ts";
import { reason } from "../core/reason.ts";
import { DirectConversations, type DirectEvent, type DirectOutput, type DirectWish } from "../peers/direct.ts";
import type { PeerEvent } from "../peers/event.ts";
import { peerOptions } from "../peers/options.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { dialAddresses } from "../protocols/transfer/addresses.ts";
import { PeerKeys } from "../store/peer_keys.ts";
import { PeerMemoryStore } from "../store/peer_memory_store.ts";
import { PeerClient } from "./peer_client.ts";
import type { PeerTrace } from "./peer_trace.ts";
import { Runner } from "./runner.ts";
import { ownPlaces } from "./transfer/streams.ts";

/** The peer name that both sides use: the chat has identified them, and their keys prove it. */
const PEER_NAME = "direct";

export interface DirectHooks {
  /** The name of this user. */
  readonly name: () => string;
  readonly signal: (to: string, text: string, at: boolean) => void;
  readonly show: (event: DirectEvent | ClientEvent) => void;
  readonly trace?: PeerTrace | undefined;
}

/** A port for one conversation. */
interface Port {
  readonly client: PeerClient;
  /** The key of the other side, in base64, and the hosts from which it may speak, once both are known. */
  key: string | undefined;
  readonly hosts: Set<string>;
  /** Messages that have not arrived, by the id that the user interface knows. */
  readonly undelivered: Set<string>;
}

/**
 * The direct connections of a client: each conversation has its own UDP port, key and store, which are released at its end.
 *
 * 1. It accepts only encrypted messages from the holder of the key that came through the chat, from hosts that the chat has named.
 * 2. A message that has not arrived when its connection ends is reported as failed, and not sent again through the server.
 */
export class DirectClient {
  readonly #runner = new Runner<DirectOutput, DirectConversations>(
    new DirectConversations(),
    (output) => this.#perform(output),
  );
  readonly #ports = new Map<string, Port>();
  #lastId = 0;

  constructor(readonly hooks: DirectHooks) {}

  ask(question: DirectWish): void {
    const why = this.#runner.input((machine, now) => machine.ask(question, now));
    if (why !== undefined) this.hooks.show({ type: "denied", why });
  }

  isOn(name: string): boolean {
    return this.#runner.machine.isOn(name);
  }

  /** Sends a message to a user who is directly connected. */
  say(name: string, text: string): { id: string } | { why: string } {
    const port = this.#ports.get(name)!;
    const said = port.client.say({ user: PEER_NAME }, text);
    if ("why" in said) return said;
    const id = this.#idOf(port, said.id);
    port.undelivered.add(id);
    return { id };
  }

  /** A signal of another program; false when it is about something else. */
  signalled(from: string, text: string, at: string | undefined): boolean {
    return this.#runner.input((machine, now) => machine.signalled(from, text, at, now));
  }

  unheard(to: string): void {
    this.#runner.input((machine) => machine.unheard(to));
  }

  close(): void {
    this.#runner.input((machine) => machine.leave());
    this.#runner.close();
  }

  #perform(output: DirectOutput): void {
    switch (output.type) {
      case "event":
        return this.hooks.show(output.event);
      case "signal":
        return this.hooks.signal(output.to, output.text, output.at);
      case "open":
        return void this.#open(output.name);
      case "meet":
        return this.#meet(output);
      case "close":
        return this.#close(output.name);
    }
  }

  async #open(name: string): Promise<void> {
    try {
      const keys = await PeerKeys.temporary();
      const port: Port = {
        client: new PeerClient(0, {
          show: (event) => this.#heard(name, port, event),
          settled: () => {},
          ended: () => {},
          failed: (why) => this.#failed(name, why),
          accepts: ({ hostname }) => port.hosts.has(hostname),
          trace: this.hooks.trace,
        }),
        key: undefined,
        hosts: new Set(),
        undelivered: new Set(),
      };
      this.#ports.set(name, port);
      const parts = { name: PEER_NAME, keys, store: new PeerMemoryStore(), options: peerOptions() };
      port.client.start(parts, "names");
      const place = { key: encodeBase64(keys.key), at: ownPlaces(port.client.port) };
      this.#runner.input((machine, now) => machine.opened(name, place, now));
    } catch (error) {
      this.#failed(name, reason(error));
    }
  }

  #meet({ name, place, seen }: Extract<DirectOutput, { type: "meet" }>): void {
    const port = this.#ports.get(name);
    if (!port) return;
    port.key = place.key;
    for (const { hostname, port: number } of dialAddresses(place.at, seen)) {
      // Links of peers are over IPv4.
      if (hostname.includes(":")) continue;
      port.hosts.add(hostname);
      port.client.ask({ type: "add", host: hostname, port: number });
    }
  }

  #heard(name: string, port: Port, event: PeerEvent): void {
    if (this.#ports.get(name) !== port || port.key === undefined) return;
    const isTheirs = (label: string) => port.client.keyOf(label) === port.key;
    switch (event.type) {
      case "online":
        if (isTheirs(event.name)) port.client.ask({ type: "secure", user: event.name, on: true });
        return;
      case "secure":
        if (!isTheirs(event.name)) return;
        return this.#runner.input((machine) => machine.connected(name, { theirs: event.words, ours: event.ours }));
      case "insecure":
        return isTheirs(event.name) ? this.#failed(name, "it was not sealed any more") : undefined;
      case "offline":
        return isTheirs(event.name) ? this.#runner.input((machine, now) => machine.lost(name, now)) : undefined;
      case "message": {
        const { from, text, time } = event.message;
        if (!isTheirs(from) || !this.isOn(name)) return;
        const message = { seq: 0, from: name, to: { user: this.hooks.name() }, text, time, isDirect: true };
        return this.hooks.show({ type: "message", message, own: false });
      }
      case "delivered": {
        const id = this.#idOf(port, event.id);
        if (port.undelivered.delete(id)) this.hooks.show({ type: "delivered", id, to: name, time: event.time });
        return;
      }
      case "failed": {
        const id = this.#idOf(port, event.id ?? "");
        if (port.undelivered.delete(id)) this.hooks.show({ type: "failed", id, to: { user: name }, why: event.why });
      }
    }
  }

  #failed(name: string, why: string): void {
    this.#runner.input((machine) => machine.failed(name, why));
  }

  #close(name: string): void {
    const port = this.#ports.get(name);
    if (!port) return;
    this.#ports.delete(name);
    const why = "the direct connection ended before its arrival was confirmed";
    for (const id of port.undelivered) this.hooks.show({ type: "failed", id, to: { user: name }, why });
    // Called again, it leaves at once.
    port.client.leave();
    port.client.leave();
  }

  /** An id that is unique among all ports. */
  #idOf(port: Port, id: string): string {
    return `direct-${port.client.port}-${id}`;
  }
}
