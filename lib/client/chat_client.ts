import { LOBBY } from "../chat/names.ts";
import { Fault } from "../core/errors.ts";
import { REPLY_BYTES } from "../core/limits.ts";
import { LineDecoder } from "../core/line_decoder.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { ImClientSession, type Question } from "../protocols/im/client.ts";
import { LA } from "../protocols/im/lines.ts";
import type { Direction, Link } from "../protocols/session.ts";
import { formatAddress } from "../core/address.ts";
import { clock } from "../net/clock.ts";
import { type NativeSide, ReconnectingClient, type ReconnectingClientHooks } from "./reconnecting_client.ts";
import { connect } from "../net/dial.ts";
import { ImConnection } from "./im_connection.ts";

/** What a chat client tells besides. */
export interface ChatHooks extends ReconnectingClientHooks {
  /** Takes one typed line as the answer to this; it comes by `typed`. */
  ask(question: Question | "new password" | "password again" | null): void;
  /** A line of the IM handout, while or since that is what is spoken. */
  raw(line: string): void;
  /** The server speaks the handout's protocol and no other: we go on as its client. */
  handoutOnly(): void;
  trace?(who: string, link: Link, direction: Direction, line: string): void;
}

const CONNECT_MS = 10_000;
/** Of silence before the server is asked whether it is there; as long again without an answer, and it is not. */
const SILENCE_MS = 20_000;

/** A client that logs in at the IM door and goes on in our own protocol, where the server can; as a handout client where not. */
export class ChatClient<T extends NativeSide> extends ReconnectingClient<T> {
  #im: ImClientSession | undefined;
  #name: string | undefined;
  #password: string | undefined;
  #asked: Question | null = null;
  #typedPassword: string | undefined;
  /** Somebody who registers: the name, and the password once it was typed. */
  #newcomer: { readonly name: string; password?: string } | undefined;
  /** Our own protocol was spoken once: from then on a lost connection is no end. */
  #wasNative = false;
  #handoutOnly = false;

