import type { Challenge } from "../../chat/event.ts";
import { timingSafeEqual } from "../../core/bytes.ts";
import type { Outputs } from "../../core/machine.ts";
import { type ClientMessage, encodeClientMessage, NATIVE_VERSION, type ServerMessage } from "./messages.ts";

/** What the user is asked to type. */
export type LoginPrompt = "name" | "password" | "new password" | "password again";

/** What a login wants done. */
export type LoginOutput =
  /** Send one message to the server. */
  | { readonly type: "send"; readonly json: string }
  /** Ask the user; `typed` takes the answer. */
  | { readonly type: "ask"; readonly prompt: LoginPrompt; readonly name: string }
  /** Get a fresh nonce and the key of this name, or, for an account, no key; `identified` takes them. */
  | { readonly type: "identify"; readonly name: string; readonly byKey: boolean }
  /** Answer a challenge; `proven` takes the proof. The password is empty where a key is asked for. */
  | {
    readonly type: "prove";
    readonly challenge: Challenge;
    readonly name: string;
    readonly nonce: string;
    readonly password: string;
  }
  /** Tell the user why the server has not decided yet. */
  | { readonly type: "waits"; readonly why: string }
  /** Tell the user why the server does not accept the login. */
  | { readonly type: "refused"; readonly why: string };

export interface ClientLoginOptions {
  readonly name: string | undefined;
  readonly password: string | undefined;
  /** Whether the user can be asked for another name and password when the server refuses these. */
  readonly interactive: boolean;
  /** Whether only names with an account are meant: another name is refused, where otherwise a key would hold it from now on. */
  readonly accountsOnly?: boolean;
  /** Whether the first message asks to join as a guest, where nothing before has. */
  readonly asGuest?: boolean;
}

/** How a login ended: with the name that the server knows the user by; for good; or with a connection that is of no use. */
export type LoginEnd =
  | { readonly type: "loggedIn"; readonly name: string }
  | { readonly type: "refused" | "broken"; readonly why: string };

/**
 * How a client identifies itself and proves that it is the user: hello, challenge, proof, welcome. Its owner's outputs are its own.
 *
 * 1. Name and password are asked for when they are needed, and kept for the next connection.
 * 2. The answer to an earlier connection's request is ignored.
 * 3. Where only accounts are meant, `/register NAME` at the name prompt makes one: it asks for a new password twice.
 */
export class ClientLogin {
  #name: string | undefined;
  #password: string | undefined;
  #stage: "idle" | "name" | "identify" | "hello" | "password" | "prove" | "new password" | "password again" = "idle";
  /** The name of an account that is to be made. */
  #newName = "";
  #nonce = "";
  #challenge: Challenge | undefined;
  /** What the server is to prove in return; undefined where it proves nothing. */
  #expected: Uint8Array | undefined;
  /** Why the login waits, as the user was told last. */
  #waits: string | undefined;

  constructor(readonly options: ClientLoginOptions, readonly outputs: Pick<Outputs<LoginOutput>, "push">) {
    this.#name = options.name;
    this.#password = options.password;
  }

  /** The name that is used; undefined before one is known. */
  get name(): string | undefined {
    return this.#name;
  }

