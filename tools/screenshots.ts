import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { limits } from "../lib/core/limits.ts";
import { openLog, RecentLog } from "../lib/core/log.ts";
import { LISTENERS } from "../lib/protocols/listener_table.ts";
import { openServer } from "../lib/server/server.ts";
import { Chromium, type Person } from "../tests/support/chromium.ts";
import { RawNative } from "../tests/support/native.ts";
import { Folder } from "../tests/support/programs.ts";
import { Random } from "../tests/support/random.ts";

/**
 * Takes the README's pictures of the pages: a real server, people who chat, and a real Chromium.
 *
 *   deno task screenshots       writes docs/page-chat.png, docs/page-phone.png and docs/page-server.png
 */

const docs = join(import.meta.dirname!, "..", "docs");
const DESKTOP = { viewport: { width: 960, height: 600 }, deviceScaleFactor: 2 };
const PHONE = { viewport: { width: 375, height: 600 }, deviceScaleFactor: 2, colorScheme: "dark" } as const;
const SERVER = { viewport: { width: 1080, height: 1136 }, deviceScaleFactor: 1.5 };
const NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];
const ROOMS = ["mass-spec", "tea"];
/** Seconds of activity before the pictures, which the plots show. */
const BUSY_SECONDS = 290;

/** The messages in the lobby: sender, text, and minutes since the one before. */
const TALK = [
  ["carol", "Oven 2 is free from four on, if somebody wants it.", 0],
  ["bob", "I do. The second batch is not dry yet.", 1],
  ["alice", "Leave it at 60 °C, then. The last ones cracked at 80.", 1],
  ["dave", "Whose beaker stands in the sink? It says C-14 on it.", 6],
  ["carol", "Mine, and the C is for carol. I will fetch it.", 1],
  ["erin", "The night run: 41.7, 41.9, 41.8. So it was the valve.", 9],
  ["erin", "All of it is in the file.", 0],
] as const;

/** The messages between alice and bob. */
const PRIVATE = [
  ["bob", "Do you have the key of the cold room?", 2],
  ["alice", "It hangs behind the door, on the left.", 1],
  ["bob", "Found it. Shall I bring your samples up, too?", 3],
] as const;

// The pictures always show the same time; while they are taken the clock runs on, and is set forward at times.
const wall = performance.now.bind(performance);
let ahead = new Date(2026, 4, 12, 13, 42, 5).getTime() - performance.timeOrigin - wall();
performance.now = () => wall() + ahead;
Date.now = () => Math.round(performance.timeOrigin + performance.now());

const recent = new RecentLog();
openLog({ level: "info", json: false, write: () => {}, keep: (line) => recent.add(line) });
using folder = new Folder();
const server = await openServer(
  {
    host: "127.0.0.1",
    listeners: {
      im: LISTENERS.im.usualPort,
      "address-book": LISTENERS["address-book"].usualPort,
      mailbox: LISTENERS.mailbox.usualPort,
      lobby: LISTENERS.lobby.usualPort,
      web: LISTENERS.web.usualPort,
    },
    data: folder.path,
    trace: false,
    limits: limits({ idleMs: 3_600_000 }),
    log: recent,
  },
  decodeUsers(NAMES.map((name) => `${name} 12345`).join("\n")) as Accounts,
  () => {},
);

/** Sets the clock forward, and lets the server notice. */
async function pass(seconds: number): Promise<void> {
  // Earlier messages must have the earlier time.
  await delay(60);
  ahead += seconds * 1000;
  await delay(60);
}

const people = new Map<string, RawNative>();
/** The last number that each client has received; acknowledged once a second. */
const heard = new Map<string, number>();

async function come(name: string): Promise<void> {
  const client = await RawNative.join({ port: LISTENERS.im.usualPort }, name);
  people.set(name, client);
  await client.send({ type: "resume", client: name, answered: 0 });
  for (const room of ROOMS) await client.send({ type: "join", ref: 1, room });
  listen(name, client);
}

