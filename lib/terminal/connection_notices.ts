import type { View } from "./view.ts";
import type { Ui } from "./ui.ts";

/** Where it is told. */
export interface ReachWay extends Pick<Ui, "begin" | "more" | "finish"> {
  /** What is no event: news of the connection, mistakes, help. */
  aside(line: string): void;
}

/** What waits for the server: of what was said, and of all that was said and asked. */
export interface Waiting {
  readonly said: number;
  readonly all: number;
}

/** Of silence while something waits; then whoever waits is told. */
const SILENCE_MS = 5000;

/**
 * What a person is told of the connection to the server, and no more often than it is news.
 *
 * 1. That the connection is lost is told each time; why it does not come back, once for each reason.
 * 2. That what is said waits is told once for each time that the connection is gone.
 */
export class ConnectionNotices {
  #calling = false;
  /** The server was reached before. */
  #reached = false;
  #away = false;
  /** The server has said that it stops. */
  #stopping = false;
  /** Why the connection does not come back, as it was told last. */
  #toldWhy = "";
  #saidWaiting = false;
  #heard = true;
  #silentSince = 0;
  #saidSilent = false;

  constructor(
    readonly look: Pick<View<never>, "calling" | "fault" | "news" | "unreached">,
    readonly way: ReachWay,
    readonly waiting: () => Waiting,
  ) {}

  /** The connection is gone, and not back yet. */
  get away(): boolean {
    return this.#away;
  }

  /** Whether the line that grows is that of the call. */
  get calling(): boolean {
    return this.#calling;
  }

  /** The server is called once more. */
  attempt(): void {
    if (!this.#calling) this.way.begin(this.look.calling.begin);
    this.#calling = true;
    this.way.more(this.look.calling.attempt);
  }

  /** The server has answered the call. */
  connected(): void {
    if (this.#calling) this.way.finish(this.look.calling.end);
    this.#calling = false;
    this.#reached = true;
  }

  /** The server is not called any more, or does not have us. */
  notConnected(why: string): void {
    if (this.#calling) this.way.finish("");
    this.#calling = false;
    for (const line of this.#reached ? [this.look.fault(why)] : this.look.unreached(why)) this.way.aside(line);
  }

  /** The server knows us. */
  cameIn(): void {
    this.#reached = true;
    this.#away = this.#saidWaiting = this.#stopping = false;
  }

  /** Something came from the server. */
  heard(): void {
    this.#heard = true;
  }

  /** The server says that it stops. */
  closing(): void {
    this.#stopping = true;
    this.#news("the server stops");
  }

  /** The connection is gone, or could not be had again; it is tried again. */
  lost(why: string, againMs: number): void {
    // The line that grows begins anew: an hour without a network is not a screen full of stars.
    if (this.#calling) this.way.begin(this.look.calling.begin);
    if (!this.#away) {
      const seconds = Math.ceil(againMs / 1000);
      const again = seconds > 0 ? `trying again in ${seconds} s` : "trying again";
      // Of a server that has said good bye nothing else is to be known.
      this.#news(`connection lost${because(this.#stopping ? "" : why)}, ${again}`);
    } else if (why !== this.#toldWhy) {
      this.#news(`no connection yet${because(why)}, trying on`);
    }
    this.#toldWhy = this.#away ? why : "";
    this.#away = true;
    if (this.waiting().said > 0) this.tellWaiting();
  }

  /** Something was said that waits, or waits already, while the connection is gone. */
  tellWaiting(): void {
    if (!this.#away || this.#saidWaiting) return;
    this.#saidWaiting = true;
    const { said } = this.waiting();
    const waits = said === 1 ? "what was said last waits" : `${said} messages wait`;
    this.#news(`${waits} for the server, and so does what is said from now on`);
  }

  /** Time goes on: who waits for a silent server is told so, once. */
  tick(now: number): void {
    if (this.#heard || this.#away || this.waiting().all === 0) {
      this.#heard = this.#saidSilent = false;
      this.#silentSince = now;
    } else if (!this.#saidSilent && now - this.#silentSince >= SILENCE_MS) {
      this.#saidSilent = true;
      const seconds = Math.floor((now - this.#silentSince) / 1000);
      this.#news(`no answer from the server for ${seconds} s; what is said waits for it`);
    }
  }

  #news(text: string): void {
    this.way.aside(this.look.news(text));
  }
}

function because(why: string): string {
  return why === "" ? "" : ` (${why})`;
}
