import { lookup } from "node:dns/promises";
import type { Target } from "../chat/entry.ts";
import { LOBBY } from "../chat/names.ts";
import { formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import type { MychatListed } from "../protocols/mychat/lists.ts";
import { MychatClient, type MychatClientOutput } from "../protocols/mychat/client.ts";
import { MYCHAT } from "../protocols/mychat/messages.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { ChatTerminal } from "../terminal/chat_terminal.ts";
import type { ChatSide } from "./chat_side.ts";
import { ClientTrace, type TracePlan } from "./client_trace.ts";
import type { ServerAddress } from "./connections.ts";
import type { ProgramEnd } from "./program.ts";
import { Runner } from "./runner.ts";

const LINK = 0;

export interface PlainMailboxOptions extends ServerAddress, TracePlan {
  readonly name: string;
  /** Whether another name can be asked for. */
  readonly interactive: boolean;
  /** How long it tries to connect; undefined for the handout's time. */
  readonly connectMs?: number;
  /** No server of theirs has answered; if undefined, the client ends then. */
  readonly unanswered?: () => void;
}

/** The view of a chat: a terminal, or the server of the page. */
export type PlainMailboxView = Pick<
  ChatTerminal,
  "attempt" | "connected" | "askUsername" | "lobbyIs" | "event" | "chat" | "note" | "problem"
>;

/** A chat at a server of the mailbox authors: runs their client, and shows what it learns. */
export class PlainMailbox implements ChatSide {
  readonly #runner: Runner<MychatClientOutput, MychatClient>;
  readonly #trace: ClientTrace | undefined;
  #socket: DatagramSocket | undefined;
  #address: { readonly hostname: string; readonly port: number } | undefined;
  readonly #sent = new Map<number, Target>();
  #joined = false;
  /** The exit status if the user leaves before the server has answered, or by Ctrl-C. */
  #status: number | undefined;
  #connected = false;
  #seq = 0;

  constructor(
    readonly options: PlainMailboxOptions,
    readonly terminal: PlainMailboxView,
    readonly end: (end: ProgramEnd) => void,
  ) {
    const machine = new MychatClient(...(options.connectMs === undefined ? [] : [options.connectMs]));
    this.#runner = new Runner(machine, (output) => this.#perform(output));
    this.#trace = ClientTrace.open(options, {
      links: ["udp"],
      framing: "pieces",
      name: () => machine.name,
      show: (line) => terminal.note(line),
    });
  }

  async start(): Promise<void> {
    const { host, port, name } = this.options;
    try {
      const { address, family } = await lookup(host, { family: 4 }).catch(() => lookup(host));
      this.#address = { hostname: address, port };
      this.#socket = new DatagramSocket({ hostname: family === 6 ? "::" : "0.0.0.0", port: 0 }, {
        received: (from, datagram) => this.#received(from, datagram),
        flush: () => {},
        tick: () => {},
        wakeAt: () => Infinity,
      });
    } catch (error) {
      return this.end({ status: 1, why: reason(error) });
    }
    this.#trace?.opened();
    this.#socket.begin();
    this.name(name);
  }

  name(name: string): void {
    this.#runner.input((client, now) => client.connect(name, now));
  }

  password(): void {}

  say(to: Target, text: string): { id: string } | { why: string } {
    if ("room" in to && to.room !== LOBBY) return { why: `this server has one group, ${MYCHAT}` };
    const id = this.#runner.input((client, now) => client.say("user" in to ? to.user : undefined, text, now));
    this.#sent.set(id, to);
    return { id: String(id) };
  }

  ask(question: Parameters<ChatSide["ask"]>[0]): void {
    switch (question.type) {
      case "users":
        return this.#runner.input((client, now) => client.askUsers(now));
      case "rooms":
        // The only group is known without asking; the server does not report its number of members.
        return this.terminal.event({ type: "rooms", rooms: [{ name: LOBBY, members: 0, joined: this.#joined }] });
      case "join":
        if (question.room === LOBBY) return this.#runner.input((client, now) => client.join(now));
        return this.terminal.event({ type: "denied", why: `this server has one group, ${MYCHAT}` });
      case "history": {
        const { of } = question;
        if ("user" in of) return this.#runner.input((client, now) => client.askConversation(of.user, now));
        return this.#runner.input((client, now) => client.askGroup(now));
      }
      default: {
        const why = `this server speaks the mailbox authors' protocol, which has no /${question.type}`;
        return this.terminal.event({ type: "denied", why });
      }
    }
  }

  amend(): { why: string } {
    return { why: "this server speaks the mailbox authors' protocol, in which nothing is changed" };
  }

  /** A conversation is opened: what was said in it is asked for. */
  entered(to: Target): void {
    if ("user" in to) this.ask({ type: "history", of: to, limit: 0 });
  }

  file(): void {
    this.terminal.problem("this server speaks the mailbox authors' protocol, which has no files");
  }

  leave(): void {
    this.#status ??= this.#connected ? 0 : 1;
    this.#runner.input((client, now) => client.leave(now));
  }

  interrupt(): void {
    this.#status = 130;
    this.#runner.input((client, now) => client.stop(now));
  }

  async close(): Promise<void> {
    this.#runner.close();
    await this.#socket?.close();
    await this.#trace?.close();
  }

  #received(from: { hostname: string; port: number }, datagram: Uint8Array): void {
    if (from.hostname !== this.#address?.hostname || from.port !== this.#address.port) return;
    this.#trace?.received(LINK, datagram);
    this.#runner.input((client, now) => client.receive(datagram, now));
  }

  #perform(output: MychatClientOutput): void {
    const { terminal } = this;
    switch (output.type) {
      case "send":
        this.#socket?.send(this.#address!, output.datagram);
        return this.#trace?.tap(LINK).sent(output.datagram);
      case "attempt":
        return terminal.attempt();
      case "connected":
        this.#connected = true;
        terminal.connected();
        terminal.lobbyIs(MYCHAT);
        terminal.event({
          ...{ type: "loggedIn", name: output.name, rooms: [] },
          ...{ again: false, storeChanged: false, searches: false },
        });
        return terminal.chat();
      case "refused":
        return this.#refused();
      case "users":
        return terminal.event({ type: "users", users: output.users });
      case "joined":
        this.#joined = true;
        return terminal.event({ type: "joined", room: LOBBY, members: 0 });
      case "list": {
        const of = output.with === undefined ? { room: LOBBY } : { user: output.with };
        const messages = output.messages.map((each) => this.#shown(each, of));
        return terminal.event({ type: "history", of, messages, more: false });
      }
      case "message": {
        const to = output.to === undefined ? { room: LOBBY } : { user: output.to };
        return terminal.event({ type: "message", message: this.#shown(output.message, to), own: false });
      }
      case "sent":
      case "delivered":
      case "failed":
        return this.#state(output);
      case "unanswered":
        return terminal.event({ type: "denied", why: `the server does not answer ${output.key}` });
      case "ended":
        return this.#ended(output.reached);
    }
  }

  #refused(): void {
    const why = "the server does not take this name";
    this.terminal.connected();
    if (!this.options.interactive) return this.end({ status: 1, why });
    this.terminal.problem(why);
    this.terminal.askUsername();
  }

  #ended(reached: boolean): void {
    if (reached || this.#status !== undefined) return this.end({ status: this.#status ?? 0 });
    if (!this.options.unanswered) {
      const { host: hostname, port } = this.options;
      return this.end({ status: 1, why: `no answer from ${formatAddress({ hostname, port })}` });
    }
    void this.close();
    this.options.unanswered();
  }

  #state(output: Extract<MychatClientOutput, { type: "sent" | "delivered" | "failed" }>): void {
    const to = this.#sent.get(output.id);
    const id = String(output.id);
    if (!to) return;
    // A private message's receipt may still come.
    if (output.type !== "sent" || "room" in to) this.#sent.delete(output.id);
    if (output.type === "failed") return this.terminal.event({ type: "failed", id, to, why: output.why });
    const time = timeOf(output.time);
    if (output.type === "sent") return this.terminal.event({ type: "sent", id, to, time });
    if ("user" in to) this.terminal.event({ type: "delivered", id, to: to.user, time });
  }

  #shown({ from, text, time }: MychatListed, of: Target): ShownMessage {
    const to = "user" in of && from === of.user ? { user: this.#runner.machine.name } : of;
    return { seq: ++this.#seq, from, to, text, time: timeOf(time) };
  }
}

/** The latest time that reads `HH:MM:SS`, since these servers send no date; the present time for any other text. */
function timeOf(text: string): number {
  const now = new Date();
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d)/.exec(text) ?? [];
  if (hours === undefined) return now.getTime();
  const time = new Date(now);
  time.setHours(Number(hours), Number(minutes), Number(seconds), 0);
  // Clocks of two machines differ by a little.
  if (time.getTime() > now.getTime() + 60_000) time.setDate(time.getDate() - 1);
  return time.getTime();
}
