import { formatAddress } from "../../lib/core/address.ts";
import { encodeBase64 } from "../../lib/core/bytes.ts";
import { type Membership, membershipText, type SignedMembership } from "../../lib/peers/membership.ts";
import type { PeerLink } from "../../lib/peers/peer_link.ts";
import { type PeerOptions, peerOptions } from "../../lib/peers/options.ts";
import { PeerKeys } from "../../lib/store/peer_keys.ts";
import type { PeerNode } from "./peer_node.ts";
import { PeerNetwork } from "./peer_network.ts";

/** Peers on one network with links to each other. */
export async function linkedPeers<Names extends string[]>(
  ...names: Names
): Promise<[PeerNetwork, ...{ [Each in keyof Names]: PeerNode }]> {
  return await linkedPeersWith(peerOptions(), ...names);
}

/** The same with other options. */
export async function linkedPeersWith<Names extends string[]>(
  options: PeerOptions,
  ...names: Names
): Promise<[PeerNetwork, ...{ [Each in keyof Names]: PeerNode }]> {
  const world = new PeerNetwork(names.length);
  const nodes: PeerNode[] = [];
  for (const name of names) nodes.push(await world.person(name, 3001 + nodes.length, options));
  for (const node of nodes) node.meet(...nodes.filter((each) => each !== node));
  await world.pass(1000);
  for (const node of nodes) node.shown.length = 0;
  return [world, ...nodes as { [Each in keyof Names]: PeerNode }];
}

/** The outcomes and presence changes that were shown to a peer. */
export function state(node: PeerNode): string[] {
  return node.shown.flatMap((event) => {
    switch (event.type) {
      case "delivered":
        return [`delivered ${event.to} ${event.id}`];
      case "queued":
        return [`kept ${event.to} ${event.id}`];
      case "failed":
        return [`failed ${event.id}: ${event.why}`];
      case "online":
      case "offline":
        return [`${event.type} ${event.name}`];
      case "memberJoined":
      case "memberLeft":
        return [`${event.type === "memberJoined" ? "came" : "went"} ${event.room} ${event.name}`];
      case "denied":
        return [event.why];
      default:
        return [];
    }
  });
}

/** A peer's public key as messages encode it. */
export function keyOf(node: PeerNode): string {
  return node.peer.groups.self.key;
}

/** A public key that belongs to no peer. */
export function unknownKey(i: number): string {
  const key = new Uint8Array(32).fill(7);
  new DataView(key.buffer).setUint32(0, i);
  return encodeBase64(key);
}

/** The link from one peer to another. */
export function linkOf(from: PeerNode, to: PeerNode): PeerLink {
  const person = from.peer.people.all().find(({ link, address }) => link && address === formatAddress(to.place));
  if (!person) throw new Error(`${from.name} has no link with ${to.name}`);
  return person.link!;
}

/** Sends any message from one peer to another, as a malicious program could. */
export function sendForged(from: PeerNode, to: PeerNode, message: unknown): void {
  from.do(() => linkOf(from, to).sendLine(JSON.stringify(message)));
}

/** A membership as its owner signs it; `keys` are a person's own. */
export async function signedBy(keys: PeerKeys, fields: Partial<Membership> = {}): Promise<SignedMembership> {
  const membership = { group: "lab", key: encodeBase64(keys.key), name: "x", version: 1, in: true, ...fields };
  return { ...membership, signature: encodeBase64(await keys.signer.sign(membershipText(membership))) };
}

/** Members who exist as a key alone. */
export async function strangers(count: number, fields: Partial<Membership> = {}): Promise<SignedMembership[]> {
  const made = Array.from({ length: count }, async () => signedBy(await PeerKeys.temporary(), fields));
  return await Promise.all(made);
}
