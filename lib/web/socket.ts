import type { Backoff } from "../core/backoff.ts";
import { Heartbeat } from "../core/liveness.ts";

export interface SocketOptions {
  readonly path: string;
  /** The WebSocket's protocols. */
  readonly protocols?: () => string[];
  /** Silence until the server is pinged, and again until the connection is given up. */
  readonly silenceMs: number;
  readonly backoff: Backoff;
  /** Whether to connect now; false ends the attempts, an error counts as a failed one. */
  readonly mayConnect?: () => Promise<boolean>;
  readonly opened?: () => void;
  readonly received: (data: string) => void;
  /** Sends something that is answered. */
  readonly ping?: () => void;
  /** The connection is lost, and is tried again after this time. */
  readonly lost: (retryMs: number) => void;
}

/** A WebSocket to the page's own server that reconnects until it is closed. */
export class ReconnectingSocket {
  readonly #options: SocketOptions;
  readonly #heartbeat: Heartbeat;
  #socket: WebSocket | undefined;
  #isWanted = false;
  #isTrying = false;
  /** For the heartbeat while there is a connection, else for the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.silenceMs);
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.#probe());
  }

  /** Connects, and stays connected. */
  open(): void {
    this.#isWanted = true;
    this.#options.backoff.reset();
    void this.#connect();
  }

  /** Ends the connection and the attempts. */
  close(): void {
    this.#isWanted = false;
    this.#drop();
  }

  /** Ends the connection; only `retryNow` and `open` start another. */
  pause(): void {
    this.#drop();
  }

  retryNow(): void {
    if (this.#isWanted && !this.#socket) void this.#connect();
  }

  /** The connection is of no use any more: reconnects after a delay. */
  giveUp(): void {
    if (!this.#socket) return;
    this.#drop();
    this.#lost();
  }

  send(data: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  async #connect(): Promise<void> {
    if (this.#isTrying) return;
    clearTimeout(this.#timer);
    this.#isTrying = true;
    try {
      if (this.#options.mayConnect && !await this.#options.mayConnect()) this.#isWanted = false;
    } catch {
      if (this.#isWanted) this.#lost();
      return;
    } finally {
      this.#isTrying = false;
    }
    if (!this.#isWanted) return;
    const address = new URL(this.#options.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = this.#socket = new WebSocket(address, this.#options.protocols?.());
    // A connection that does not open in time is given up too.
    this.#heartbeat.pinged(performance.now());
    this.#watch();
    socket.onopen = () => {
      this.#heartbeat.heard(performance.now());
      this.#options.opened?.();
    };
    socket.onmessage = ({ data }) => {
      this.#heartbeat.heard(performance.now());
      this.#options.backoff.reset();
      this.#options.received(String(data));
    };
    socket.onclose = () => this.#socket === socket && this.#lost();
  }

  /** Looks at the heartbeat when it is due. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const due = this.#heartbeat.due(performance.now());
      if (due === "gone") return this.giveUp();
      if (due === "ping") this.#options.ping?.();
      this.#watch();
    }, Math.max(0, this.#heartbeat.wakeAt - performance.now()));
  }

  /** Pings now. */
  #probe(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#heartbeat.pinged(performance.now());
    this.#options.ping?.();
    this.#watch();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  #lost(): void {
    this.#socket = undefined;
    clearTimeout(this.#timer);
    if (!this.#isWanted) return;
    const delay = this.#options.backoff.next(Math.random());
    this.#options.lost(delay);
    this.#timer = setTimeout(() => void this.#connect(), delay);
  }
}
