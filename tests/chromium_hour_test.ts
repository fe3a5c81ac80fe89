import { assertEquals, equal } from "@std/assert";
import { Cable } from "./support/cable.ts";
import { Chromium, type Person } from "./support/chromium.ts";
import {
  conversationOf,
  expectedView,
  HANDOUT,
  HourModel,
  type PageModel,
  type PageView,
  type User,
} from "./support/hour_model.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { Random } from "./support/random.ts";
import { HASHED_USERS, RawClient, RECEIPT } from "./support/test_server.ts";
import { becomes, until } from "./support/wire.ts";

// An hour of use, in short: alice has two tabs and a phone, bob a desktop, and jacky the IM handout's client. After each step
// every page and the handout's client are compared with a model, and so with each other.

/** More of them with PARTYLINE_STEPS: 60 take a minute and a half. */
const STEPS = Number(Deno.env.get("PARTYLINE_STEPS") ?? 20);
const SEED = 3;
const QUIET_MS = 60_000;
/** High enough that all messages are in the document. */
const DESKTOP = { width: 1100, height: 3000 };
const PHONE = { width: 390, height: 3000 };
const why = Chromium.program() === undefined ? "Chromium is not installed" : undefined;
const skip = why !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");

/** A page and what it must show. */
interface Device {
  readonly name: string;
  person: Person;
  readonly model: PageModel;
  readonly cable: Cable;
  readonly isPhone: boolean;
}

/** What a page shows; a function of the page, where there are no types of ours. */
const READ_PAGE = `(() => {
  const text = (element) => element?.textContent ?? "";
  const rows = [...document.querySelectorAll("#messages > li")].map((row) => {
    if (row.matches(".line")) return text(row);
    const from = text(row.querySelector(":scope > .from bdi, :scope > .unseen bdi"));
    const state = text(row.querySelector(".state .unseen"));
    const edited = text(row.querySelector(".versions")) === "edited" ? " edited" : "";
    return from + ": " + text(row.querySelector(".text")) + (state === "" ? "" : " " + state) + edited;
  });
  const isOpen = document.querySelector("#chat").dataset.pane === "main" && !document.querySelector("#heading").hidden;
  const unread = [...document.querySelectorAll("#places button")].flatMap((button) => {
    const count = /(\\d+) unread/.exec(text(button));
    return count ? [text(button.querySelector(".name")) + " " + count[1]] : [];
  });
  return {
    open: isOpen ? text(document.querySelector("#title")) : "",
    rows: isOpen ? rows : [],
    unread: unread.sort(),
    title: /^\\(\\d+\\)/.exec(document.title)?.[0] ?? "",
  };
})()`;

/** Lines that are not messages, but for the one before what is new. */
function isOrnament(row: string): boolean {
  return row === "Start of the conversation" || row === "Today" || row === "Yesterday";
}

async function viewOf({ person }: Device): Promise<PageView> {
  const view = await person.page.evaluate(READ_PAGE) as PageView;
  return { ...view, rows: view.rows.filter((row) => !isOrnament(row)) };
}

/** The IM handout's client, which confirms what it receives. */
class HandoutClient {
  readonly lines: string[] = [];
  confirms = true;
  #client: RawClient | undefined;

  async enter(port: number): Promise<void> {
    const client = this.#client = await RawClient.open(port);
    this.confirms = true;
    await client.login(HANDOUT, "12345");
    void this.#take(client);
  }

  leave(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  /** Sends a message; whether it was delivered. */
  async say(place: string, text: string): Promise<boolean> {
    const line = place === "lobby" ? `/toall ${text}` : `/to ${place} ${text}`;
    return await this.#client!.la.ask(line) === "303 Message delivery successful";
  }

  async #take(client: RawClient): Promise<void> {
    while (client === this.#client) {
      try {
        this.lines.push(await client.lb.line());
        if (this.confirms) await client.lb.send(RECEIPT);
      } catch { /* nothing has come, or it has left */ }
    }
  }
}

class Hour {
  readonly model = new HourModel();
  readonly handout = new HandoutClient();
  readonly devices: Device[] = [];
  readonly done: string[] = [];
  readonly #random = new Random(SEED);
  readonly #folder: Folder;
  readonly #users: string;
  readonly #cables: Cable[];
  #server: Running | undefined;
  #ports = { im: 0, web: 0 };
  #said = 0;

