/** Limits of datagram links, with their reasons. */
export const DATAGRAM_LIMITS = {
  /** The longest message: the longest text in JSON. Its pieces must fit into the 256 that a receiver keeps. */
  messageBytes: 256 * 1024,
  /** Not yet acknowledged by one peer; past it `send` accepts nothing. */
  outboxBytes: 1024 * 1024,
  /** Until a piece is sent again while no round trip has been measured: a LAN and a loaded machine. */
  resendFirstMs: 300,
  /** A piece is never sent again sooner, unless later ones have arrived: a machine may pause as long. */
  resendMinMs: 60,
  /** Until pieces of an incomplete message are acknowledged, unless more of them come; well below `resendMinMs`. */
  ackMs: 20,
  /** A piece is sent again at least this often: how late we notice that the network is back. */
  resendMaxMs: 4000,
  /** Of sending nothing before a PING; routers forget a UDP flow after 30 s. */
  keepAliveMs: 8000,
  /** Of hearing nothing before a link is dead: four PINGs lost. */
  silenceMs: 32_000,
  /** For what was sent to be acknowledged before a link is closed. */
  lingerMs: 3000,
  /** Until a dialer asks again; people notice a second. */
  attemptMs: 200,
  /** Of asking with one cookie before another is fetched; the server may have been restarted. */
  openMs: 1000,
  /** Until a dialer gives up: a server that is being started. */
  dialMs: 15_000,
  /** Links of one acceptor: ten labs. */
  links: 2000,
  /** A cookie is good for at least this time, and for at most twice as long. */
  cookieMs: 30_000,
  /** Between two PINGs to a new address of a link; a stranger must not be flooded. */
  challengeMs: 200,
  /** Datagrams to addresses without a link, at once and a second, in all: ten labs that start together. */
  strangerBurst: 1000,
  strangersPerSecond: 500,
  /** The same for one address, or one /64 of IPv6, except loopback: a classroom behind one router. */
  strangerBurstPerAddress: 200,
  strangersPerSecondPerAddress: 50,
  /** Addresses whose rates are remembered. */
  strangerEntries: 4096,
  /** Of those datagrams, unanswered ones: each takes 1 kB of a socket's 208 kB on Linux for as long as no machine answers. */
  unanswered: 80,
  /** How long the system looks for a machine, three seconds, and a little more. */
  unansweredMs: 3500,
  /** How long a machine that has used a link counts as one that is there. */
  provedMs: 60_000,
} as const;

/** The limits in force. */
export type DatagramOptions = { readonly [Name in keyof typeof DATAGRAM_LIMITS]: number };

/** The defaults, except for those given. */
export function datagramOptions(given: Partial<DatagramOptions> = {}): DatagramOptions {
  return { ...DATAGRAM_LIMITS, ...given };
}