  get waitsForUser(): boolean {
    return ["name", "password", "new password", "password again"].includes(this.#stage);
  }

  /** A connection is open. */
  start(): void {
    this.#expected = this.#waits = undefined;
    if (this.#name === undefined) this.#ask("name", "");
    else this.#identify(this.#name);
  }

  /** The user's answer to `ask`. */
  typed(line: string): void {
    if (this.#stage === "name") {
      const [, newName] = this.options.accountsOnly ? /^\/register\s+(\S+)\s*$/.exec(line) ?? [] : [];
      if (newName !== undefined) {
        this.#newName = newName;
        return this.#ask("new password", newName);
      }
      this.#name = line;
      this.#identify(line);
    } else if (this.#stage === "new password") {
      this.#password = line;
      this.#ask("password again", this.#newName);
    } else if (this.#stage === "password again") this.#register(line);
    else if (this.#stage === "password") {
      this.#password = line;
      this.#prove(line);
    }
  }

  /** The user has a new password. */
  passwordChanged(password: string): void {
    if (this.#password !== undefined) this.#password = password;
  }

  identified(nonce: string, key: Uint8Array | undefined): void {
    if (this.#stage !== "identify") return;
    this.#stage = "hello";
    this.#nonce = nonce;
    const guest = this.options.asGuest ? { guest: true } : {};
    this.#send({ type: "hello", version: NATIVE_VERSION, name: this.#name!, nonce, ...(key ? { key } : {}), ...guest });
  }

  /** The answer to the challenge for `nonce`, and the proof that the server owes in return. */
  proven(nonce: string, proof: Uint8Array, expected: Uint8Array | undefined): void {
    if (this.#stage !== "prove" || nonce !== this.#nonce) return;
    this.#expected = expected;
    this.#send({ type: "proof", proof });
  }

  /** One message of the server; whether the login has ended. `asks`: whether the user may be asked when it is refused. */
  receive(reply: ServerMessage, asks = true): LoginEnd | undefined {
    switch (reply.type) {
      case "challenge": {
        const challenge = challengeOf(reply);
        if (!challenge) return { type: "broken", why: "the server asks for a proof that this client does not know" };
        return this.#challenged(challenge);
      }
      case "waits":
        if (this.#waits !== reply.why) this.outputs.push({ type: "waits", why: reply.why });
        this.#waits = reply.why;
        return undefined;
      case "registered":
        this.#name = reply.name;
        this.#identify(reply.name);
        return undefined;
      case "refused":
        this.#waits = undefined;
        return this.#refused(reply.why, asks);
      case "welcome": {
        const right = this.#expected === undefined || (reply.proof && timingSafeEqual(reply.proof, this.#expected));
        if (!right) return { type: "broken", why: "the server cannot prove that it knows the password" };
        return { type: "loggedIn", name: reply.name };
      }
    }
  }

  #challenged(challenge: Challenge): undefined {
    this.#challenge = challenge;
    if (challenge.how === "key") this.#prove("");
    else if (this.#password === undefined) this.#ask("password", this.#name!);
    else this.#prove(this.#password);
  }

  #refused(why: string, asks: boolean): LoginEnd | undefined {
    this.outputs.push({ type: "refused", why });
    // A script has no second name to try.
    if (!this.options.interactive || !asks) return { type: "refused", why };
    this.#name = this.#password = undefined;
    this.start();
  }

  #register(again: string): void {
    const [name, password] = [this.#newName, this.#password!];
    this.#stage = "hello";
    if (again === password) return this.#send({ type: "register", name, password });
    this.#password = undefined;
    this.outputs.push({ type: "refused", why: "the two passwords differ; nothing is registered" });
    this.start();
  }

  #identify(name: string): void {
    this.#stage = "identify";
    this.outputs.push({ type: "identify", name, byKey: !this.options.accountsOnly });
  }

  #prove(password: string): void {
    this.#stage = "prove";
    const { challenge, name, nonce } = { challenge: this.#challenge!, name: this.#name!, nonce: this.#nonce };
    this.outputs.push({ type: "prove", challenge, name, nonce, password });
  }

  #ask(prompt: LoginPrompt, name: string): void {
    this.#stage = prompt;
    this.outputs.push({ type: "ask", prompt, name });
  }

  #send(message: ClientMessage): void {
    this.outputs.push({ type: "send", json: encodeClientMessage(message) });
  }
}

/** The challenge of a message; undefined for one that this version does not know. */
export function challengeOf(
  { how, nonce, salt, ln: logN, r, p, bytes: keyBytes }: Of<"challenge">,
): Challenge | undefined {
  if (how === "key") return { how, nonce };
  if (how !== "password" || !salt || !logN || !r || !p || !keyBytes) return undefined;
  return { how, nonce, salt, logN, r, p, keyBytes };
}

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;
