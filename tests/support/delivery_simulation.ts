import { checkDelivery } from "./delivery_checks.ts";
import { DeliveryDevice } from "./delivery_device.ts";
import { DeliveryServer } from "./delivery_server.ts";
import { DeliveryWorld, USERS } from "./delivery_world.ts";

export interface DeliveryReport {
  readonly seed: number;
  readonly problems: string[];
  readonly confirmed: number;
  readonly shown: number;
  readonly crashes: number;
  readonly failedBatches: number;
  readonly upgrades: number;
  readonly cuts: number;
  readonly stalls: number;
  /** How often a window closed. */
  readonly behind: number;
  /** Private messages of which their senders were told what has become. */
  readonly delivered: number;
  readonly failed: number;
}

const ACTIVE_MS = 60_000;
const CALM_MS = 120_000;

/** Users, devices, cuts, crashes and full disks for a minute; then calm, and what came of it is compared with what was said. */
export function simulateDelivery(seed: number): DeliveryReport {
  const world = new DeliveryWorld(seed);
  const { time, random, problems } = world;
  const server = new DeliveryServer(world);
  const devices = USERS.flatMap((name, i) => {
    const kinds = i === 3 ? [true] : i === 2 ? [false, true] : random.chance(0.5) ? [false, false] : [false];
    return kinds.map((isHandout, number) => new DeliveryDevice(world, server, name, number, isHandout));
  });
  const act = () => {
    const device = random.pick(devices);
    const dice = random.next();
    if (dice < 0.7) {
      const other = random.pick(USERS);
      if (random.chance(0.4)) device.say({ room: "lobby" });
      else if (other !== device.name) device.say({ user: other });
    } else if (dice < 0.75) device.edit();
    else if (dice < 0.85) device.read();
    else if (dice < 0.9) device.upgrade();
    else if (dice < 0.93) (world.cuts++, device.link?.cut());
    else if (dice < 0.94) device.kill();
    else if (dice < 0.97) (world.stalls++, device.link?.stall(random.whole(100, 8000)));
    else if (dice < 0.975) server.disk.crashIn = random.whole(0, 5);
    else if (dice < 0.985) {
      server.disk.isFull = true;
      time.in(random.whole(100, 3000), () => server.disk.isFull = false);
    }
    if (time.now < 1_000_000 + ACTIVE_MS) time.in(random.whole(1, 120), act);
  };
  time.in(3000, act);
  time.pass(ACTIVE_MS);
  time.pass(5000);
  server.disk.isFull = false;
  server.disk.crashIn = Infinity;
  // A handout client that stays one at the end does not count against private messages that wait.
  time.pass(CALM_MS);
  // What is removed once a minute may be asked just now.
  for (let i = 0; i < 50 && !server.hub.isIdle; i++) time.pass(100);
  checkDelivery({ world, server, devices });
  return {
    seed,
    problems: problems.slice(0, 10),
    confirmed: devices.reduce((sum, { confirmed }) => sum + confirmed.size, 0),
    shown: devices.reduce((sum, { shown }) => sum + shown.length, 0),
    crashes: server.crashes,
    failedBatches: server.disk.failedBatches,
    upgrades: world.upgrades,
    cuts: world.cuts,
    stalls: world.stalls,
    behind: world.behind,
    delivered: toldTimes(devices, "delivered"),
    failed: toldTimes(devices, "failed"),
  };
}

function toldTimes(devices: readonly DeliveryDevice[], outcome: string): number {
  return devices.flatMap(({ told }) => [...told.values()].flat()).filter((each) => each === outcome).length;
}
