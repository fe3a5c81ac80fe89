import type { NativeClientWay } from "./client.ts";
import type { Reply } from "./client_replies.ts";

/** How a client says and proves to a server who it is, where the server does not know it already. */
export class ClientLogin {
  readonly #way: Pick<NativeClientWay, "send" | "prove" | "isServer" | "refused" | "broken">;
  readonly #entered: (name: string) => void;
  #nonce = "";

  /** `entered` is told the name that the server knows us by. */
  constructor(
    way: Pick<NativeClientWay, "send" | "prove" | "isServer" | "refused" | "broken">,
    entered: (name: string) => void,
  ) {
    this.#way = way;
    this.#entered = entered;
  }

  greet(name: string, nonce: string, key: string | undefined): void {
    this.#nonce = nonce;
    this.#way.send(JSON.stringify({ type: "hello", version: 1, name, nonce, key }));
  }

  /** The answer to a challenge. */
  proven(proof: string): void {
    this.#way.send(JSON.stringify({ type: "proof", proof }));
  }

  received(reply: Extract<Reply, { type: "challenge" | "welcome" | "refused" }>): void {
    if (reply.type === "challenge") return this.#way.prove(reply, this.#nonce);
    if (reply.type === "refused") return this.#way.refused(reply.why);
    if (!this.#way.isServer(reply.proof)) return this.#way.broken("the server cannot prove that it knows the password");
    this.#entered(reply.name);
  }
}
