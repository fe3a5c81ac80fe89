import { reason } from "../lib/base/reason.ts";
import type { PeerPlan } from "../lib/face/client_line.ts";
import { UsageError } from "../lib/face/flags.ts";
import { openPeerFace, type PeerFace } from "../lib/face/peer_face.ts";
import { traceLine } from "../lib/face/trace.ts";
import { clock } from "../lib/net/clock.ts";
import { PeerClient, type PeerClientHooks } from "../lib/net/peer_client.ts";
import { peerOptions } from "../lib/peer/options.ts";
import { Peer } from "../lib/peer/peer.ts";
import { usualFolder } from "../lib/store/identity.ts";
import { openPeerKept } from "../lib/store/peer_kept.ts";
import { pathsFrom } from "../lib/store/paths.ts";
import { ending, onStop, type Over } from "./ending.ts";
import { ClientFiles } from "./files.ts";

/** Chat straight with others, without a server. */
export async function peer(plan: PeerPlan): Promise<number> {
  const over = Promise.withResolvers<Over>();
  let failure: string | undefined;
  let interrupted = false;
  const net = openPort(plan.udp, {
    show: (event) => {
      if (event.type === "message" && files.heard(event.said, event.own)) return;
      face.happened(event);
      if (event.type === "online") files.online(event.name);
    },
    signalled: (...signal) => files.signalled(...signal),
    settled: () => face.chat(plan.name),
    ended: () => over.resolve({ status: failure !== undefined ? 1 : interrupted ? 130 : 0, why: failure }),
    failed: (why) => {
      failure = why;
      net.leave();
    },
    ...(plan.trace ? { trace: (who, ...line) => face.note(traceLine(Date.now(), plan.name, who, ...line)) } : {}),
  });
  const { secrecy, store, passing } = await openPeerKept(plan.data ?? usualFolder(), plan.name, net.later);
  const face: PeerFace = openPeerFace({
    say: (to, text) => net.say(to, text),
    ask: (question) => question.type === "add" ? void net.add(question.host, question.port) : net.ask(question),
    file: (act) => files.do(act),
    paths: pathsFrom,
    leave: () => files.leave(() => net.leave()),
    interrupt: () => interrupt(),
  });
  const files = new ClientFiles(plan, face, {
    say: (to, text) => net.say(to, text),
    signal: (to, text) => {
      if (!net.signal(to, text)) setTimeout(() => files.unheard(to), 0);
    },
  });
  const interrupt = () => (interrupted = true, net.leave());
  if (passing !== undefined) face.problem(passing);
  const parts = {
    name: plan.name,
    way: net.way,
    secrecy,
    store,
    options: peerOptions(),
    passing: passing !== undefined,
  };
  const { table } = plan;
  // An offer may be the first that is heard.
  files.cameIn(plan.name);
  net.start(new Peer(parts, clock()), plan.name, table ? { hostname: table.host, port: table.port } : "multicast");
  onStop(interrupt);
  return await ending(over.promise, () => files.close(), () => store.close(), () => face.close());
}

function openPort(port: number, hooks: PeerClientHooks): PeerClient {
  try {
    return new PeerClient(port, hooks);
  } catch (error) {
    throw new UsageError(`cannot take UDP port ${port}: ${reason(error)}`);
  }
}
