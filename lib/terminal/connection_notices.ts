import type { ServersEvent } from "../chat/event.ts";
import type { Outputs } from "../core/machine.ts";
import type { ServerMove } from "../protocols/native/server_choice.ts";
import type { ScreenOutput, View } from "./view.ts";

/** The requests that wait for the server. */
export interface Waiting {
  readonly messages: number;
  /** Messages and questions. */
  readonly all: number;
}

/** A server that is silent for this long while a request waits is reported. */
const SILENCE_MS = 5000;

/**
 * Notices about the connection to the server, each shown once.
 *
 * 1. Each loss of the connection is shown; while it lasts, each new reason for a failed reconnect is shown once.
 * 2. For each loss, one notice says that messages wait, and one is shown for each move to another server.
 * 3. Where several servers share a chat, notices say when the server loses the others and when it reaches them again, and which
 *    server the client has moved to.
 */
export class ConnectionNotices {
  #connecting = false;
  /** The server was reached before. */
  #reached = false;
  #away = false;
  /** The server has announced that it stops. */
  #stopping = false;
  /** The last reason shown for a failed reconnect. */
  #shownWhy = "";
  #shownWaiting = false;
  /** Moves that were shown for this loss. */
  #moves = new Set<string>();
  /** The server of this connection, and whether it cannot reach the others. */
  #server = "";
  #apart = false;
  /** Whether the server has sent anything since the last tick. */
  #heard = true;
  #silentSince = 0;
  #shownSilence = false;

  constructor(
    readonly view: Pick<View<never>, "connecting" | "error" | "news" | "unreachable">,
    readonly outputs: Pick<Outputs<ScreenOutput>, "push">,
    readonly waiting: () => Waiting,
  ) {}

  /** The connection is lost and not back yet. */
  get away(): boolean {
    return this.#away;
  }

  /** Whether the growing line belongs to a connection attempt. */
  get connecting(): boolean {
    return this.#connecting;
  }

  /** The client tries to connect once more. */
  attempt(): void {
    const { begin, attempt } = this.view.connecting;
    if (!this.#connecting) this.outputs.push({ type: "begin", text: begin });
    this.#connecting = true;
    this.outputs.push({ type: "more", text: attempt });
  }

  /** The server has accepted the connection. */
  connected(): void {
    if (this.#connecting) this.outputs.push({ type: "finish", text: this.view.connecting.end });
    this.#connecting = false;
    this.#reached = true;
  }

  /** The client has given up, or the server refuses the login. */
  notConnected(why: string): void {
    if (this.#connecting) this.outputs.push({ type: "finish", text: "" });
    this.#connecting = false;
    for (const line of this.#reached ? [this.view.error(why)] : this.view.unreachable(why)) {
      this.outputs.push({ type: "notice", line });
    }
  }

  loggedIn(): void {
    this.#reached = true;
    this.#away = this.#shownWaiting = this.#stopping = false;
    this.#moves.clear();
  }

  /** The server has sent something. */
  heard(): void {
    this.#heard = true;
  }

  /** The server says that it stops. */
  stopping(): void {
    this.#stopping = true;
    this.#news("the server is stopping");
  }

  /** The server's report on itself and the other servers of its chat. */
  servers({ name, apart }: ServersEvent): void {
    if (this.#server !== "" && this.#server !== name) this.#news(`connected to ${name}`);
    this.#server = name;
    if (apart === this.#apart) return;
    this.#apart = apart;
    this.#news(
      apart
        ? `${name} is waiting for the other servers: messages reach their users once they answer`
        : "the other servers answer again",
    );
  }

  /** The connection is lost, or a reconnect has failed; the next attempt is in `againMs`, perhaps at another server. */
  lost(why: string, againMs: number, move?: ServerMove): void {
    // The growing line starts over, so that an hour without a network does not fill the screen.
    if (this.#connecting) this.outputs.push({ type: "begin", text: this.view.connecting.begin });
    if (!this.#away) {
      const seconds = Math.round(againMs / 1000);
      const again = seconds > 0 ? `trying again in ${seconds} s` : "trying again";
      // The server has announced the reason already.
      this.#news(`connection lost${inBrackets(this.#stopping ? "" : why)}, ${again}`);
    } else if (move) {
      const { from, to, at } = move;
      const shown = `${from} does not answer${inBrackets(why)}; trying ${to === at ? at : `${to} at ${at}`}`;
      if (!this.#moves.has(shown)) this.#news(shown);
      this.#moves.add(shown);
    } else if (why !== this.#shownWhy) {
      this.#news(`still no connection${inBrackets(why)}, trying again`);
    }
    this.#shownWhy = this.#away ? why : "";
    this.#away = true;
    if (this.waiting().messages > 0) this.showWaiting();
  }

  /** A message waits; shown while the connection is lost. */
  showWaiting(): void {
    if (!this.#away || this.#shownWaiting) return;
    this.#shownWaiting = true;
    const { messages } = this.waiting();
    const wait = messages === 1 ? "your last message waits" : `${messages} messages wait`;
    this.#news(`${wait} for the connection, and so will new ones`);
  }

  /** Called about once a second: shows once that a silent server keeps something waiting. */
  tick(now: number): void {
    if (this.#heard || this.#away || this.waiting().all === 0) {
      this.#heard = this.#shownSilence = false;
      this.#silentSince = now;
    } else if (!this.#shownSilence && now - this.#silentSince >= SILENCE_MS) {
      this.#shownSilence = true;
      const seconds = Math.floor((now - this.#silentSince) / 1000);
      this.#news(`no answer from the server for ${seconds} s; your messages wait`);
    }
  }

  #news(text: string): void {
    this.outputs.push({ type: "notice", line: this.view.news(text) });
  }
}

function inBrackets(why: string): string {
  return why === "" ? "" : ` (${why})`;
}
