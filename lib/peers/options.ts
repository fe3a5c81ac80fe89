import { LIMITS } from "../core/limits.ts";
import { type DatagramOptions, datagramOptions } from "../protocols/datagram/options.ts";

/** Every number of chat between peers, and its reason. */
export const PEER_LIMITS = {
  /** Until somebody who does not answer is asked again; people notice a second. */
  askMs: 300,
  /** At most so long between two questions: how late a friend that is back is noticed. */
  askMostMs: 15_000,
  /** A place that a table or a person has named is asked for so long; a table forgets after the same time. */
  namedMs: 90_000,
  /** A friend who fell silent is asked for so long; lunch. */
  lostMs: 60 * 60_000,
  /** Places known at once; ten labs. */
  addresses: 2000,
  /** Of those, at one address, but loopback: a classroom behind one router. */
  addressesPerHost: 64,
  /** Of those, such as have only asked us: they cost memory before they have proved where they are. */
  strangers: 256,
  /** Questions answered at once and a second, from all together; the rest is dropped. */
  askBurst: 500,
  asksPerSecond: 200,
  /** Longest text of a message. */
  textBytes: LIMITS.textBytes.default,
  /** Messages, and characters, that wait for one friend; past it nothing more is taken. */
  waitingMessages: 10_000,
  waitingCharacters: 16 * 1024 * 1024,
  /** Messages, and characters, under way to one friend; the rest waits here, as no network takes everything at once. */
  underWayMessages: 1024,
  underWayCharacters: 256 * 1024,
  /** Characters of letters that wait for one friend to take what came before; past it the link is given up. */
  linkCharacters: 4 * 1024 * 1024,
  /** Letters gathered into one message of a link. */
  gatherCharacters: 8 * 1024,
  /** Until somebody whose link has ended is asked again; twice as long each time, while links live less than `shortMs`. */
  againMs: 1000,
  shortMs: 10_000,
  /** Until somebody is missed whose program is there, but no link with it. */
  missMs: 5000,
  /** For the other side to prove its key. */
  proveMs: 10_000,
  /** Until it is said that nobody answers at a place that a person has named. */
  silentMs: 5000,
  /** Between good byes, of which there are three: where a fifth is lost, one of a hundred is missed. */
  farewellMs: 120,
  /** How long what nobody came for is kept; a term's holidays are shorter. */
  keepMs: 30 * 24 * 60 * 60_000,
  /** Friends of before, who are looked for at the start where they were last. */
  acquaintances: 500,
  /** Who is in which group: entries known at once, and of one group; groups that we have been in. */
  memberships: 5000,
  members: 500,
  groups: 100,
  /** Groups that one friend may take us into on one link. */
  invites: 20,
  /** After a change of the groups, until friends are asked whether they know the same. */
  agreeMs: 2000,
  /** Places that a friend is told of, and believed about; of those at one address, but loopback; how long they are asked. */
  toldAddresses: 100,
  toldPerHost: 4,
  toldMs: 2000,
} as const;

/** The numbers of chat between peers in force. */
export type PeerLimits = { readonly [Name in keyof typeof PEER_LIMITS]: number };

/** The numbers in force, of the links as well. */
export interface PeerOptions {
  readonly limits: PeerLimits;
  readonly datagrams: DatagramOptions;
}

/** The usual numbers, but for those that are given. */
export function peerOptions(given: { limits?: Partial<PeerLimits>; datagrams?: Partial<DatagramOptions> } = {}) {
  return { limits: { ...PEER_LIMITS, ...given.limits }, datagrams: datagramOptions(given.datagrams) };
}
