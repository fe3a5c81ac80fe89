import { PeerClient } from "../lib/client/peer_client.ts";
import type { PeerEvent } from "../lib/peers/event.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { openPeerStore } from "../lib/store/open_peer_store.ts";
import { type Crowd, type JoinOptions, type Tally, TEXT, type Until } from "./traffic.ts";

/** The group of all peers. */
export const GROUP = "bench";

/** One peer as in the real client: a port, a key, a disk. */
export async function startPeer(name: string, folder: string, show: (event: PeerEvent) => void): Promise<PeerClient> {
  const net: PeerClient = new PeerClient(0, {
    show,
    settled: () => {},
    ended: () => {},
    failed: (why) => {
      throw new Error(`${name}: ${why}`);
    },
  });
  const { keys, store } = await openPeerStore(folder, name);
  net.start({ name, keys, store, options: peerOptions() }, "names");
  return net;
}

/** One peer that talks to the peers p1, p2 … of another process. */
export async function joinPeers(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-peer-" });
  const others = Math.max(1, count - 1);
  const met = Promise.withResolvers<void>();
  const waiting = new Map<string, { left: number; done: () => void }>();
  const members = new Set<string>();
  let online = 0;
  const net = await startPeer("p0", folder, (event) => {
    if (event.type === "online") online++;
    else if (event.type === "memberJoined") members.add(event.name);
    else if (event.type === "failed" || event.type === "denied" || event.type === "queued") tally.errors++;
    else if (event.type === "delivered") {
      tally.delivered++;
      const waits = waiting.get(event.id);
      if (waits && --waits.left === 0) {
        waiting.delete(event.id);
        tally.acked++;
        waits.done();
      }
    }
    if (online >= others && (!options.room || members.size >= others)) met.resolve();
  });
  net.ask({ type: "add", host: "127.0.0.1", port });
  if (options.room) net.ask({ type: "join", room: GROUP });
  await met.promise;
  const say = (to: { user: string } | { room: string }, left: number) => {
    const said = net.say(to, TEXT);
    if ("why" in said) throw new Error(said.why);
    return new Promise<void>((done) => waiting.set(said.id, { left, done }));
  };
  const repeat = async (to: { user: string } | { room: string }, left: number, until: Until) => {
    while (!until.over) await say(to, left);
  };
  return {
    tally,
    // All between the same two peers: that many messages are in flight.
    talk: async (pairs, until) => {
      await Promise.all(Array.from({ length: pairs }, () => repeat({ user: "p1" }, 1, until)));
    },
    shout: (until) => repeat({ room: GROUP }, others, until),
    whisper: () => say({ user: "p1" }, 1),
    announce: () => say({ room: GROUP }, others).then(() => others),
    leave() {
      net.leave();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
