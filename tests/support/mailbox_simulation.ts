import { MailboxServer, MAX_DOWN_MS } from "./mailbox_server.ts";
import { MailboxUser } from "./mailbox_user.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { VirtualUdp } from "./virtual_udp.ts";

/** The observations of one run. */
export interface MailboxReport {
  readonly seed: number;
  readonly problems: string[];
  /** Confirmed by the server. */
  readonly confirmed: number;
  /** Shown to a user. */
  readonly shown: number;
  readonly crashes: number;
  readonly clientCrashes: number;
  readonly reconnects: number;
}

/** The difficulty of a run. */
export interface MailboxConditions {
  readonly users: number;
  readonly messages: number;
  readonly loss: number;
  readonly serverCrashes: number;
}

const NOBODY = "nobody";
const ACTIVE_MS = 120_000;
const CALM_MS = 600_000;

/** Mailbox users on a bad network, determined by the seed; then a calm phase, after which everything must have arrived. */
export function simulateMailbox(seed: number, given: Partial<MailboxConditions> = {}): MailboxReport {
  const random = new Random(seed);
  const weather: MailboxConditions = {
    users: random.whole(2, 6),
    messages: 140,
    loss: random.pick([0, 0.1, 0.3]),
    serverCrashes: random.whole(0, 4),
    ...given,
  };
  const time = new VirtualTime();
  const problems: string[] = [];
  const sky = { loss: weather.loss, repeats: random.pick([0, 0.1, 0.3]), mostDelayMs: random.pick([1, 50, 400]) };
  const udp = new VirtualUdp(time, random, sky);
  const server = new MailboxServer(time, random, udp);
  const names = Array.from({ length: weather.users }, (_, i) => `u${i}`);
  const users = names.map((name) => new MailboxUser(name, time, random, udp, problems));
  // All users log in once first, because a user joins the lobby at the first login.
  time.pass(20_000);
  for (let left = 100; left > 0 && !users.every(({ settled }) => settled); left--) time.pass(10_000);
  for (let i = 0; i < weather.messages; i++) {
    time.in(random.whole(0, ACTIVE_MS), () => {
      const user = random.pick(users);
      if (random.chance(0.15)) return user.edit();
      if (random.chance(0.1)) return user.say({ user: NOBODY });
      user.say(
        random.chance(0.3) ? { room: "lobby" } : { user: random.pick(names.filter((name) => name !== user.name)) },
      );
    });
  }
  const sometime = (count: number, act: () => void) => {
    for (let i = 0; i < count; i++) time.in(random.whole(0, ACTIVE_MS), act);
  };
  sometime(weather.serverCrashes, () => server.crash());
  sometime(random.whole(0, 3), () => udp.cut(random.whole(1000, 60_000)));
  sometime(random.whole(0, 3), () => random.pick(users).move());
  sometime(random.whole(0, 3), () => random.pick(users).crash());
  time.pass(ACTIVE_MS);
  for (let passed = 0; passed < CALM_MS && !calm(users, server); passed += 5000) time.pass(5000);
  time.pass(2000);
  // One of the last batches, of what has been acknowledged, may be the one at which the server crashes.
  for (let passed = 0; passed < 2 * MAX_DOWN_MS && !server.isIdle; passed += 500) time.pass(500);
  problems.push(...judge(users, server));
  if (!server.isIdle) problems.push("something is not written");
  return {
    seed,
    problems,
    confirmed: users.reduce((sum, { sent }) => sum + sent.length, 0),
    shown: users.reduce((sum, { shown }) => sum + shown.length, 0),
    crashes: server.crashes,
    clientCrashes: users.reduce((sum, { crashes }) => sum + crashes, 0),
    reconnects: users.reduce((sum, { reconnects }) => sum + reconnects, 0) - users.length,
  };
}

/** All users are online, and every message has its answer and its outcomes. */
function calm(users: readonly MailboxUser[], server: MailboxServer): boolean {
  return users.every((user) => user.settled) && judge(users, server).length === 0;
}

/** The final invariants. */
function judge(users: readonly MailboxUser[], { store }: MailboxServer): string[] {
  const problems: string[] = [];
  for (const user of users) {
    const said = [...user.texts.values()];
    if (new Set(user.sent).size !== user.sent.length) problems.push(`${user.name}: confirmed twice`);
    if (new Set(user.failed).size !== user.failed.length) problems.push(`${user.name}: refused twice`);
    for (const [text, to] of user.edits) {
      for (const receiver of users.filter(({ name }) => name !== user.name && ("room" in to || to.user === name))) {
        const times = receiver.edited.filter((edited) => edited === text).length;
        if (times > 1 || (times === 0 && !user.doubtful.has(text))) {
          problems.push(`${receiver.name}: ${text} was shown ${times} times`);
        }
      }
    }
    for (const { to, text } of said) {
      const isRefused = user.failed.includes(text);
      if (isRefused !== ("user" in to && to.user === NOBODY) && !user.doubtful.has(text)) {
        problems.push(`${user.name}: ${text} is ${isRefused ? "refused" : "not refused"}`);
      }
      if (isRefused) continue;
      const confirmed = user.sent.includes(text);
      const doubtful = user.doubtful.has(text);
      if (!confirmed && !doubtful) problems.push(`${user.name}: no answer to ${text}`);
      const receivers = users.filter(({ name }) => name !== user.name && ("room" in to || to.user === name));
      for (const receiver of receivers) {
        const times = receiver.shown.filter((shown) => shown.text === text).length;
        if (times > 1 || (times === 0 && confirmed)) {
          problems.push(`${receiver.name}: ${text} was shown ${times} times`);
        }
      }
      if ("room" in to || !confirmed || user.delivered.includes(text)) continue;
      // The next run of the program does not know it; what it sees is up to where all is received.
      const seq = user.earlier.has(text) ? store.seqOf(user.name, to.user, text) : undefined;
      if (seq === undefined || seq > (user.received.get(to.user) ?? 0)) problems.push(`${text} is not delivered`);
    }
    if (new Set(user.delivered).size !== user.delivered.length) problems.push(`${user.name}: delivered twice`);
    const last = new Map<string, number>();
    for (const { from, text } of user.shown) {
      const number = Number(text.split(" ")[1]);
      if (number <= (last.get(from) ?? 0)) problems.push(`${user.name}: ${text} came after a later one`);
      last.set(from, number);
    }
  }
  return problems;
}
