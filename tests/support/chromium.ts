import { Buffer } from "node:buffer";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { becomes, WAIT_MS } from "./wire.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Of no use here; the last two load pages for the address bar of each window, which takes a second of processor time. */
const WITHOUT = [
  "SpareRendererForSitePerProcess",
  "AudioServiceOutOfProcess",
  "Translate",
  "WebRtcHideLocalIpsWithMdns",
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
];
/** It connects to test servers only. */
const FLAGS = [
  "--disable-gpu",
  "--disable-software-rasterizer",
  `--disable-features=${WITHOUT.join(",")}`,
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Two pages of one machine that may have no network connect without a name of it that only multicast resolves.
  "--allow-loopback-in-peer-connection",
  // A name of the test servers that is not this machine's: browsers trust it less.
  "--host-resolver-rules=MAP lab.test 127.0.0.1",
];

/** A real Chromium, with a context for each person. */
export class Chromium {
  private constructor(readonly browser: Browser) {}

  /** The name of the program, if it is installed. */
  static program(): string | undefined {
    return NAMES.find((name) => {
      try {
        return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
      } catch {
        return false;
      }
    });
  }

  static async launch(): Promise<Chromium> {
    const name = Chromium.program();
    if (name === undefined) throw new Error(`there is no Chromium here, by none of these names: ${NAMES.join(", ")}`);
    return new Chromium(await chromium.launch({ executablePath: pathOf(name), args: FLAGS, timeout: WAIT_MS }));
  }

  /** A person with a browser of their own, at this address. */
  async person(address: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.#open(options);
    await person.page.goto(address);
    return person;
  }

  /** A person who is logged in already. */
  async user(address: string, name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.#open(options);
    const response = await person.context.request.post(`${address}login`, { data: { name, password: "12345" } });
    if (!response.ok()) throw new Error(`login of ${name}: ${response.status()} ${await response.text()}`);
    const { key } = await response.json();
    await person.page.goto(address);
    await person.page.evaluate((key) => localStorage.setItem("partyline key", key), key);
    await person.page.reload();
    await person.isIn(name);
    return person;
  }

  async #open(options: BrowserContextOptions): Promise<Person> {
    const context = await this.browser.newContext({
      locale: "en-GB",
      viewport: { width: 1100, height: 720 },
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    return new Person(context, await context.newPage());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

/** One user of the chat page. Its methods act as a person does, and wait for what a person sees. */
export class Person {
  /** Errors in the page. */
  readonly #errors: string[] = [];

  constructor(readonly context: BrowserContext, readonly page: Page) {
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("console", (message) => {
      // Failed connections are reported there too.
      if (/Content Security Policy|Uncaught/.test(message.text())) this.#errors.push(message.text());
    });
  }

  /** Another window of the same browser. */
  async window(address: string): Promise<Person> {
    const person = new Person(this.context, await this.context.newPage());
    await person.page.goto(address);
    return person;
  }

  async login(name: string, password = "12345"): Promise<void> {
    await this.page.getByLabel("Name", { exact: true }).fill(name);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.isIn(name);
  }

  /** Waits until the chat is shown and connected. */
  async isIn(name: string): Promise<void> {
    await this.page.locator("#user", { hasText: name }).waitFor();
    await this.connected();
  }

  async connected(): Promise<void> {
    await this.page.locator("#chat").waitFor();
    await this.page.locator("#connection").waitFor({ state: "hidden" });
  }

  /** Tries to connect now, unless the page has connected by itself meanwhile. */
  async reconnects(): Promise<void> {
    await this.page.locator("#retry").dispatchEvent("click");
    await this.connected();
  }

  /** The entry of this person or room in the list. */
  place(name: string): Locator {
    const exact = new RegExp(`^${name}$`);
    return this.page.locator("#places button", { has: this.page.locator(".name", { hasText: exact }) });
  }

  async go(name: string): Promise<void> {
    // Users who are offline, and with whom nothing was said, are folded away.
    const place = this.place(name);
    const fold = this.page.locator("#offline-fold[aria-expanded=false]");
    await place.or(fold).first().waitFor();
    // In one step: the fold is gone when the last of them comes online.
    if (!await place.isVisible()) {
      await this.page.evaluate("document.querySelector('#offline-fold[aria-expanded=false]')?.click()");
    }
    await place.click();
    await this.isAt(name);
  }

  async isAt(name: string): Promise<void> {
    await this.page.locator("#title", { hasText: new RegExp(`^${name}$`) }).waitFor();
  }

  async say(text: string): Promise<void> {
    const field = this.page.getByRole("textbox", { name: "Message" });
    await field.fill(text);
    await field.press("Enter");
  }

  /** The row with this text in the open conversation. */
  row(text: string): Locator {
    return this.page.locator("#messages > li", { hasText: text });
  }

  /** Waits until a message is shown, with this state if it is an own one. */
  async sees(text: string, state = ""): Promise<void> {
    await this.row(text).filter({ hasText: state }).waitFor();
  }

  /** Waits until this text is visible anywhere. */
  async shows(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Waits until the page is as wide as its window, in which nothing is wider. */
  async fits(width: number): Promise<void> {
    await becomes(() => this.page.evaluate("document.documentElement.scrollWidth"), width);
  }

  /** Waits until the page's title is this. */
  async isTitled(title: string): Promise<void> {
    await becomes(() => this.page.title(), title);
  }

  /** The visible texts of the open conversation. */
  async texts(): Promise<string[]> {
    return await this.page.locator("#messages .text").allTextContents();
  }

  /** Offers a file in the open conversation. */
  async offer(name: string, bytes: Uint8Array): Promise<void> {
    await this.choose(name, bytes);
    // Where files can be left at the server, the user decides.
    const offer = this.page.getByRole("button", { name: "Offer from this page" });
    if (await offer.isVisible()) await offer.click();
  }

  /** Leaves a file at the server for the open conversation. */
  async leave(name: string, bytes: Uint8Array, type?: string): Promise<void> {
    await this.choose(name, bytes, type);
    await this.page.getByRole("button", { name: "Leave at the server" }).click();
  }

  async choose(name: string, bytes: Uint8Array, mimeType = "application/octet-stream"): Promise<void> {
    await this.page.locator("#file").setInputFiles({ name, mimeType, buffer: Buffer.from(bytes) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    if (this.context.pages().length === 0) await this.context.close();
    if (this.#errors.length > 0) throw new Error(`in the page: ${this.#errors.join("; ")}`);
  }
}

function pathOf(program: string): string {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      const path = `${folder}/${program}`;
      if (Deno.statSync(path).isFile) return path;
    } catch { /* not there */ }
  }
  return program;
}
