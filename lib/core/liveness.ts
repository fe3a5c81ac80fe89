/** How a machine answers a probe of a port without a listener: it refuses, is silent, or cannot be reached. */
export type ProbeOutcome = "there" | "silent" | "unreachable";

const PROBES = 3;

/**
 * Whether a silent peer's machine is still reachable, for protocols without a ping.
 *
 * TCP notices a machine that was switched off or unplugged only when something is sent to it, and Deno cannot set how soon
 * its keep-alive probes. So the port that the peer connected from is dialled: it has no listener, so a machine that is
 * running refuses at once, and no program on it notices. A firewall may drop such a dial, so silence counts only
 * against a machine that has answered before; `unreachable`, which the network itself reports, counts against any.
 */
export class Liveness {
  #quietSince: number;
  #probing = false;
  #answers = false;
  #missed = 0;

  constructor(readonly idleMs: number, now: number) {
    this.#quietSince = now;
  }

  /** When `due` has to be asked next. */
  get wakeAt(): number {
    return this.#probing ? Infinity : this.#quietSince + this.idleMs;
  }

  /** Something came from the peer. */
  heard(now: number): void {
    this.#quietSince = now;
    this.#missed = 0;
  }

  /** Whether to probe now; true once for each time. */
  due(now: number): boolean {
    if (this.#probing || now - this.#quietSince < this.idleMs) return false;
    this.#probing = true;
    return true;
  }

  probed(outcome: ProbeOutcome, now: number): void {
    this.#probing = false;
    this.#quietSince = now;
    if (outcome === "there") {
      this.#answers = true;
      this.#missed = 0;
    } else if (outcome === "unreachable" || this.#answers) this.#missed++;
  }

  /** Probed three times without an answer. */
  get gone(): boolean {
    return this.#missed >= PROBES;
  }
}

/** Whether a silent peer is still reachable, for protocols with a ping: any answer counts. */
export class Heartbeat {
  #heardAt = 0;
  #pinged = false;

  /** `silenceMs`: how long a peer may be silent before a ping, and again before it counts as gone. */
  constructor(readonly silenceMs: number) {}

  /** When `due` has to be asked next. */
  get wakeAt(): number {
    return this.#heardAt + this.silenceMs;
  }

  /** Something came from the peer, or its connection is new. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#pinged = false;
  }

  /** A ping is sent now, although none was due. */
  pinged(now: number): void {
    this.#pinged = true;
    this.#heardAt = now;
  }

  /** Whether a ping is due now, or the peer is gone. */
  due(now: number): "ping" | "gone" | undefined {
    if (now < this.wakeAt) return undefined;
    if (this.#pinged) return "gone";
    this.pinged(now);
    return "ping";
  }
}
