import { Accounts } from "../../lib/chat/accounts.ts";
import { Hub } from "../../lib/chat/hub.ts";
import type { DeliveryDevice } from "./delivery_device.ts";
import { DELIVERY_LIMITS, type DeliveryServer } from "./delivery_server.ts";
import type { DeliveryWorld } from "./delivery_world.ts";

/** A simulation that is over. */
export interface PlayedDelivery {
  readonly world: DeliveryWorld;
  readonly server: DeliveryServer;
  readonly devices: readonly DeliveryDevice[];
}

/** What was shown, confirmed and told is compared with what was said, and with the store. */
export function checkDelivery(played: PlayedDelivery): void {
  const { devices, server, world } = played;
  const { problems, said } = world;
  const natives = devices.filter(({ isHandout }) => !isHandout);
  for (const device of devices) if (!device.settled) problems.push(`${device.name} ${device.number} is not settled`);
  if (!server.hub.isIdle) problems.push("something is not written");
  for (const device of devices) {
    const who = `${device.name}${device.number}`;
    const texts = device.shown.map(({ text }) => text);
    const times = Map.groupBy(texts, (text) => text);
    // What a handout client had not confirmed comes again after a crash of the server, or by the native protocol.
    const isExact = !device.isHandout || (server.crashes === 0 && !device.upgraded);
    for (const [text, list] of times) {
      if (isExact && list.length > 1) problems.push(`${who} was shown ${text} ${list.length} times`);
    }
    // In the order of each sender's numbers, program by program.
    if (!device.isHandout) {
      const lastOf = new Map<string, number>();
      for (const { from, text, seq, to } of device.shown) {
        const program = text.split(".")[0]!;
        const number = Number(text.split(".")[1]);
        if (number <= (lastOf.get(program) ?? 0)) problems.push(`${who} was shown ${text} out of order`);
        lastOf.set(program, number);
        if (from !== said.get(text)?.from) problems.push(`${who} was shown ${text} from ${from}`);
        if ("user" in to && to.user !== device.name) problems.push(`${who} was shown ${text} to ${to.user}`);
        if (seq <= 0) problems.push(`${who} was shown ${text} without a number`);
      }
    }
  }
  for (const device of natives) {
    for (const text of device.confirmed) {
      if (device.has(text, "failed")) continue;
      const { to } = said.get(text)!;
      if ("room" in to) {
        for (const other of natives) {
          if (other.name === device.name) continue;
          // A program that was started anew begins with what none of its user's programs has.
          const programs = other.kills === 0 ? [other] : devices.filter(({ name }) => name === other.name);
          if (!programs.some(({ shown }) => shown.some((each) => each.text === text))) {
            problems.push(`${other.name}${other.number} was not shown ${text} of the lobby`);
          }
        }
        continue;
      }
      const receivers = devices.filter(({ name }) => name === to.user);
      const has = receivers.some(({ shown }) => shown.some((each) => each.text === text));
      const seq = world.seqs.get(text);
      const failed = seq !== undefined && world.failedSeqs.has(seq);
      const nativeReceivers = receivers.filter(({ isHandout }) => !isHandout);
      if (!has && !failed && nativeReceivers.length > 0) problems.push(`${text} for ${to.user} was not shown`);
      if (device.has(text, "delivered") && !has) problems.push(`${text} counts as delivered, and was not shown`);
    }
  }
  for (const text of world.handoutDelivered) {
    const { to, from } = said.get(text)!;
    const receivers = devices.filter(({ name }) => "room" in to ? name !== from : name === to.user);
    const has = receivers.some(({ shown }) => shown.some((each) => each.text === text));
    if (!has && receivers.some(({ isHandout }) => !isHandout)) {
      problems.push(`${text} had 303, and was not shown`);
    }
  }
  sendersKnow(played);
  unreadIsTrue(played);
}

/** Each sender was told of each private message what has become of it, once: that it was delivered, or that it has failed. */
function sendersKnow({ devices, world: { problems, said, seqs }, server: { store } }: PlayedDelivery): void {
  const { users, pairs } = store.snapshot;
  const idOf = new Map(users.map(({ id, name }) => [name, id]));
  for (const device of devices) {
    for (const [text, told] of device.told) {
      if (told.length > 1) problems.push(`the sender of ${text} was told ${told.join(", then ")}`);
    }
    for (const text of device.ownTexts) {
      const { to } = said.get(text)!;
      const seq = seqs.get(text);
      if ("room" in to || seq === undefined) continue;
      const [from, other] = [idOf.get(device.name)!, idOf.get(to.user)!];
      const pair = pairs.find(({ users }) => users.includes(from) && users.includes(other))!;
      const { messages } = store.query({ type: "history", conversation: pair.id, after: seq - 1, limit: 1 });
      const received = pair.received[pair.users[0] === other ? 0 : 1];
      const truth = messages[0]?.failed !== undefined ? "failed" : seq <= received ? "delivered" : undefined;
      const told = device.told.get(text)?.at(-1);
      if (told !== truth) {
        problems.push(`${text} is ${truth ?? "waiting"}, and its sender was told ${told ?? "nothing"}`);
      }
    }
  }
}

/** What the server counts as unread is what a model counts from the log. */
function unreadIsTrue({ server, world: { problems } }: PlayedDelivery): void {
  const { snapshot } = server.store;
  const waiting = snapshot.pairs.reduce((sum, { waiting: [one, other] }) => sum + one.bytes + other.bytes, 0);
  const counted = server.hub.size.waitingBytes;
  if (waiting !== counted) problems.push(`${waiting} bytes wait in the store, and ${counted} by the count`);
  const reopened = new Hub(new Accounts(new Map()), DELIVERY_LIMITS, {
    snapshot,
    randomness: { bytes: (count) => new Uint8Array(count), salt: () => new Uint8Array(16) },
  });
  if (!reopened.stores) problems.push("the store cannot be opened again");
  for (const { id, name } of snapshot.users) {
    const { states } = server.store.query({ type: "overview", user: id });
    for (const { conversation, unread } of states) {
      const room = snapshot.rooms.find((room) => room.id === conversation);
      const pair = snapshot.pairs.find((pair) => pair.id === conversation);
      const membership = room?.members.find(({ user }) => user === id);
      const read = membership ? Math.max(membership.read, membership.since) : pair!.read[pair!.users[0] === id ? 0 : 1];
      const { messages } = server.store.query({ type: "history", conversation, limit: 100_000 });
      const model = messages.filter(({ seq, from, withdrawn }) => seq > read && from !== name && !withdrawn).length;
      if (model !== unread) problems.push(`${name} has ${unread} unread in ${conversation}, and ${model} by the model`);
    }
  }
}
