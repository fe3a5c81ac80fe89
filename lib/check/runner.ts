import { delay } from "@std/async/delay";
import { isFreePort } from "../net/free_port.ts";
import type { Credentials } from "./credentials.ts";
import { type LoadMeter, PlayLoad } from "./load_meter.ts";
import type { Network } from "./network.ts";
import { Passage } from "./passage.ts";
import type { Play } from "./play.ts";
import type { PlayOutput } from "./play_output.ts";
import { PlaySockets } from "./play_sockets.ts";
import { StartedPrograms } from "./started_programs.ts";
import type { Computing } from "./step.ts";
import type { Target, TargetWatch } from "./target.ts";

const LOOK_AGAIN_MS = 50;
/** Connections are gone at once, except where a program keeps one of our writes waiting. */
const HANG_UP_MS = 1000;

/**
 * Runs one script: opens its sockets, starts its programs, and passes on what comes.
 *
 * 1. Whatever it has opened and started is gone when `run` returns.
 * 2. `run` throws a `UserError` when the program under test cannot be started.
 */
export class PlayRunner {
  readonly #sockets: PlaySockets;
  readonly #programs: StartedPrograms;
  readonly #passage: Passage;
  readonly #load: PlayLoad;
  #wake: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<TargetWatch> | undefined;
  #isOver = false;
  /** What the program has left behind, one line each. */
  readonly findings: string[] = [];
  readonly #finished = Promise.withResolvers<void>();

  constructor(
    readonly play: Play,
    readonly target: Target,
    readonly network: Network,
    readonly isServer: boolean,
    readonly meter: LoadMeter,
    readonly credentials?: Credentials,
  ) {
    this.#passage = new Passage(network);
    this.#load = new PlayLoad(meter);
    this.#programs = new StartedPrograms(play.values, target, isServer, meter.starts, {
      wrote: (who, bytes) => this.#event((now) => play.received(`${who} screen`, bytes, now)),
      exited: (who, exit) => this.#event((now) => play.exited(who, exit, now)),
      started: (who, program) => {
        this.#watch?.started(program.pid);
        this.#sockets.keyboard(who, program);
      },
    });
    this.#sockets = new PlaySockets({ target, isServer, network, passage: this.#passage, loop: meter.loop }, {
      event: (tell) => this.#event((now) => tell(play, now)),
      shows: (link) => this.#programs.shows(link),
      isOver: () => this.#isOver,
    });
  }

  async run(): Promise<void> {
    this.#watch = this.target.watch?.((why) => {
      this.findings.push(why);
      this.#programs.killAll();
    });
    try {
      if (this.isServer && this.target.command) await this.#programs.start("server", []);
      this.#programs.takeQueuedMs();
      if (!this.#isOver) {
        this.play.start(performance.now());
        this.#perform();
      }
      await this.#finished.promise;
    } finally {
      this.#isOver = true;
      clearTimeout(this.#wake);
      this.#passage.stop();
      await this.#sockets.stopListening();
      // A write to a program that does not read ends with the program.
      if (!this.isServer) await Promise.race([this.#sockets.hangUp(), delay(HANG_UP_MS)]);
      await this.#programs.end();
      await this.#sockets.release();
      this.#watch?.over();
      this.#findLeftovers();
    }
  }

  /** Looks for a file in the program's folder, again and again while the play goes on. */
  async #look(name: RegExp): Promise<void> {
    while (!this.#isOver) {
      const found = this.target.files?.like(name) ?? [];
      this.#event((now) => this.play.found(name, found, now));
      await new Promise<void>((resolve) => this.#passage.later(LOOK_AGAIN_MS, resolve));
    }
  }

  /** Looks what the program has left behind. */
  #findLeftovers(): void {
    const { port, command } = this.target;
    if (!this.isServer || command === undefined || isFreePort(port)) return;
    this.findings.push(
      `port ${port} is still in use after the program's end: a process that it started has left its group`,
    );
  }

  #event(what: (now: number) => void): void {
    if (this.#isOver) return;
    what(performance.now());
    this.#perform();
  }

  #perform(): void {
    for (let outputs = this.play.takeOutputs(); outputs.length > 0; outputs = this.play.takeOutputs()) {
      for (const output of outputs) this.#do(output);
    }
    if (this.play.end) {
      this.#isOver = true;
      return this.#finished.resolve();
    }
    clearTimeout(this.#wake);
    const at = this.play.wakeAt;
    if (at === Infinity) return;
    this.#wake = setTimeout(() => this.#event((now) => this.play.tick(now)), Math.max(0, at - performance.now()) + 1);
  }

  #do(output: PlayOutput): void {
    switch (output.type) {
      case "dial":
        return void this.#sockets.dial(output);
      case "listen":
        return this.#sockets.listen(output.link, output.host, output.port);
      case "unlisten":
        return this.#sockets.unlisten(output.link);
      case "bind":
        return this.#sockets.bind(output);
      case "measure":
        return void this.#measure();
      case "compute":
        return void this.#compute(output);
      case "start":
        return void this.#start(output);
      case "send":
        return this.#sockets.send(output.link, output.bytes, output.isDatagram);
      case "close":
        return this.#sockets.close(output.link, output);
      case "put":
        return this.target.files?.put(output.name, output.bytes);
      case "look":
        return void this.#look(output.name);
      case "kill":
        return this.#programs.kill(output.who, output.signal);
    }
  }

  async #measure(): Promise<void> {
    const heldUp = await this.#load.measure(this.#programs.pids);
    const checkMs = heldUp.checkMs + this.#programs.takeQueuedMs();
    const all = { ...heldUp, checkMs, isWaiting: heldUp.isWaiting || this.#programs.isQueued };
    this.#event((now) => this.play.measured(all, now));
  }

  async #compute(computing: Computing): Promise<void> {
    if (!this.credentials) throw new TypeError("the suite needs credentials");
    const computed = await this.credentials.compute(computing, this.play.values);
    this.#event((now) => this.play.computed(computed, now));
  }

  async #start({ who, args, port, inTerminal }: PlayOutput & { readonly type: "start" }): Promise<void> {
    try {
      await this.#programs.start(who, args, port, inTerminal);
    } catch (error) {
      this.#isOver = true;
      return this.#finished.reject(error);
    }
    this.#event((now) => this.play.started(who, now));
  }
}
