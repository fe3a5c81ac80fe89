import { isFreeUdpPort } from "../net/free_port.ts";
import type { TableView } from "../peers/event.ts";
import type { PageOutput } from "../protocols/native/single_window.ts";
import { defaultDataFolder } from "../store/identity.ts";
import type { PeerPlan } from "./command_line.ts";
import { type OpenPage, openPage } from "./open_page.ts";
import type { PageHost } from "./page_site.ts";
import { ADDRESS_BOOK_PORT, PeerForm, type PeerStart } from "./peer_form.ts";

/** The page's view of a running peer. */
export interface PeerPageChat extends Pick<PageHost, "pageOpened" | "pageReceived" | "pageClosed"> {
  table(): TableView | undefined;
}

/**
 * The page of a peer: a form with the questions that the command line leaves open, then the chat and the client address table.
 * Its address is shown once it has content: at once with a form, otherwise when the chat begins.
 */
export class PeerPage implements PageHost {
  #open: OpenPage | undefined;
  readonly #filled = Promise.withResolvers<PeerStart>();
  readonly #begun = Promise.withResolvers<void>();
  #start: PeerStart | undefined;
  #chat: PeerPageChat | undefined;

  constructor(readonly plan: PeerPlan, readonly show: (line: string) => void) {
    if (plan.asked.length === 0) this.#fillWith(plan);
    else this.#serve();
  }

  /** Resolves with what the peer starts with, once it is known. */
  get filled(): Promise<PeerStart> {
    return this.#filled.promise;
  }

  get name(): string {
    return this.#start?.name ?? "";
  }

  get isLoggedIn(): boolean {
    return this.#chat !== undefined;
  }

  begin(chat: PeerPageChat): void {
    this.#chat = chat;
    this.#begun.resolve();
    this.#serve();
  }

  perform(output: PageOutput): void {
    this.#open?.perform(output);
  }

  async close(): Promise<void> {
    this.#begun.resolve();
    await this.#open?.close();
  }

  form(): unknown {
    if (this.#start) return undefined;
    const { asked, start: { name, udp, table }, freePort } = this.#newForm();
    const port = table && table.port !== ADDRESS_BOOK_PORT ? ` ${table.port}` : "";
    return { asked, name, udp: String(asked.includes("udp") ? freePort : udp), table: table ? table.host + port : "" };
  }

  /** Confirmed when the chat has begun, since the page opens it next. */
  async fill({ name, udp, table }: Readonly<Record<string, unknown>>): Promise<{ readonly why: string } | undefined> {
    if (this.#start) return { why: "the form is confirmed already" };
    const form = this.#newForm();
    const broken = form.fill({ name: textOf(name), udp: textOf(udp), table: textOf(table) });
    if (broken !== undefined) return broken;
    this.#fillWith(form.start);
    await this.#begun.promise;
  }

  table(): TableView | undefined {
    return this.#chat?.table();
  }

  pageOpened(page: number): void {
    this.#chat?.pageOpened(page);
  }

  pageReceived(page: number, json: string): void {
    this.#chat?.pageReceived(page, json);
  }

  pageClosed(page: number): void {
    this.#chat?.pageClosed(page);
  }

  #serve(): void {
    this.#open ??= openPage(this, "Partyline among peers", this.plan.data ?? defaultDataFolder(), this.show);
  }

  #newForm(): PeerForm {
    const { asked, name, udp, table } = this.plan;
    return new PeerForm(asked, { name, udp, table }, isFreeUdpPort);
  }

  #fillWith({ name, udp, table }: PeerStart): void {
    this.#start = { name, udp, table };
    this.#filled.resolve(this.#start);
  }
}

function textOf(field: unknown): string {
  return typeof field === "string" ? field : "";
}
