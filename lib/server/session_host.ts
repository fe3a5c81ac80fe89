import type { Command } from "../chat/command.ts";
import type { Event, SessionId } from "../chat/event.ts";
import { type Address, isLoopback } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { Liveness, type ProbeOutcome } from "../core/liveness.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { Ending, Transport, TransportOwner, WireTap } from "../core/transport.ts";
import type { Link, ServerProtocol, Session, SessionFacts, SessionOutput } from "../protocols/session.ts";
import { SessionActivity } from "./activity.ts";
import { HostTrace, LinkTap } from "./host_trace.ts";
import type { DialResult, Platform } from "./platform.ts";
import type { WireViews } from "./wire_views.ts";

/** The runner as its hosts see it. */
export interface HostRunner {
  readonly platform: Platform;
  readonly limits: Limits;
  /** The server's page's views of the wire; undefined where no page is served. */
  readonly wires: WireViews | undefined;
  /** Whether users can register. */
  readonly registers: boolean;
  /** Whether guests may log in. */
  readonly guests: boolean;
  /** The line that says where the server speaks TLS. */
  readonly tlsOffer: string | undefined;
  /** The time of the current turn. */
  readonly now: number;
  /** Begins a turn and returns its time. */
  beginTurn(): number;
  /** A host's session has got an input: its outputs are to be carried out. */
  schedule(host: SessionHost): void;
  /** Carries out the outputs of all scheduled hosts. */
  drain(): void;
  /** Has the hub carry out a command; throws what the hub throws. */
  command(id: SessionId, command: Command): void;
  /** Ticks a host in the next turn. */
  tickSoon(host: SessionHost): void;
  /** Whether sessions can be upgraded to the native protocol. */
  canUpgrade(): boolean;
  /** Tells the hub that a session goes on in the native protocol; whether it does. */
  upgrade(id: SessionId): boolean;
  /** A session has ended. */
  ended(host: SessionHost, why: string, breaksRule: boolean): void;
}

/** Protocols whose sessions have no login: their names are those of guests. */
const GUEST_PROTOCOLS: readonly string[] = ["lobby", "rooms"];

/** Runs one session: its machine, its transports, and the probes that find out whether its peer's machine is still there. */
export class SessionHost {
  readonly #runner: HostRunner;
  readonly #facts: SessionFacts;
  readonly #liveness: Liveness;
  readonly #transports: (Transport | undefined)[];
  readonly trace: HostTrace;
  readonly activity: SessionActivity;
  /** Outputs that were taken from the session, and how many of them are carried out. */
  #outputs: readonly SessionOutput[] = [];
  #carriedOut = 0;
  #ended = false;
  session: Session;

