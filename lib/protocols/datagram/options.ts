import type { Limit } from "../../core/limits.ts";

/** Every number of the datagrams that an operator could want otherwise, and its reason. */
export const DATAGRAM_LIMITS = {
  messageBytes: {
    usual: 256 * 1024,
    least: 1024,
    most: 256 * 1024,
    why: "longest message: a text of the greatest length in JSON; its pieces must fit into the 256 that are kept",
  },
  outboxBytes: {
    usual: 1024 * 1024,
    least: 1024,
    most: 1024 * 1024 * 1024,
    why: "not yet acknowledged by one peer; past it nothing more is taken for that peer",
  },
  resendFirstMs: {
    usual: 300,
    least: 1,
    most: 60_000,
    why: "until a piece is sent again while no round trip is measured yet; a LAN and a loaded machine",
  },
  resendLeastMs: {
    usual: 60,
    least: 1,
    most: 60_000,
    why: "a piece is never sent again sooner without a sign; a machine may pause as long",
  },
  resendMostMs: {
    usual: 4000,
    least: 1,
    most: 60_000,
    why: "a piece is sent again at least so often; how late we notice that the network is back",
  },
  keepAliveMs: {
    usual: 8000,
    least: 10,
    most: 3_600_000,
    why: "of sending nothing before a sign of life; routers forget a UDP flow after 30 s",
  },
  silenceMs: {
    usual: 32_000,
    least: 10,
    most: 3_600_000,
    why: "of hearing nothing before a link is dead; four signs of life lost",
  },
  lingerMs: {
    usual: 3000,
    least: 0,
    most: 600_000,
    why: "for what was sent to be acknowledged before a link is closed",
  },
  attemptMs: {
    usual: 200,
    least: 10,
    most: 60_000,
    why: "until a dialer asks again; people notice a second",
  },
  openMs: {
    usual: 1000,
    least: 10,
    most: 60_000,
    why: "of asking with one cookie before another is fetched; the server may have been started anew",
  },
  dialMs: {
    usual: 15_000,
    least: 10,
    most: 600_000,
    why: "until a dialer gives up; a server that is being started",
  },
  links: {
    usual: 2000,
    least: 1,
    most: 1_000_000,
    why: "links at once at one gate; ten labs",
  },
  cookieMs: {
    usual: 30_000,
    least: 100,
    most: 600_000,
    why: "how long a new cookie is good at least, and half of how long at most",
  },
  challengeMs: {
    usual: 200,
    least: 1,
    most: 60_000,
    why: "between two questions to a link's new address; a stranger's address is not to be flooded",
  },
} as const satisfies Record<string, Limit>;

/** The numbers in force. */
export type DatagramOptions = { readonly [Name in keyof typeof DATAGRAM_LIMITS]: number };

/** The usual numbers, but for those that are given. */
export function datagramOptions(given: Partial<DatagramOptions> = {}): DatagramOptions {
  const usual = Object.fromEntries(Object.entries(DATAGRAM_LIMITS).map(([name, limit]) => [name, limit.usual]));
  return { ...usual, ...given } as DatagramOptions;
}
