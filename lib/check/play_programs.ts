import type { ProgramExit } from "./program_exit.ts";
import type { LinkName, Step } from "./step.ts";

/** The person whose program is the server under test. */
const SERVER = "server";

/** The programs of a script: which run, which have shown that they do, and how they have ended. */
export class PlayPrograms {
  readonly #exits = new Map<string, ProgramExit>();
  /** The persons who have a program of their own; the others talk to the server. */
  readonly #owners: ReadonlySet<string>;
  /** The programs that were started. */
  readonly #running = new Set<string>();
  /** The programs that have connected, accepted a connection, or sent something. */
  readonly #alive = new Set<string>();

  constructor(steps: readonly Step[]) {
    this.#owners = new Set(steps.flatMap((step) => step.do === "start" ? [step.who] : []));
  }

  /** A program is about to be started; it may be one that has ended. */
  starts(who: string): void {
    this.#exits.delete(who);
    this.#running.delete(who);
    this.#alive.delete(who);
  }

  started(who: string): void {
    this.#running.add(who);
  }

  exited(who: string, exit: ProgramExit): void {
    this.#exits.set(who, exit);
  }

  isRunning(who: string): boolean {
    return this.#running.has(who);
  }

  /** How the program that a person, or the person of a link, talks to has ended. */
  exitOf(who: string): ProgramExit | undefined {
    return this.#exits.get(this.#programOf(who));
  }

  /** The program at the other end of a link runs; whether it has shown that for the first time. */
  shows(link: LinkName): boolean {
    const program = this.#programOf(link);
    if (this.#alive.has(program)) return false;
    this.#alive.add(program);
    return true;
  }

  /** Whether a step waits for a program that has not shown yet that it runs: it may still be starting. */
  mayBeStarting(step: Step | undefined): boolean {
    const links = step?.do === "dial" || step?.do === "accept"
      ? [step.link]
      : step?.do === "expect"
      ? step.all.map(({ link }) => link)
      : [];
    return links.some((link) => !this.#alive.has(this.#programOf(link)));
  }

  #programOf(link: LinkName): string {
    const [who = ""] = link.split(" ");
    return this.#owners.has(who) ? who : SERVER;
  }
}