  constructor(folder: Folder, cables: Cable[]) {
    this.#folder = folder;
    this.#users = folder.write("users.txt", HASHED_USERS);
    this.#cables = cables;
  }

  async startServer(): Promise<void> {
    const args = ["0", this.#users, "--host", "127.0.0.1", "--web", "0", "--data", "data", "--receipt-ms", "60000"];
    const server = this.#server = new Running(SOURCES, "server", args, this.#folder.path);
    const port = async (name: string) => Number((await server.printed(new RegExp(`^${name} .*:(\\d+)/?$`, "m")))[1]);
    this.#ports = { im: await port("im listening on"), web: await port("web listening on") };
    for (const cable of this.#cables) cable.plug(this.#ports.web);
  }

  /** kill -9. */
  async killServer(): Promise<void> {
    for (const { model } of this.devices) this.model.lost(model);
    this.handout.leave();
    this.model.handoutLeft();
    await this.#server?.[Symbol.asyncDispose]();
    for (const cable of this.#cables) cable.pull();
  }

  async add(name: string, person: Person, user: User, cable: Cable, isPhone = false): Promise<Device> {
    const device: Device = { name, person, model: this.model.page(user), cable, isPhone };
    this.devices.push(device);
    if (!isPhone) this.model.open(device.model, "lobby");
    this.model.connected(device.model);
    await this.quiet(`${name} is there`);
    return device;
  }

  async enterHandout(): Promise<void> {
    await this.handout.enter(this.#ports.im);
    this.model.handoutCame();
  }

  /** Waits until all that are connected show what they must, and compares. */
  async quiet(step: string): Promise<void> {
    this.done.push(step);
    const until = Date.now() + QUIET_MS;
    for (const device of this.devices) {
      const { model } = device;
      if (!model.isConnected) continue;
      for (;;) {
        const found = await viewOf(device);
        const options = model.newAtOptions.length > 0 ? model.newAtOptions : [model.newAt];
        const fits = options.find((option) => equal(found, expectedView(this.model, { ...model, newAt: option })));
        if (fits !== undefined || options.some((o) => equal(found, expectedView(this.model, { ...model, newAt: o })))) {
          model.newAt = fits;
          model.newAtOptions = [];
          break;
        }
        if (Date.now() > until) {
          const expected = expectedView(this.model, { ...model, newAt: options.at(-1) });
          assertEquals(found, expected, `${device.name}, after:\n${this.done.slice(-12).join("\n")}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    const { handoutLines } = this.model;
    while (this.handout.lines.length < handoutLines.length && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(this.handout.lines, handoutLines, `${HANDOUT}, after:\n${this.done.slice(-12).join("\n")}`);
  }

  async step(): Promise<void> {
    const random = this.#random;
    const steps: [number, () => Promise<string | undefined>][] = [
      [10, () => this.#say()],
      [8, () => this.#go()],
      [2, () => this.#reload()],
      [3, () => this.#cut()],
      [5, () => this.#plug()],
      [5, () => this.#handoutSays()],
      [2, () => this.#handoutComesOrGoes()],
      [1, () => this.#handoutOwesReceipt()],
      [3, () => this.#change()],
      [2, () => this.#twoAtOnce()],
      [1, () => this.restart(random.chance(0.6))],
    ];
    const sum = steps.reduce((all, [weight]) => all + weight, 0);
    let done: string | undefined;
    while (done === undefined) {
      let at = random.next() * sum;
      const [, play] = steps.find(([weight]) => (at -= weight) < 0)!;
      done = await play();
    }
    await this.quiet(done);
  }

  /** Everything is connected again. */
  async restart(saysBefore: boolean): Promise<string> {
    const device = this.#device(({ model }) => model.isConnected && model.open !== undefined && model.open !== HANDOUT);
    const isFree = this.devices.every(({ model }) => model.pending.length === 0);
    const text = device && saysBefore && isFree ? this.#text(device) : undefined;
    // The message may be stored already or not: it comes once all the same.
    if (text !== undefined) await device!.person.say(text);
    await this.killServer();
    if (text !== undefined) this.#pend(device!, text);
    await this.startServer();
    // The handout's client may have been told in time.
    const told = this.handout.lines[this.model.handoutLines.length];
    if (text !== undefined && told?.endsWith(text)) this.model.handoutLines.push(told);
    for (const device of this.devices) await this.#connects(device);
    return `the server is killed and started again${text === undefined ? "" : `, as ${device!.name} says ${text}`}`;
  }

  #device(fits: (device: Device) => boolean): Device | undefined {
    const found = this.devices.filter(fits);
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  #text({ name }: { readonly name: string }): string {
    return `text ${++this.#said} of ${name}`;
  }

  #pend({ model }: Device, text: string): void {
    const said = { from: model.user, text, state: "sent" as const, change: "" as const };
    model.pending.push({ place: model.open!, said });
  }

  async #connects({ person, model }: Device): Promise<void> {
    await person.reconnects();
    if (!model.isConnected) this.model.connected(model);
  }

  async #say(): Promise<string | undefined> {
    const device = this.#device(({ model }) => model.open !== undefined);
    if (!device) return undefined;
    const { model, person, name } = device;
    // Of the tabs of one cable only one writes meanwhile: which of them connects first is not known.
    if (!model.isConnected && this.devices.some((each) => each !== device && each.model.pending.length > 0)) return;
    const text = this.#text(device);
    await person.say(text);
    if (model.isConnected) this.model.say(model.user, model.open!, text);
    else {
      await person.sees(text, "sending");
      this.#pend(device, text);
    }
    return `${name} says ${text} to ${model.open}`;
  }

  async #go(): Promise<string | undefined> {
    const device = this.#random.pick(this.devices);
    const { model, person, name, isPhone } = device;
    const isBack = isPhone && model.open !== undefined;
    if (isBack) {
      await person.page.getByRole("button", { name: "Back to the list" }).click();
      await person.page.locator("#chat[data-pane=side]").waitFor();
      this.model.open(model, undefined);
      if (this.#random.chance(0.5)) return `${name} goes back to the list`;
    }
    const place = this.#random.pick(this.model.placesOf(model.user).filter((place) => place !== model.open));
    await person.go(place);
    this.model.open(model, place);
    return `${name} goes to ${place}`;
  }

  async #reload(): Promise<string | undefined> {
    const device = this.#device(({ model }) => model.isConnected);
    if (!device) return undefined;
    const { model, person, name } = device;
    await person.page.reload();
    await person.connected();
    model.newAt = undefined;
    return `${name} is loaded again`;
  }

  async #cut(): Promise<string | undefined> {
    // One at a time, and never all of alice's.
    if (this.devices.some(({ model }) => !model.isConnected)) return undefined;
    const { cable } = this.#random.pick(this.devices);
    cable.pull();
    const lost = this.devices.filter((each) => each.cable === cable);
    for (const { person, model } of lost) {
      this.model.lost(model);
      await person.shows("Connection lost");
    }
    return `${lost.map(({ name }) => name).join(", ")}: the network is gone`;
  }

  async #plug(): Promise<string | undefined> {
    const cut = this.devices.filter(({ model }) => !model.isConnected);
    if (cut.length === 0) return undefined;
    cut[0]!.cable.plug(this.#ports.web);
    for (const device of cut) await this.#connects(device);
    return `${cut.map(({ name }) => name).join(", ")}: the network is back`;
  }

  async #handoutSays(): Promise<string | undefined> {
    const places = ["lobby", "alice", "bob"].filter((place) => place === "lobby" || this.model.isOnline(place));
    if (!this.model.isHandoutIn) return undefined;
    const place = this.#random.pick(places);
    const text = this.#text({ name: HANDOUT });
    const isDelivered = await this.handout.say(place, text);
    assertEquals(isDelivered, true, `${HANDOUT} to ${place}`);
    this.model.say(HANDOUT, place, text);
    return `${HANDOUT} says ${text} to ${place}`;
  }

  async #handoutComesOrGoes(): Promise<string> {
    if (this.model.isHandoutIn) {
      this.handout.leave();
      this.model.handoutLeft();
      for (const { person } of this.#connected()) await isShown(person, HANDOUT, false);
      return `${HANDOUT} leaves`;
    }
    await this.enterHandout();
    for (const { person } of this.#connected()) await isShown(person, HANDOUT, true);
    return `${HANDOUT} comes`;
  }

  /** A message reaches the handout's client, which leaves without a receipt. */
  async #handoutOwesReceipt(): Promise<string | undefined> {
    const device = this.#device(({ model }) => model.isConnected && model.open === HANDOUT);
    if (!device || !this.model.isHandoutIn) return undefined;
    this.handout.confirms = false;
    const text = this.#text(device);
    const said = this.model.say(device.model.user, HANDOUT, text);
    await device.person.say(text);
    const count = this.model.handoutLines.length;
    await until(() => this.handout.lines.length === count, "the message is there");
    this.handout.leave();
    this.model.handoutLeft(said);
    return `${HANDOUT} leaves without a receipt for ${text}`;
  }

  /** The last own message of the open conversation is edited or withdrawn. */
  async #change(): Promise<string | undefined> {
    const device = this.#device(({ model }) => model.isConnected && model.open !== undefined);
    if (!device) return undefined;
    const { model, person, name } = device;
    const place = model.open!;
    const said = this.model.messages(model.user, place).findLast(({ from, state, change }) =>
      from === model.user && state !== "failed" && change !== "withdrawn"
    );
    if (!said) return undefined;
    const field = person.page.getByRole("textbox", { name: "Message" });
    await field.press("ArrowUp");
    await person.shows("Editing your message");
    await becomes(() => field.inputValue(), said.text);
    if (this.#random.chance(0.4)) {
      await person.page.getByRole("button", { name: "Withdraw it" }).click();
      this.model.withdraw(model.user, place, said);
      return `${name} withdraws a message in ${conversationOf(model.user, place)}`;
    }
    const text = this.#text({ name: `${name}, edited` });
    await field.fill(text);
    await field.press("Enter");
    this.model.edit(model.user, place, said, text);
    return `${name} edits: ${text} in ${conversationOf(model.user, place)}`;
  }

  /** A page and the handout's client say something at the same time, in different conversations. */
  async #twoAtOnce(): Promise<string | undefined> {
    const device = this.#device(({ model }) => model.isConnected && model.open === "bob" || model.open === "alice");
    if (!device?.model.isConnected || !this.model.isHandoutIn) return undefined;
    const [one, other] = [this.#text(device), this.#text({ name: HANDOUT })];
    await Promise.all([device.person.say(one), this.handout.say("lobby", other)]);
    this.model.say(device.model.user, device.model.open!, one);
    this.model.say(HANDOUT, "lobby", other);
    return `${device.name} says ${one} to ${device.model.open} as ${HANDOUT} says ${other}`;
  }

  #connected(): Device[] {
    return this.devices.filter(({ model }) => model.isConnected);
  }
}

/** Waits until a page shows whether a user is online. */
async function isShown(person: Person, name: string, isOnline: boolean): Promise<void> {
  await person.place(name).filter({ hasText: "online" }).first()
    .waitFor({ state: isOnline ? "attached" : "detached" });
}

Deno.test({
  name: skip
    ? `an hour of use (skipped: ${why})`
    : "an hour of two users of the page, on four devices, and one of the handout's client: unread, states and reading are equal on all",
  ignore: skip,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    using folder = new Folder();
    await using cables = new AsyncDisposableStack();
    const [tabs, mobile, desk] = [0, 1, 2].map(() => cables.use(new Cable(0))) as [Cable, Cable, Cable];
    const hour = new Hour(folder, [tabs, mobile, desk]);
    await using end = new AsyncDisposableStack();
    end.defer(() => hour.killServer());
    await hour.startServer();
    const chromium = end.use(await Chromium.launch());
    const address = ({ port }: Cable) => `http://127.0.0.1:${port}/`;
    const enter = (user: User, cable: Cable, viewport: typeof DESKTOP) =>
      chromium.user(address(cable), user, { viewport }).then((person) => end.use(person));
    const first = await enter("alice", tabs, DESKTOP);
    await hour.add("alice's first tab", first, "alice", tabs);
    const second = end.use(await first.window(address(tabs)));
    await second.isIn("alice");
    await hour.add("alice's second tab", second, "alice", tabs);
    await hour.add("bob's desktop", await enter("bob", desk, DESKTOP), "bob", desk);
    await hour.add("alice's phone", await enter("alice", mobile, PHONE), "alice", mobile, true);
    await hour.enterHandout();
    await hour.quiet(`${HANDOUT} is there`);
    for (let step = 0; step < STEPS; step++) {
      await hour.step();
      // However the steps fall, there are restarts.
      if (step % 20 === 19) await hour.quiet(await hour.restart(true));
    }
  },
});
