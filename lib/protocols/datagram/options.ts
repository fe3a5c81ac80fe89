import { type Limit, withDefaults } from "../../core/limits.ts";

/** Every number of the datagrams that an operator could want otherwise, and its reason. */
export const DATAGRAM_LIMITS = {
  messageBytes: {
    default: 256 * 1024,
    min: 1024,
    max: 256 * 1024,
    why: "longest message: a text of the greatest length in JSON; its pieces must fit into the 256 that are kept",
  },
  outboxBytes: {
    default: 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    why: "not yet acknowledged by one peer; past it nothing more is taken for that peer",
  },
  resendFirstMs: {
    default: 300,
    min: 1,
    max: 60_000,
    why: "until a piece is sent again while no round trip is measured yet; a LAN and a loaded machine",
  },
  resendLeastMs: {
    default: 60,
    min: 1,
    max: 60_000,
    why: "a piece is never sent again sooner without a sign; a machine may pause as long",
  },
  resendMostMs: {
    default: 4000,
    min: 1,
    max: 60_000,
    why: "a piece is sent again at least so often; how late we notice that the network is back",
  },
  keepAliveMs: {
    default: 8000,
    min: 10,
    max: 3_600_000,
    why: "of sending nothing before a sign of life; routers forget a UDP flow after 30 s",
  },
  silenceMs: {
    default: 32_000,
    min: 10,
    max: 3_600_000,
    why: "of hearing nothing before a link is dead; four signs of life lost",
  },
  lingerMs: {
    default: 3000,
    min: 0,
    max: 600_000,
    why: "for what was sent to be acknowledged before a link is closed",
  },
  attemptMs: {
    default: 200,
    min: 10,
    max: 60_000,
    why: "until a dialer asks again; people notice a second",
  },
  openMs: {
    default: 1000,
    min: 10,
    max: 60_000,
    why: "of asking with one cookie before another is fetched; the server may have been started anew",
  },
  dialMs: {
    default: 15_000,
    min: 10,
    max: 600_000,
    why: "until a dialer gives up; a server that is being started",
  },
  links: {
    default: 2000,
    min: 1,
    max: 1_000_000,
    why: "links at once at one gate; ten labs",
  },
  cookieMs: {
    default: 30_000,
    min: 100,
    max: 600_000,
    why: "how long a new cookie is good at least, and half of how long at most",
  },
  challengeMs: {
    default: 200,
    min: 1,
    max: 60_000,
    why: "between two questions to a link's new address; a stranger's address is not to be flooded",
  },
} as const satisfies Record<string, Limit>;

/** The numbers in force. */
export type DatagramOptions = { readonly [Name in keyof typeof DATAGRAM_LIMITS]: number };

/** The usual numbers, but for those that are given. */
export function datagramOptions(given: Partial<DatagramOptions> = {}): DatagramOptions {
  return withDefaults(DATAGRAM_LIMITS, given);
}
