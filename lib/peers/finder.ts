import { type Address, formatAddress } from "../core/address.ts";
import { Outputs } from "../core/machine.ts";
import type { DirectoryAnswer, DirectoryRequest } from "../protocols/directory/client.ts";
import type { ListedAddress } from "../protocols/directory/listing.ts";

/** Who we are to others, and how others are found. */
export interface FinderPlan {
  readonly name: string;
  readonly port: number;
  /** A directory server, or announcements to the LAN, or the user names addresses. */
  readonly by: Address | "multicast" | "names";
  /** Between two requests to the directory server; 30 s, as in its handout, by default. */
  readonly refreshMs?: number;
}

/** What the finder wants done. */
export type FinderOutput =
  /** Ask the directory server; answer with `answered` or `unanswered`. */
  | { readonly type: "query"; readonly server: Address; readonly request: DirectoryRequest }
  /** Announce us on the LAN, and listen there; answer with `announced` or `cannotAnnounce`. */
  | { readonly type: "announce" }
  /** The directory server has these addresses, and has us at `self`. */
  | { readonly type: "listed"; readonly entries: readonly ListedAddress[]; readonly self: Address }
  /** The directory server has not answered. */
  | { readonly type: "unlisted" }
  | { readonly type: "notice"; readonly text: string }
  /** Those that could be asked at the start have answered, or had their time. */
  | { readonly type: "settled" }
  /** Others know that we leave, or cannot be told. */
  | { readonly type: "left" };

/** What the finder sees of the peer. */
export interface FoundPeers {
  /** How many addresses were asked, and have neither answered nor had their time. */
  readonly unanswered: number;
  /** How many links there are. */
  readonly size: number;
}

/** Fixed by the directory's handout. */
const REFRESH_MS = 30_000;
/** After a failure. */
const RETRY_MS = 5000;
/** Between two requests at least, whatever is asked for. */
const REFRESH_MIN_MS = 1000;
/** For the directory server to be told that we leave. */
const LEAVE_MS = 3500;
/** Between the first announcements, since each may be lost. */
const ANNOUNCE_MS = [1000, 2000];
/** Without a peer after this time, the user is told what can be done. */
const LONELY_MS = 6000;
/** How long those that are asked at the start have. */
const SETTLE_MIN_MS = 700;
const SETTLE_MAX_MS = 1500;
const SETTLE_CHECK_MS = 20;

/** Finds other peers: by a directory server, which is asked every 30 s, or by announcements on the LAN. */
export class PeerFinder {
  readonly #outputs = new Outputs<FinderOutput>();
  #refreshAt = Infinity;
  #notBefore = -Infinity;
  #lonelyAt = Infinity;
  #settleCheckAt = Infinity;
  #settleFrom = Infinity;
  #settleUntil = Infinity;
  #leaveUntil = Infinity;
  #announcements = 0;
  /** An answer to "query" or "announce" is awaited. */
  #awaitsAnswer = false;
  #hasAnswered = false;
  /** The user knows of the failure that goes on. */
  #failureShown = false;
  #leaving: "no" | "asked" | "K sent" | "left" = "no";

  constructor(readonly plan: FinderPlan, readonly peers: FoundPeers) {}

