import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { type Address, formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { Multicast } from "../net/multicast.ts";
import type { CryptographyRequest } from "../peers/cryptography.ts";
import type { PeerEvent, PeerOutput, PeerQuestion, TableView } from "../peers/event.ts";
import { type FinderOutput, type FinderPlan, PeerFinder } from "../peers/finder.ts";
import { Peer, type PeerParts } from "../peers/peer.ts";
import type { DirectoryRequest } from "../protocols/directory/client.ts";
import type { PeerKeys } from "../store/peer_keys.ts";
import { askDirectory, type DirectoryQueryOptions } from "./directory_client.ts";
import { type PeerTrace, TABLE_LINK } from "./peer_trace.ts";

/** The events of a peer for its program. */
export interface PeerClientHooks {
  /** `ref` is that of the question which the event answers. */
  show(event: PeerEvent, ref?: number): void;
  /** Text from another program for ours; `at` is the sender's IP address. */
  signalled?(from: string, text: string, at: string): void;
  /** The peers asked at the start have answered, or their time is over. */
  settled(): void;
  /** It is over. Called once. */
  ended(): void;
  /** It cannot go on. */
  failed(why: string): void;
  /** Whether datagrams from an address are taken; all are without it. */
  accepts?(address: Address): boolean;
  readonly trace?: PeerTrace | undefined;
}

/** Runs a peer and its finder on a UDP port. */
export class PeerClient {
  readonly #socket: DatagramSocket;
  #peer: Peer | undefined;
  #keys: PeerKeys | undefined;
  #finder: PeerFinder | undefined;
  #multicast: Multicast | undefined;
  /** The peer has closed its links; the finder has left. */
  #isClosed = false;
  #hasLeft = false;
  #hasEnded = false;
  /** Why nothing more is done. */
  #failure: string | undefined;

  /** Binds the port, 0 for any that is free; throws when it is in use. */
  constructor(port: number, readonly hooks: PeerClientHooks) {
    this.#socket = new DatagramSocket({ hostname: "0.0.0.0", port }, {
      received: (address, datagram) => this.#received(address, datagram),
      flush: () => this.#flush(),
      tick: () => this.#tick(),
      tap: hooks.trace,
    });
  }

  get port(): number {
    return this.#socket.address.port;
  }

  /** Starts the peer, and looks for others. */
  start(
    { keys, ...parts }: Omit<PeerParts, "key" | "random8"> & { readonly keys: PeerKeys },
    by: FinderPlan["by"],
    refreshMs?: number,
  ): void {
    this.#keys = keys;
    const random8 = () => new Uint8Array(randomBytes(8));
    const peer = new Peer({ ...parts, key: keys, random8 }, clock());
    this.#peer = peer;
    this.#socket.begin();
    this.#input((peer, now) => peer.start(now, typeof by !== "string"));
    const plan = { name: parts.name, port: this.port, by };
    this.#finder = new PeerFinder(refreshMs === undefined ? plan : { ...plan, refreshMs }, peer);
    this.#find((finder) => finder.start());
  }

  /** The proved key of a person, in base64. */
  keyOf(label: string): string | undefined {
    const person = this.#peer?.people.find(label);
    return typeof person === "object" ? person.key : undefined;
  }

  /** The client address table. */
  get table(): TableView | undefined {
    return this.#peer?.table;
  }

  say(...[to, text]: [Parameters<Peer["say"]>[0], string]): ReturnType<Peer["say"]> {
    const said = this.#input((peer, now) => peer.say(to, text, now));
    return said ?? { why: this.#failure ?? "it has not begun" };
  }

  /** Sends text to a person's program, which does not show it; false when it is not connected. */
  signal(to: string, text: string): boolean {
    return this.#input((peer, now) => peer.signal(to, text, now)) ?? false;
  }

  /** Asks a question. The answer is shown with `ref`. */
  ask(question: PeerQuestion, ref?: number): void {
    this.#input((peer, now) => peer.ask(question, now, ref));
  }

  /** Asks who is at an address; the name of a host is looked up first. */
  async add(host: string, port: number): Promise<void> {
    try {
      const { address } = await lookup(host, { family: 4 });
      this.ask({ type: "add", host: address, port });
    } catch (error) {
      const where = formatAddress({ hostname: host, port });
      this.hooks.show({ type: "denied", why: `cannot find ${where}: ${reason(error)}` });
    }
  }

  /** Leaves once messages to people who are there have arrived; called again, at once. */
  leave(): void {
    this.#input((peer, now) => peer.leave(now));
    if (this.#failure === undefined) return;
    this.#leaveFinder();
    this.#closed();
  }

  #received(address: Address, datagram: Uint8Array): void {
    this.hooks.trace?.received(address, datagram);
    if (this.hooks.accepts?.(address) === false) return;
    this.#input((peer, now) => peer.receive(address, datagram, now));
  }

  #leaveFinder(): void {
    this.#multicast?.close();
    this.#find((finder) => finder.leave(clock()));
  }

  #closed(): void {
    this.#isClosed = true;
    if (this.#hasLeft) this.#end();
  }

  async #end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#use((peer) => peer.abort());
    this.#flush();
    await this.#socket.close();
    this.hooks.ended();
  }

  #tick(): void {
    const now = clock();
    if (this.#peer!.wakeAt <= now) this.#input((peer, now) => peer.tick(now));
    if (this.#finder && this.#finder.wakeAt <= now) this.#find((finder) => finder.tick(now));
  }

  /** Gives the peer an input. Its outputs are performed when the turn has been flushed. */
  #input<T>(input: (peer: Peer, now: number) => T): T | undefined {
    const result = this.#use(input);
    this.#socket.flushSoon();
    return result;
  }

  /** A turn that cannot be committed is neither sent nor shown, and ends the program. */
  #flush(): void {
    this.#use((peer, now) => {
      peer.flush(now);
      for (const output of peer.takeOutputs()) this.#perform(output);
    });
  }

  #use<T>(input: (peer: Peer, now: number) => T): T | undefined {
    const peer = this.#peer;
    if (!peer || this.#failure !== undefined) return undefined;
    try {
      return input(peer, clock());
    } catch (error) {
      this.#failure = reason(error);
      this.hooks.failed(this.#failure);
      return undefined;
    }
  }

  #perform(output: PeerOutput): void {
    switch (output.type) {
      case "send":
        return this.#socket.send(output.address, output.datagram, output.toStranger);
      case "show":
        return this.hooks.show(output.event, output.ref);
      case "signal":
        return this.hooks.signalled?.(output.from, output.text, output.at);
      case "compute":
        return void this.#compute(output.request);
      case "refresh":
        return this.#find((finder) => finder.refreshSoon());
      case "closing":
        return this.#leaveFinder();
      case "closed":
        return this.#closed();
    }
  }

  async #compute(request: CryptographyRequest): Promise<void> {
    const answer = await this.#keys!.answer(request);
    if (!this.#socket.closed) this.#input((peer, now) => peer.answered(answer, now));
  }

  #find(input: (finder: PeerFinder) => void): void {
    const finder = this.#finder!;
    input(finder);
    for (const output of finder.takeOutputs()) this.#performFinder(output);
  }

  #performFinder(output: FinderOutput): void {
    switch (output.type) {
      case "query":
        return void this.#query(output.server, output.request);
      case "announce":
        return void this.#announce();
      case "listed":
        return this.#input((peer, now) => peer.listed(output.entries, output.self, now));
      case "unlisted":
        return this.#input((peer, now) => peer.unlisted(now));
      case "notice":
        return this.hooks.show({ type: "notice", text: output.text });
      case "settled":
        return this.hooks.settled();
      case "left":
        this.#hasLeft = true;
        if (this.#isClosed) this.#end();
    }
  }

  async #query(server: Address, request: DirectoryRequest): Promise<void> {
    const trace = this.hooks.trace;
    const options: DirectoryQueryOptions = trace ? { trace: (...bytes) => trace.bytes(TABLE_LINK, ...bytes) } : {};
    const answer = await askDirectory(server, request, options).catch((error) => reason(error));
    this.#find((finder) => {
      if (typeof answer === "string") finder.unanswered(answer, clock());
      else finder.answered(answer, clock());
    });
  }

  async #announce(): Promise<void> {
    const outcome = await this.#announceNow().catch((error) => ({ failure: reason(error) }));
    this.#find((finder) => {
      if ("failure" in outcome) finder.cannotAnnounce(outcome.failure, clock());
      else finder.announced(outcome.hostnames, outcome.why, clock());
    });
  }

  async #announceNow(): Promise<{ hostnames: readonly string[]; why: string | undefined }> {
    const multicast = this.#multicast ??= new Multicast(
      (address, datagram) => this.#received(address, datagram),
      this.hooks.trace,
    );
    const why = await multicast.announce(this.#peer!.announcement(this.port));
    return { hostnames: multicast.hostnames, why };
  }
}