  constructor(
    readonly where: { host: string; port: number },
    who: { name?: string | undefined; password?: string | undefined },
    readonly chatHooks: ChatHooks,
    native: T,
  ) {
    super(chatHooks, () => this.#dial(), native);
    this.#name = who.name;
    this.#password = who.password;
  }

  /** The handout's part that goes on now; undefined once our own protocol is spoken. */
  get im(): ImClientSession | undefined {
    return this.#im;
  }

  /** A line was typed as the answer to `ask`. */
  typed(line: string): void {
    if (this.#asked === "name" || this.#newcomer) {
      if (this.#registers(line)) return;
    }
    // What lets us in is needed again when the connection is lost.
    if (this.#asked === "password") this.#typedPassword = line;
    this.#im?.typed(line);
  }

  /** At the name prompt `/register NAME` asks for a new password, twice; whether the line belongs to that. */
  #registers(line: string): boolean {
    const newcomer = this.#newcomer;
    if (!newcomer) {
      const [, name] = /^\/register\s+(\S+)\s*$/.exec(line) ?? [];
      if (name === undefined) return false;
      this.#newcomer = { name };
      this.chatHooks.ask("new password");
      return true;
    }
    if (newcomer.password === undefined) {
      newcomer.password = line;
      this.chatHooks.ask("password again");
      return true;
    }
    this.#newcomer = undefined;
    if (line === newcomer.password) {
      this.#typedPassword = line;
      this.#im?.register(newcomer.name, line);
    } else {
      this.chatHooks.refused("the two passwords differ; nothing is registered");
      this.chatHooks.ask("name");
    }
    return true;
  }

  async #dial(): Promise<void> {
    const { host, port } = this.where;
    try {
      this.#begin(new ImConnection(await connect(host, port, CONNECT_MS)));
    } catch (error) {
      this.down(`cannot connect to ${formatAddress({ hostname: host, port })}: ${reason(error)}`);
    }
  }

  #begin(net: ImConnection): void {
    const { chatHooks: hooks } = this;
    const lines = new LineDecoder(REPLY_BYTES, decodeLossy);
    const trace = hooks.trace;
    let native = false;
    let over = false;
    const gone = (why: string) => {
      if (over) return;
      over = true;
      net.close().then(() => this.down(why));
    };
    let heardAt = clock();
    let asked = false;
    const received = (bytes: Uint8Array) => {
      heardAt = clock();
      asked = false;
      lines.push(bytes);
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        if (line instanceof Fault) return gone(`the server sent what cannot be read: ${line.message}`);
        trace?.(im.name, LA, "down", line);
        this.received(line);
      }
      this.turn();
    };
    const im: ImClientSession = new ImClientSession({
      write: (link, bytes) => net.write(link, bytes),
      expectLink: () => net.expect(),
      linked: () => net.linked(),
      show: (link, line) => this.#handoutLine(im.name, link, line),
      ask: (question) => {
        this.#asked = question;
        hooks.ask(question);
      },
      native: (rest) => {
        native = this.#wasNative = true;
        this.#im = undefined;
        this.#name = im.name;
        this.#password ??= this.#typedPassword;
        this.up({
          send: (json) => {
            trace?.(im.name, LA, "up", json);
            net.write(LA, encodeText(`${json}\n`));
          },
          close: () => gone("left"),
        });
        this.use((native) => native.start(im.name));
        received(rest);
      },
      notRegistered: (why) => hooks.refused(`not registered: ${why}`),
      handoutOnly: () => {
        this.#handoutOnly = true;
        hooks.handoutOnly();
      },
      end: (status, why) => {
        if (!this.#wasNative) return void net.close().then(() => hooks.ended(status, why));
        gone(why ?? "the server ended the session");
      },
      ...(trace ? { trace: (link, direction, line) => trace(im.name || "-", link, direction, line) } : {}),
    }, { port: net.port, name: this.#name, password: this.#password, offer: true });
    this.#im = im;
    net.start({
      open: () => im.open(),
      push: (link, bytes) => native && link === LA ? received(bytes) : im.push(link, bytes),
      closed: (link, ending, now) => {
        if (!native) return im.closed(link, ending, now);
        if (link === LA) gone(ending === "broken" ? "the connection is lost" : "the server closed the connection");
      },
      tick: (now) => {
        if (!native) return im.tick(now);
        // A connection whose address is no more ours ends nowhere, whatever else says that the server is there.
        if (now - heardAt < SILENCE_MS || over) return;
        if (asked) return gone(`no answer from the server for ${SILENCE_MS / 1000} s`);
        asked = true;
        heardAt = now;
        this.use((native) => native.ping());
      },
    });
  }

  /** A line that comes before our own protocol is spoken, or where it never is. */
  #handoutLine(name: string, link: Link, line: string): void {
    if (this.#handoutOnly) return this.chatHooks.raw(line);
    if (link === LA) {
      return line.startsWith("101") || line.startsWith("201") ? undefined : this.chatHooks.refused(
        `the login is refused: wrong name or password, or an IM client of that name is online (${line})`,
      );
    }
    const [, scope, from, text] = /^\/(from|broadcastfrom) (\S+) (.*)$/s.exec(line) ?? [];
    if (from === undefined) return this.chatHooks.raw(line);
    const to = scope === "from" ? { user: name } : { room: LOBBY };
    const said = { seq: 0, from, to, text: text!, time: Date.now() };
    this.chatHooks.show({ type: "message", message: said, own: false });
  }

  /** Ctrl-C. */
  interrupted(): void {
    if (this.#im && !this.#wasNative) this.#im.interrupted(clock());
    else this.stop(130);
  }

  /** Nothing more will be typed. */
  inputEnded(): void {
    if (this.#im && !this.#wasNative) this.#im.inputEnded();
    else this.leave();
  }
}
