import { type Address, formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { Multicast } from "../net/multicast.ts";
import { askDirectory } from "./directory_client.ts";

/** Who we are to others, and who tells us of them. */
export interface PeerFinderPlan {
  readonly name: string;
  readonly port: number;
  /** A table server that says who is there; or all on the LAN are told and listened to; or others are only named to us. */
  readonly by: Address | "multicast" | "names";
}

/** What finding others needs, and tells. */
export interface PeerFinderWay {
  meet(places: readonly Address[]): void;
  /** The datagram that says that we are here. */
  here(): Uint8Array;
  /** A datagram that was said to all. */
  heard(place: Address, datagram: Uint8Array): void;
  /** How many places were asked, and have neither answered nor had their time. */
  waiting(): number;
  /** Whether nobody was found. */
  alone(): boolean;
  news(text: string): void;
  settled(): void;
  trace?(direction: "up" | "down", line: string): void;
}

/** The handout's number. */
const REFRESH_MS = 30_000;
/** A table server that does not answer is asked again sooner. */
const AGAIN_MS = 5000;
/** Until we say again that we are here: the first may be lost. */
const HERE_MS = [1000, 2000];
/** Without anybody after this, we say what can be done. */
const LONELY_MS = 6000;
/** For those who are asked at the beginning. */
const SETTLE_LEAST_MS = 700;
const SETTLE_MOST_MS = 1500;
const SETTLE_CHECK_MS = 20;

/** Finds others: by the table server, again every 30 s, or by telling the LAN and listening. */
export class PeerFinder {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lonely: ReturnType<typeof setTimeout> | undefined;
  #multicast: Multicast | undefined;
  #tellings = 0;
  /** That the table server does not answer was told. */
  #told = false;
  #over = false;
  #refreshing: Promise<void> | undefined;

  constructor(readonly plan: PeerFinderPlan, readonly way: PeerFinderWay) {}

  start(): void {
    const { by } = this.plan;
    if (by === "names") this.way.settled();
    else if (by === "multicast") this.#listen();
    else this.#refreshing = this.#refresh(by, true);
  }

  /** Tells the table that we are gone; resolves when it knows, or cannot be told. */
  async leave(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lonely);
    this.#multicast?.close();
    const { by } = this.plan;
    if (typeof by === "string") return;
    // Else the table could hear that we are here after it has heard that we are gone.
    await this.#refreshing;
    await this.#ask(by, "K").catch(() => {});
  }

  async #refresh(table: Address, first: boolean): Promise<void> {
    let nextMs = REFRESH_MS;
    try {
      const { addresses, local } = await this.#ask(table, "R");
      this.#told = false;
      // Our own socket speaks IPv4, and we ourselves stand in the table too.
      const others = addresses.filter(({ hostname, port }) =>
        !hostname.includes(":") && (hostname !== local || port !== this.plan.port)
      );
      this.way.meet(others.map(({ hostname, port }) => ({ hostname, port })));
    } catch (error) {
      nextMs = AGAIN_MS;
      if (!this.#told) {
        this.way.news(`${reason(error)}; trying on. Those already found stay, and /add HOST:PORT asks one`);
      }
      this.#told = true;
    }
    if (first) this.#settle();
    if (!this.#over) this.#timer = setTimeout(() => this.#refreshing = this.#refresh(table, false), nextMs);
  }

  #ask(table: Address, type: "R" | "K") {
    const { port, name } = this.plan;
    return askDirectory(table, { type, port, user: name }, this.way.trace ? { trace: this.way.trace } : {});
  }

  async #listen(): Promise<void> {
    try {
      this.#multicast = new Multicast((place, datagram) => this.way.heard(place, datagram));
      await this.#tell();
      const where = this.#multicast.addresses.map((address) =>
        formatAddress({ hostname: address, port: this.plan.port })
      ).join(", ");
      if (where !== "") {
        this.way.news(`others on this LAN are found by multicast; you are ${where}`);
        this.#lonely = setTimeout(() => this.#isLonely(), LONELY_MS);
      }
    } catch (error) {
      this.way.news(`multicast cannot be used here (${reason(error)}); name a friend instead: /add HOST:PORT`);
    }
    this.#settle();
  }

  /** Tells that we are here, on the networks that there are by now, and again after a while. */
  async #tell(): Promise<void> {
    const why = await this.#multicast!.tell(this.way.here());
    if (this.#over) return;
    if (why !== undefined && !this.#told) {
      this.way.news(`nobody can be told that you are here (${why}), trying on; or name a friend: /add HOST:PORT`);
    }
    this.#told = why !== undefined;
    const next = HERE_MS[this.#tellings++] ?? REFRESH_MS;
    this.#timer = setTimeout(() => this.#tell(), why === undefined ? next : AGAIN_MS);
  }

  #isLonely(): void {
    if (!this.way.alone()) return;
    this.way.news("nobody has answered so far. Where multicast is blocked, name a friend: /add HOST:PORT");
  }

  /** Waits for those who were asked, but not for long; by multicast nobody knows how many there are. */
  #settle(): void {
    const least = performance.now() + (this.plan.by === "multicast" ? SETTLE_LEAST_MS : 0);
    const most = performance.now() + SETTLE_MOST_MS;
    const check = () => {
      const now = performance.now();
      if (!this.#over && now < most && (now < least || this.way.waiting() > 0)) {
        return setTimeout(check, SETTLE_CHECK_MS);
      }
      this.way.settled();
    };
    check();
  }
}