  get wakeAt(): number {
    return Math.min(this.#refreshAt, this.#lonelyAt, this.#settleCheckAt, this.#leaveUntil);
  }

  takeOutputs(): readonly FinderOutput[] {
    return this.#outputs.take();
  }

  start(): void {
    if (this.plan.by === "names") this.#outputs.push({ type: "settled" });
    else this.#refresh();
  }

  /** The directory server has answered; `local` is our own IP address towards it. */
  answered({ addresses, local }: DirectoryAnswer, now: number): void {
    this.#awaitsAnswer = this.#failureShown = false;
    if (this.#leaving !== "no") return this.#continueLeaving();
    // Our socket speaks IPv4, and we are in the table ourselves.
    const others = addresses.filter(({ hostname, port }) =>
      !hostname.includes(":") && (hostname !== local || port !== this.plan.port)
    );
    this.#outputs.push({ type: "listed", entries: others, self: { hostname: local, port: this.plan.port } });
    this.#scheduleRefresh(now, this.plan.refreshMs ?? REFRESH_MS);
    this.#notBefore = now + REFRESH_MIN_MS;
    this.#settle(now, 0);
  }

  /** The directory server has not answered. */
  unanswered(why: string, now: number): void {
    this.#awaitsAnswer = false;
    if (this.#leaving !== "no") return this.#continueLeaving();
    this.#showFailure(`${why}; trying again. People already found stay, and /add HOST:PORT asks at an address`);
    this.#outputs.push({ type: "unlisted" });
    this.#scheduleRefresh(now, RETRY_MS);
    this.#settle(now, 0);
  }

  /** The directory server is to be asked soon, since there may be something new. */
  refreshSoon(): void {
    if (typeof this.plan.by === "string" || this.#leaving !== "no" || this.#refreshAt === Infinity) return;
    this.#refreshAt = Math.min(this.#refreshAt, this.#notBefore);
  }

  /** We were announced from these IP addresses of ours; `why` if from none. */
  announced(hostnames: readonly string[], why: string | undefined, now: number): void {
    this.#awaitsAnswer = false;
    if (this.#leaving !== "no") return;
    const { port } = this.plan;
    if (why === undefined) this.#failureShown = false;
    else {this.#showFailure(
        `you cannot be announced to others (${why}), trying again; or ask at an address: /add HOST:PORT`,
      );}
    if (!this.#hasAnswered && hostnames.length > 0) {
      const ours = hostnames.map((hostname) => formatAddress({ hostname, port })).join(", ");
      this.#notice(`others on this LAN are found by multicast; you are ${ours}`);
      this.#lonelyAt = now + LONELY_MS;
    }
    const next = ANNOUNCE_MS[this.#announcements++] ?? REFRESH_MS;
    this.#scheduleRefresh(now, why === undefined ? next : RETRY_MS);
    this.#settle(now, SETTLE_MIN_MS);
  }

  /** Multicast does not work here. */
  cannotAnnounce(why: string, now: number): void {
    this.#awaitsAnswer = false;
    if (this.#leaving !== "no") return;
    this.#notice(`multicast cannot be used here (${why}); ask at an address instead: /add HOST:PORT`);
    this.#settle(now, SETTLE_MIN_MS);
  }

  tick(now: number): void {
    if (now >= this.#refreshAt) {
      this.#refreshAt = Infinity;
      this.#refresh();
    }
    if (now >= this.#lonelyAt) {
      this.#lonelyAt = Infinity;
      if (this.peers.size === 0) {
        this.#notice("no peer has answered so far. Where multicast is blocked, ask at an address: /add HOST:PORT");
      }
    }
    if (now >= this.#settleCheckAt) this.#checkSettled(now);
    if (now >= this.#leaveUntil) this.#left();
  }

  /** Tells the directory server that we leave. */
  leave(now: number): void {
    if (this.#leaving !== "no") return;
    this.#leaving = "asked";
    this.#leaveUntil = now + LEAVE_MS;
    this.#refreshAt = this.#lonelyAt = Infinity;
    if (this.#settleCheckAt < Infinity) this.#outputs.push({ type: "settled" });
    this.#settleCheckAt = Infinity;
    // The K must not overtake an R.
    if (typeof this.plan.by === "string" || !this.#awaitsAnswer) this.#continueLeaving();
  }

  #continueLeaving(): void {
    const { by, port, name: user } = this.plan;
    if (typeof by === "string" || this.#leaving !== "asked") return this.#left();
    this.#leaving = "K sent";
    this.#outputs.push({ type: "query", server: by, request: { type: "K", port, user } });
  }

  #left(): void {
    if (this.#leaving === "left") return;
    this.#leaving = "left";
    this.#leaveUntil = Infinity;
    this.#outputs.push({ type: "left" });
  }

  #refresh(): void {
    const { by: server, port, name: user } = this.plan;
    this.#awaitsAnswer = true;
    if (typeof server === "string") this.#outputs.push({ type: "announce" });
    else this.#outputs.push({ type: "query", server, request: { type: "R", port, user } });
  }

  #scheduleRefresh(now: number, inMs: number): void {
    this.#refreshAt = now + inMs;
  }

  /** After the first answer: waits for those that were asked. By multicast their number is not known, so at least `minMs`. */
  #settle(now: number, minMs: number): void {
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    this.#settleFrom = now + minMs;
    this.#settleUntil = now + SETTLE_MAX_MS;
    // At the next tick, when the runner has passed on the addresses.
    this.#settleCheckAt = now;
  }

  #checkSettled(now: number): void {
    const isWaiting = now < this.#settleUntil && (now < this.#settleFrom || this.peers.unanswered > 0);
    this.#settleCheckAt = isWaiting ? now + SETTLE_CHECK_MS : Infinity;
    if (!isWaiting) this.#outputs.push({ type: "settled" });
  }

  #showFailure(text: string): void {
    if (!this.#failureShown) this.#notice(text);
    this.#failureShown = true;
  }

  #notice(text: string): void {
    this.#outputs.push({ type: "notice", text });
  }
}