async function listen(name: string, client: RawNative): Promise<void> {
  try {
    for (;;) {
      const { seq } = await client.take();
      if (typeof seq === "number") heard.set(name, seq);
    }
  } catch { /* it has left */ }
}

/** The last number that each client has said something under. */
const said = new Map<string, number>();
async function say(name: string, where: Record<string, string>, text: string): Promise<void> {
  const number = (said.get(name) ?? 0) + 1;
  said.set(name, number);
  await people.get(name)!.send({ type: "say", number, ...where, text });
}

async function acknowledge(): Promise<void> {
  for (const [name, seq] of heard) await people.get(name)?.send({ type: "ack", seq });
}

/** Sends messages for some minutes, to fill the plots. */
async function beBusy(): Promise<void> {
  const random = new Random(7);
  for (let second = 0; second < BUSY_SECONDS; second++) {
    const most = 2 + Math.round(2 * Math.sin(second / 23) + (second > 150 && second < 190 ? 4 : 0));
    for (let i = random.whole(0, most); i > 0; i--) {
      await say(random.pick([...people.keys()]), { room: "mass-spec" }, `reading ${second}.${i}`);
    }
    await delay(20);
    await acknowledge();
    await pass(1);
  }
  await acknowledge();
}

async function talk(
  lines: readonly (readonly [string, string, number])[],
  where: (name: string) => Record<string, string>,
) {
  for (const [name, text, minutes] of lines) {
    await pass(minutes * 60 + 1);
    await say(name, where(name), text);
    await acknowledge();
  }
  await pass(1);
  await acknowledge();
}

async function open(chromium: Chromium, path: string, options: Parameters<Chromium["person"]>[1]): Promise<Person> {
  const person = await chromium.person("about:blank", options);
  // The messages are from today, as the page sees it.
  await person.page.addInitScript((now) => void (Date.now = () => now), Date.now());
  await person.page.goto(`http://127.0.0.1:${LISTENERS.web.usualPort}${path}`);
  return person;
}

async function shoot({ page }: Person, name: string): Promise<void> {
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(docs, `${name}.png`), animations: "disabled", caret: "hide" });
}

try {
  for (const name of NAMES) if (name !== "grace") await come(name);
  await talk(TALK, () => ({ room: "lobby" }));
  await talk(PRIVATE, (name) => ({ to: name === "bob" ? "alice" : "bob" }));
  await beBusy();
  await using chromium = await Chromium.launch();

  await using server = await open(chromium, "/server", SERVER);
  await server.page.locator("#log li").first().waitFor();
  await server.page.locator("path.line.main[d*=L]").first().waitFor({ state: "attached" });
  await shoot(server, "page-server");

  await using erin = await open(chromium, "/", DESKTOP);
  await erin.login("erin");
  await erin.offer("night run.csv", new Uint8Array(48_200));
  await erin.sees("night run.csv", "offered");
  await using alice = await open(chromium, "/", DESKTOP);
  await alice.login("alice");
  await alice.sees("night run.csv");
  await alice.say("Thank you! I will look at it at once.");
  await alice.sees("Thank you!", "sent");
  await say("bob", { to: "alice" }, "And the ones on the second shelf?");
  await say("dave", { room: "tea" }, "Cake is in the kitchen.");
  await alice.place("bob").filter({ hasText: "unread" }).waitFor();
  await alice.place("tea").filter({ hasText: "unread" }).waitFor();
  await shoot(alice, "page-chat");

  await using phone = await open(chromium, "/", PHONE);
  await phone.login("alice");
  await phone.go("bob");
  await phone.sees("second shelf");
  await phone.say("Yes, please. All of them.");
  await phone.sees("All of them", "sent");
  await acknowledge();
  await phone.sees("All of them", "delivered");
  await shoot(phone, "page-phone");
} finally {
  for (const client of people.values()) client.close();
  await server.stop();
}
