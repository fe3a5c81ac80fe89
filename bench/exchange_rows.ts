import { AckPolicy, DeliverPolicy, type JetStreamClient } from "@nats-io/jetstream";
import { parseNatsAddress } from "../lib/exchange/makers/nats_address.ts";
import { openNats } from "../lib/exchange/makers/nats_connection.ts";
import { alternate, figures, latencies } from "./rows.ts";
import { medianFigure, perSecond, type Plan, withCrowd } from "./measure.ts";
import { across, missingNats, startNats, WRITES } from "./peers/across.ts";
import { native } from "./peers/ours.ts";
import type { PeerKind } from "./peers/peer.ts";
import { type Row, row } from "./row.ts";
import { type Crowd, POUR, type Tally, TEXT, type Until } from "./traffic.ts";

const STREAM = "BARE";

/** One connection that publishes and one that consumes, as many messages under way as with our servers. */
class BareCrowd implements Crowd {
  readonly tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  readonly #payload = new TextEncoder().encode(TEXT);

  constructor(readonly client: JetStreamClient, readonly leave: () => void) {}

  async pour(until: Until): Promise<void> {
    const publish = async () => {
      while (!until.over) {
        await this.client.publish("bare", this.#payload);
        this.tally.acked++;
      }
    };
    await Promise.all(Array.from({ length: POUR * WRITES }, publish));
  }

  talk = unused;
  shout = unused;
  whisper = unused;
  announce = unused;
}

function unused(): Promise<never> {
  throw new Error("bare JetStream is only poured into");
}

const bare: PeerKind = {
  name: "bare JetStream",
  missing: missingNats,
  start: (folder) => startNats(folder),
  async join(port) {
    const options = { address: parseNatsAddress(`nats://127.0.0.1:${port}`), login: undefined, authority: undefined };
    const [publisher, consumer] = await Promise.all(
      ["publisher", "consumer"].map((name) => openNats({ ...options, name })),
    );
    await publisher!.manager.streams.add({ name: STREAM, subjects: ["bare"] });
    const { name } = await consumer!.manager.consumers.add(STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
    });
    const crowd = new BareCrowd(publisher!.manager.jetstream(), () => {
      for (const { connection } of [publisher!, consumer!]) connection.close();
    });
    const consume = async () => {
      const messages = await (await consumer!.manager.jetstream().consumers.get(STREAM, name)).consume({
        max_messages: 4 * POUR * WRITES,
      });
      for await (const _ of messages) crowd.tally.delivered++;
    };
    consume().catch(() => crowd.tally.errors++);
    return crowd;
  },
};

/** Messages that are said at one server and told at another, against a stream of JetStream, and how long one takes. */
export async function exchangeRows(plan: Plan): Promise<Row[]> {
  const results = await alternate(
    plan,
    [across, bare],
    (kind) =>
      withCrowd(
        kind,
        2,
        { room: true },
        (crowd, peer) => perSecond(plan, peer, () => crowd.tally.delivered, (until) => crowd.pour!(until)),
      ),
  );
  const poured = row(
    `messages from a client of one server to one of another, ${POUR * WRITES} under way`,
    "messages/s",
    figures(results, medianFigure),
    { own: across.name, than: bare.name, atLeast: 0.5 },
    ["two servers: kept at both, in one order; bare: published, confirmed and consumed, by one process"],
  );
  const { p50, p99 } = await latencies(plan, [across, native], 2, (crowd) => crowd.whisper());
  const target = { own: across.name, than: native.name };
  const notes = ["native: both clients at one server; until the sender knows that the receiver has it"];
  return [
    poured,
    row("idle private message across two servers, p50", "µs", p50, target),
    row("the same, p99", "µs", p99, target, notes),
  ];
}