  constructor(
    runner: HostRunner,
    readonly id: SessionId,
    readonly protocol: ServerProtocol,
    readonly peer: Address,
    connect: (owner: TransportOwner) => Transport,
  ) {
    const now = runner.beginTurn();
    this.#runner = runner;
    // Of its final length: an empty array that grows is allocated for 17.
    this.#transports = protocol.links.map(() => undefined);
    this.#facts = { peer, registers: runner.registers, guests: runner.guests, tlsOffer: runner.tlsOffer };
    this.activity = new SessionActivity(now);
    this.trace = new HostTrace(this, runner);
    const probes = !protocol.detectsDeadPeers && !isLoopback(peer.hostname);
    this.#liveness = new Liveness(probes ? runner.limits.idleMs : Infinity, now);
    this.session = protocol.openSession(this.#facts, runner.limits, now);
    runner.wires?.opened(this, this.trace.isOn);
    this.#transports[0] = connect(new LinkOwner(this, 0));
  }

  /** Begins or ends tracing for the page. A trace that an option has begun goes on. */
  traceWire(traced: boolean): void {
    this.trace.turn(traced);
  }

  get isTraced(): boolean {
    return this.trace.isOn;
  }

  /** Bytes that were written on all links and that the peer has not taken yet. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const transport of this.#transports) bytes += transport?.waitingBytes ?? 0;
    return bytes;
  }

  // Inputs. Each begins a turn, but for `event`, which is part of one.

  /** Sends a command to the hub on behalf of the session. */
  command(command: Command): void {
    this.#input(() => this.#runner.command(this.id, command));
  }

  /** Whether there was something to do. */
  tick(now: number): boolean {
    if (this.#ended) return false;
    this.trace.tick(now);
    const isDue = this.session.wakeAt <= now;
    if (isDue) this.#input((now) => this.session.tick(now, this.#transports[0]?.waitingBytes ?? 0));
    const probes = this.#liveness.due(now);
    if (probes) this.#runner.platform.probe(this.peer, (outcome) => this.#probed(outcome));
    return isDue || probes;
  }

  event(event: Event): void {
    if (this.#ended) return;
    try {
      if ((event.type === "entries" || event.type === "message") && this.#carriedOut === this.#outputs.length) {
        const pieces = this.session.directBytes?.(event);
        if (pieces) {
          for (const bytes of pieces) this.#transports[0]?.write(bytes);
          return;
        }
      }
      this.session.event(event, this.#runner.now, this.#transports[0]?.waitingBytes ?? 0);
    } catch (error) {
      this.#failed(error);
    }
    this.#runner.schedule(this);
  }

  // From its links.

  received(link: Link, bytes: Uint8Array): void {
    this.trace.received(link, bytes, this.#ended);
    if (this.#ended) return;
    const now = this.#runner.beginTurn();
    this.#liveness.heard(now);
    this.activity.heardAt = now;
    try {
      this.session.receive(link, bytes, now);
    } catch (error) {
      this.#failed(error);
    }
    this.#runner.schedule(this);
    this.#runner.drain();
  }

  isHungry(link: Link): boolean {
    return this.#ended || this.session.hungry(link);
  }

  closed(link: Link, ending: Ending): void {
    this.trace.closed(link);
    this.#input((now) => this.session.closed(link, ending, now));
  }

  failed(why: string): void {
    this.end(why, true);
    this.#runner.drain();
  }

  #dialed(link: Link, result: DialResult): void {
    const transport = typeof result === "string" ? undefined : result;
    if (this.#ended) return transport?.abort();
    this.#transports[link] = transport;
    this.#input((now) => this.session.dialed(link, typeof result === "string" ? result : "connected", now));
  }

  #probed(outcome: ProbeOutcome): void {
    this.#liveness.probed(outcome, this.#runner.beginTurn());
    if (this.#liveness.gone) this.end("its machine does not answer any more", true);
    this.#runner.drain();
  }

  #input(act: (now: number) => void): void {
    if (this.#ended) return;
    const now = this.#runner.beginTurn();
    try {
      act(now);
    } catch (error) {
      this.#failed(error);
    }
    this.#runner.schedule(this);
    this.#runner.drain();
  }

  // Outputs.

  /**
   * Carries out the session's outputs, up to and including the first command; whether there are more. Sessions that the
   * command has caused events for come first then.
   */
  carryOut(): boolean {
    try {
      this.protocol.drainShared?.();
      if (this.#carriedOut === this.#outputs.length) {
        this.#outputs = this.session.takeOutputs();
        this.#carriedOut = 0;
      }
      while (this.#carriedOut < this.#outputs.length && !this.#ended) {
        const output = this.#outputs[this.#carriedOut++]!;
        if (output.type === "write") this.#transports[output.link]?.write(output.bytes);
        else if (output.type === "command") {
          this.activity.command(output.command);
          this.#runner.command(this.id, output.command);
          if (this.#carriedOut < this.#outputs.length) return true;
        } else this.#carryOutRare(output);
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#settle();
    return false;
  }

  /** The outputs are carried out: asks for another tick, or for further bytes. */
  #settle(): void {
    if (this.#ended) return;
    if (this.session.wakeAt <= this.#runner.now) this.#runner.tickSoon(this);
    for (const transport of this.#transports) transport?.resume();
  }

  /** The one place where a session ends: it leaves the hub, and its transports are closed. */
  end(why: string, breaksRule = false): void {
    if (this.#ended) return;
    this.#ended = true;
    // As in the log; a trace that is judged afterwards shows by it who was there.
    this.trace.complaint(0, `left: ${why}`);
    this.#runner.ended(this, why, breaksRule);
    this.#transports.forEach((transport, link) => {
      this.trace.closed(link);
      transport?.close(why);
    });
  }

  #carryOutRare(output: Exclude<SessionOutput, { type: "write" | "command" }>): void {
    switch (output.type) {
      case "complaint":
        this.activity.complaint(output.text, this.#runner.now);
        this.trace.complaint(output.link, output.text);
        return log.warning(`${this.who} ${output.text}`);
      case "request":
        return this.#runner.platform.requests?.request(this, output.text, output.outcome);
      case "log":
        if (output.level === "info") return log.info(output.bare ? output.text : `${this.who}: ${output.text}`);
        return log.debug(() => `${this.who}: ${output.text}`);
      case "dial": {
        const { link, port } = output;
        const done = (result: DialResult) => this.#dialed(link, result);
        return this.#runner.platform.dial(this.peer.hostname, port, new LinkOwner(this, link), done);
      }
      case "prepareUpgrade": {
        const possible = this.protocol.successors?.[output.protocol] !== undefined && this.#runner.canUpgrade();
        this.session.upgradable?.(possible, this.#runner.now);
        return this.#runner.schedule(this);
      }
      case "upgrade":
        return this.#upgrade(output.protocol, output.rest);
      case "end":
        return this.end(output.why, output.breaksRule);
    }
  }

  #upgrade(protocol: string, rest: Uint8Array): void {
    const open = this.protocol.successors?.[protocol];
    const { name } = this.session;
    // A guest has no name yet.
    if (!open || (name !== undefined && !this.#runner.upgrade(this.id))) {
      return this.end("the native protocol is not available");
    }
    // Only the connection that the peer has opened goes on.
    for (const transport of this.#transports.splice(1)) transport?.close("it is not needed any more");
    this.#transports[0]?.gather?.();
    const { limits, now } = this.#runner;
    this.session = open(this.#facts, limits, now, name);
    this.#runner.wires?.upgraded(this);
    if (rest.length > 0) this.session.receive(0, rest, now);
    this.#runner.schedule(this);
  }

  /** A bug of ours: ends this session alone. */
  #failed(error: unknown): void {
    log.error(`internal error in session ${this.id} (${this.protocol.name}): ${stackOf(error)}`);
    this.end("internal error");
  }

  /** Whether the session is that of a user who has logged in. */
  get isUser(): boolean {
    const { name, bypassesHub, oneShot } = this.protocol;
    return this.session.name !== undefined && !GUEST_PROTOCOLS.includes(name) && !bypassesHub && !oneShot;
  }

  /** The user, or the address as long as that is not known. */
  get who(): string {
    return this.session.name ?? `${this.peer.hostname}:${this.peer.port}`;
  }
}

/** One link of a session: an object with methods, since five closures for each link took a third of a kilobyte for each session. */
class LinkOwner implements TransportOwner {
  readonly tap: WireTap | undefined;

  constructor(readonly host: SessionHost, readonly link: Link) {
    if (host.trace.wantsTap) this.tap = new LinkTap(host.trace, link);
  }

  receive(bytes: Uint8Array): void {
    this.host.received(this.link, bytes);
  }

  hungry(): boolean {
    return this.host.isHungry(this.link);
  }

  closed(ending: Ending): void {
    this.host.closed(this.link, ending);
  }

  failed(why: string): void {
    this.host.failed(why);
  }
}
