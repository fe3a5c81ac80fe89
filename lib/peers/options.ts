import { LIMITS } from "../core/limits.ts";
import { type DatagramOptions, datagramOptions } from "../protocols/datagram/options.ts";

/** Limits of chat between peers, with their reasons. */
const PEER_LIMITS = {
  /** Until ASK is repeated; people notice a second. */
  askMs: 300,
  /** At most this time between two ASK: how late a returning peer is noticed. */
  askMostMs: 15_000,
  /** How long ASK is repeated at an address named by a directory or the user; a directory forgets after the same time. */
  namedMs: 90_000,
  /**
   * Until the first datagram is repeated to an address of the directory that does not answer, twice, and then six times as long each time
   * after that: a program of dialect C shows each.
   */
  probeMs: 10_000,
  /** A first datagram that arrives so soon after a link was made was sent before it. */
  probeGraceMs: 2000,
  /** Longest datagram to another program: the usual buffer of `recvfrom` in course programs. */
  plainBytes: 1024,
  /** Messages of another program that are shown at once and a second; the rest is dropped. */
  plainBurst: 50,
  plainPerSecond: 20,
  /** Messages of unknown addresses that are held until the directory has been asked, and how long. */
  heldMessages: 100,
  heldMs: 5000,
  /** After this silence, an address that the directory names may have a program that answers nothing: of dialect C. */
  silentMs: 3000,
  /** How long a peer that fell silent is looked for: a lunch break. */
  lostMs: 60 * 60_000,
  /** Addresses known at once: ten labs. */
  addresses: 2000,
  /** Of those, on one host other than loopback: a classroom behind one router. */
  addressesPerHost: 64,
  /** Of those, addresses that have only asked us: they cost memory before they have proved anything. */
  strangers: 256,
  /** ASK answered at once and a second, from all addresses together; the rest is dropped. */
  askBurst: 500,
  asksPerSecond: 200,
  /** Longest text of a message. */
  textBytes: LIMITS.textBytes.default,
  /** Messages, and characters, queued for one person; more are not accepted. */
  waitingMessages: 10_000,
  waitingCharacters: 16 * 1024 * 1024,
  /** Messages, and characters, in flight to one person; the rest waits, since no network takes everything at once. */
  inFlightMessages: 1024,
  inFlightCharacters: 256 * 1024,
  /** Characters waiting for one link to have room; past it the link is ended. */
  linkCharacters: 4 * 1024 * 1024,
  /** Characters gathered into one message of a link. */
  gatherCharacters: 8 * 1024,
  /** Until a peer whose link has ended is asked again; doubled each time, while links last less than `shortMs`. */
  againMs: 1000,
  shortMs: 10_000,
  /** Until a person is shown as offline whose program still answers, but without a link. */
  offlineMs: 5000,
  /** For the other side to prove its key. */
  proveMs: 10_000,
  /** Until it is shown that there is no answer at an address that the user has named. */
  unansweredMs: 5000,
  /** Between CLOSE when we leave, of which there are three: with a loss of a fifth, one in a hundred gets none. */
  closeRepeatMs: 120,
  /** When we leave: for messages in flight to arrive, then for the links to close. */
  leaveMs: 10_000,
  closeMs: 3500,
  /** How long messages are kept for a person who does not come; longer than a holiday. */
  keepMs: 30 * 24 * 60 * 60_000,
  /** People met before who are looked for at the start at their last address. */
  acquaintances: 500,
  /** Memberships known at once, and in one group; groups that we have been in. */
  memberships: 5000,
  members: 500,
  groups: 100,
  /** Groups that one peer may add us to on one link. */
  invites: 20,
  /** After a change of memberships, until checksums are compared. */
  compareMs: 2000,
  /** Addresses told to a peer, and accepted from one; of those, on one host other than loopback; how long they are asked. */
  toldAddresses: 100,
  toldPerHost: 4,
  toldMs: 2000,
} as const;

/** The limits in force. */
export type PeerLimits = { readonly [Name in keyof typeof PEER_LIMITS]: number };

/** The limits in force, including those of the links. */
export interface PeerOptions {
  readonly limits: PeerLimits;
  readonly datagrams: DatagramOptions;
}

/** The defaults, except for those given. */
export function peerOptions(given: { limits?: Partial<PeerLimits>; datagrams?: Partial<DatagramOptions> } = {}) {
  return { limits: { ...PEER_LIMITS, ...given.limits }, datagrams: datagramOptions(given.datagrams) };
}
