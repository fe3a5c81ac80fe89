import type { Outputs } from "../../core/machine.ts";
import type { ClientCommands, ImClientOptions, ImClientOutput } from "./client_commands.ts";
import { knownServer, otherServer, questionOf } from "./other_servers.ts";
import { decodeTlsOffer, type TlsOffer } from "./tls_offer.ts";

/** How a login ended. */
export type LoginEnd = "chat" | "native" | { readonly why: string } | { readonly offer: TlsOffer };

type Stage = "idle" | "question" | "name" | "password" | "register" | "login" | "link" | "offer";

/** Why a client ends whose user leaves before the login. */
export const INPUT_ENDED = "the input ended before the login was done";

/**
 * The first part of an IM session: name and password, `/port`, and the offer to continue in the native protocol. A client that
 * offers it first finds out what kind of server answers: it sends no password to one of another kind, and names it.
 */
export class ImLogin {
  /** The name typed last. */
  name = "";
  #stage: Stage = "idle";
  #port = 0;
  /** The password of the account that is being made. */
  #registering = "";
  /** Nothing more will be typed. */
  #inputEnded = false;

  constructor(
    readonly options: ImClientOptions,
    readonly commands: ClientCommands,
    readonly outputs: Pick<Outputs<ImClientOutput>, "push">,
  ) {}

  /** La is connected; the server may connect Lb to `port`. */
  start(port: number): LoginEnd | undefined {
    this.#port = port;
    if (!this.options.offersNative) return this.#begin();
    this.#stage = "question";
    this.commands.send(questionOf(this.options.takesTls ?? false), { hidden: true });
  }

  /** Whether it waits to see what answers. */
  get isAsking(): boolean {
    return this.#stage === "question";
  }

  /** The beginning of a line; whether it shows what answers. */
  received(beginning: string): LoginEnd | undefined {
    const why = this.isAsking ? knownServer(beginning) : undefined;
    return why === undefined ? undefined : { why };
  }

  typed(line: string): void {
    if (this.#stage === "name") {
      this.name = line;
      this.#askPassword();
    } else if (this.#stage === "password") this.#logIn(line);
  }

  /** Makes an account, then logs in with it. */
  register(name: string, password: string): void {
    this.name = name;
    this.#stage = "register";
    this.commands.ask(null);
    this.#registering = password;
    this.commands.send(`/register ${name} ${password}`, { hidden: true });
  }

  inputEnded(): LoginEnd | undefined {
    this.#inputEnded = true;
    return this.#stage === "name" || this.#stage === "password" ? { why: INPUT_ENDED } : undefined;
  }

  /** A reply of the server. */
  receive(line: string): LoginEnd | undefined {
    if (this.#stage === "question") return this.#answered(line);
    if (this.#stage === "register") return this.#registered(line);
    if (this.#stage === "login") return this.#loggedIn(line);
    if (this.#stage === "link") return this.#linked(line);
    if (this.#stage === "offer") return this.#offered(line);
    return hasCode(line, "310") ? { why: "the server has stopped" } : undefined;
  }

  #answered(line: string): LoginEnd | undefined {
    const offer = this.options.takesTls ? decodeTlsOffer(line) : undefined;
    if (offer) return { offer };
    const why = otherServer(line);
    return why === undefined ? this.#begin() : { why };
  }

  #registered(line: string): LoginEnd | undefined {
    if (hasCode(line, "111")) return void this.#logIn(this.#registering);
    const why = /^112 Registration failed: (.*)$/.exec(line)?.[1] ?? `this server makes no accounts (${line})`;
    this.outputs.push({ type: "notRegistered", why });
    if (this.#inputEnded) return { why: INPUT_ENDED };
    this.#prompt("name");
  }

  #loggedIn(line: string): LoginEnd | undefined {
    const { name, password } = this.options;
    if (hasCode(line, "101")) {
      this.#stage = "link";
      this.outputs.push({ type: "expectLink" });
      return void this.commands.send(`/port ${this.#port}`);
    }
    if (name !== undefined && password !== undefined) {
      return { why: `the server refused the login of ${this.name}: ${line}` };
    }
    return this.#begin();
  }

  #linked(line: string): LoginEnd | undefined {
    if (!hasCode(line, "201")) return { why: `the server could not connect back to port ${this.#port}` };
    this.outputs.push({ type: "confirmLink" });
    if (!this.options.offersNative) return "chat";
    this.#stage = "offer";
    this.commands.send("/partyline 2", { hidden: true });
  }

  #offered(line: string): LoginEnd {
    if (/^110 partyline 2\b/.test(line)) return "native";
    this.outputs.push({ type: "handoutOnly" });
    return "chat";
  }

  #begin(): LoginEnd | undefined {
    if (this.options.name === undefined) this.#prompt("name");
    else {
      this.name = this.options.name;
      this.#askPassword();
    }
    return this.#inputEnded ? this.inputEnded() : undefined;
  }

  #askPassword(): void {
    if (this.options.password === undefined) this.#prompt("password");
    else this.#logIn(this.options.password);
  }

  #logIn(password: string): void {
    this.#stage = "login";
    this.commands.ask(null);
    this.commands.send(`/login ${this.name} ${password}`);
  }

  /** Asks for the name or the password, in the stage of that name. */
  #prompt(prompt: "name" | "password"): void {
    this.#stage = prompt;
    this.commands.ask(prompt);
  }
}

export function hasCode(line: string, code: string): boolean {
  return line.startsWith(code) && !/^\d/.test(line.slice(code.length));
}
