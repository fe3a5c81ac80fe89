export interface SocketOptions {
  readonly path: string;
  /** Milliseconds of silence until `quiet` is called. */
  readonly quietMs: number;
  /** Milliseconds of further silence until the connection is given up. */
  readonly silenceMs: number;
  /** The delay before the next attempt, after this many failed ones. */
  readonly retryMs: (failed: number) => number;
  /** Whether to connect now; false ends the attempts, an error counts as a failed one. */
  readonly mayConnect?: () => Promise<boolean>;
  readonly opened?: () => void;
  readonly received: (data: string) => void;
  /** Nothing has come for a while: send something that is answered. */
  readonly quiet?: () => void;
  /** The connection is lost, and is tried again after this time. */
  readonly lost: (retryMs: number) => void;
}

/** A WebSocket to the page's own server that reconnects until it is closed. */
export class ReconnectingSocket {
  readonly #options: SocketOptions;
  #socket: WebSocket | undefined;
  #failed = 0;
  #isWanted = false;
  #isTrying = false;
  #hasReceived = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.#probe());
  }

  /** Connects, and stays connected. */
  open(): void {
    this.#isWanted = true;
    this.#failed = 0;
    void this.#connect();
  }

  /** Ends the connection and the attempts. */
  close(): void {
    this.#isWanted = false;
    this.#drop();
  }

  retryNow(): void {
    if (this.#isWanted && !this.#socket) void this.#connect();
  }

  /** Ends the connection; only `retryNow` and `open` start another. */
  pause(): void {
    this.#drop();
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
    const socket = this.#socket = new WebSocket(address);
    this.#hasReceived = false;
    socket.onopen = () => {
      this.#options.opened?.();
      this.#watch();
    };
    socket.onmessage = ({ data }) => {
      this.#failed = 0;
      this.#hasReceived = true;
      this.#options.received(String(data));
    };
    socket.onclose = () => this.#socket === socket && this.#lost();
    this.#timer = setTimeout(() => this.giveUp(), this.#options.silenceMs);
  }

  /** Probes the connection after each quiet period without a message. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hasReceived ? this.#watch() : this.#probe(), this.#options.quietMs);
    this.#hasReceived = false;
  }

  #probe(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(this.#timer);
    this.#hasReceived = false;
    this.#options.quiet?.();
    this.#timer = setTimeout(() => this.#hasReceived ? this.#watch() : this.giveUp(), this.#options.silenceMs);
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
    const delay = this.#options.retryMs(this.#failed++);
    this.#options.lost(delay);
    this.#timer = setTimeout(() => void this.#connect(), delay);
  }
}
