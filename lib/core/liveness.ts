/** What a machine does when a port of it is knocked on that nobody listens on: answers, says nothing, cannot be found. */
export type ProbeOutcome = "there" | "silent" | "unreachable";

const PROBES = 3;

/**
 * Whether a silent peer's machine is still there.
 *
 * TCP tells of a machine that was switched off or unplugged only when something is sent to it, and Deno cannot set how soon
 * its keep-alive asks. So the port that the peer connected from is dialled: nobody listens on it, and a machine that is
 * there refuses at once, with no program on it ever knowing. A firewall may drop such a dial. So silence counts only
 * against a machine that has answered before; `unreachable`, which the network itself says, counts against any.
 */
export class Liveness {
  #quietSince: number;
  #asked = false;
  #answers = false;
  #missed = 0;

  constructor(readonly idleMs: number, now: number) {
    this.#quietSince = now;
  }

  /** Something came from the peer. */
  heard(now: number): void {
    this.#quietSince = now;
    this.#missed = 0;
  }

  /** Whether to ask now; true once for each time. */
  due(now: number): boolean {
    if (this.#asked || now - this.#quietSince < this.idleMs) return false;
    this.#asked = true;
    return true;
  }

  probed(outcome: ProbeOutcome, now: number): void {
    this.#asked = false;
    this.#quietSince = now;
    if (outcome === "there") {
      this.#answers = true;
      this.#missed = 0;
    } else if (outcome === "unreachable" || this.#answers) this.#missed++;
  }

  /** Asked three times without a sign. */
  get gone(): boolean {
    return this.#missed >= PROBES;
  }
}
