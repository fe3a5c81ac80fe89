import type { Outputs } from "../../core/machine.ts";
import { timingSafeEqual } from "../../core/bytes.ts";
import type { Reply } from "./client_replies.ts";

/** A challenge of the server, as it asks for a proof. */
export type Challenge = Extract<Reply, { type: "challenge" }>;

/** What a login wants done. */
export type LoginOutput =
  /** Send one message to the server. */
  | { readonly type: "send"; readonly json: string }
  /** Compute the answer to a challenge; `proven` takes it. */
  | { readonly type: "prove"; readonly challenge: Challenge; readonly nonce: string }
  /** The server does not accept the login. */
  | { readonly type: "refused"; readonly why: string }
  /** The connection is of no use any more. */
  | { readonly type: "broken"; readonly why: string };

/** How a client identifies itself to a server and proves it: hello, challenge, proof, welcome. Its owner's outputs are its own. */
export class ClientLogin {
  #nonce = "";
  /** What the server is to prove in return; undefined where it proves nothing. */
  #expected: Uint8Array | undefined;

  constructor(readonly outputs: Pick<Outputs<LoginOutput>, "push">) {}

  start(name: string, nonce: string, key: string | undefined): void {
    this.#nonce = nonce;
    this.#expected = undefined;
    this.#send({ type: "hello", version: 1, name, nonce, key });
  }

  /** The answer to a challenge, and the proof that the server owes in return. */
  proven(proof: string, expected: Uint8Array | undefined): void {
    this.#expected = expected;
    this.#send({ type: "proof", proof });
  }

  /** One message of the server; the name that it knows the user by, once it has let them in. */
  receive(reply: Extract<Reply, { type: "challenge" | "welcome" | "refused" }>): string | undefined {
    if (reply.type === "challenge") {
      this.outputs.push({ type: "prove", challenge: reply, nonce: this.#nonce });
    } else if (reply.type === "refused") {
      this.outputs.push({ type: "refused", why: reply.why });
    } else if (this.#expected !== undefined && !(reply.proof && timingSafeEqual(reply.proof, this.#expected))) {
      this.outputs.push({ type: "broken", why: "the server cannot prove that it knows the password" });
    } else return reply.name;
    return undefined;
  }

  #send(message: Record<string, unknown>): void {
    this.outputs.push({ type: "send", json: JSON.stringify(message) });
  }
}
