import type { Play } from "./play.ts";
import { Turns } from "./turns.ts";

/** A program that could not have its port says so in these words, whatever it is written in. */
const IN_USE = /address (is )?already in use|EADDRINUSE|only one usage of each socket address/i;

/** A play, and the ports on which its programs listen. */
interface PortsOfPlay {
  readonly began: number;
  /** Infinity while it is under way. */
  over: number;
  ports: () => readonly string[];
}

/**
 * The ports on which programs under test listen: a program that always takes the same one is disturbed by each play that has
 * one of it at the same time, of another submission too.
 */
export class PlayPorts {
  readonly #plays = new Set<PortsOfPlay>();
  /** Programs that always take the same port are played one at a time. */
  readonly turns = new Turns(1);

  /** A play begins; what this returns ends it, and tells whether another one had one of its ports meanwhile. */
  begin(ports: () => readonly string[]): () => boolean {
    const play: PortsOfPlay = { began: performance.now(), over: Infinity, ports };
    this.#plays.add(play);
    return () => {
      play.over = performance.now();
      const held = ports();
      play.ports = () => held;
      const others = [...this.#plays].filter((other) => other !== play && other.over > play.began);
      const underWay = [...this.#plays].filter(({ over }) => over === Infinity);
      const earliest = Math.min(...underWay.map(({ began }) => began));
      for (const each of this.#plays) if (each.over < earliest) this.#plays.delete(each);
      return others.some((other) => other.ports().some((port) => held.includes(port)));
    };
  }
}

/** Whether a play has failed, and a program has written that its port is in use: on its screen, or as its last words after that. */
export function saysInUse({ end, transcript }: Pick<Play, "end" | "transcript">): boolean {
  return end?.failure !== undefined && IN_USE.test(`${transcript.screens}\n${end.failure.got}`);
}
