import type { Computed, Credentials } from "../check/credentials.ts";
import type { Computing } from "../check/step.ts";
import type { Values } from "../check/values.ts";
import type { Challenge } from "../chat/event.ts";
import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { challengeOf } from "../protocols/native/login.ts";
import { decodeServerMessage } from "../protocols/native/messages.ts";
import { type KeyPair, newKeyPair } from "../store/identity.ts";
import { authMessage, freshNonce, Prover, verifySignature } from "../store/proofs.ts";

const NO_BYTES = new Uint8Array(0);

/** The persons of one play: each has a key pair that is in memory alone. */
export class CheckCredentials implements Credentials {
  readonly #pairs = new Map<string, Promise<KeyPair>>();

  async compute(computing: Computing, values: Values): Promise<Computed> {
    const { what, who, name, challenge: json } = computing;
    if (what === "key") {
      const { publicKey } = await this.#pair(who);
      return { values: { [`${who}.key`]: encodeBase64(publicKey), [`${who}.nonce`]: freshNonce() } };
    }
    // A program that is refused at hello has nothing to prove.
    if (json.includes('"refused"')) return { values: { [`${who}.proof`]: encodeBase64(new Uint8Array(64)) } };
    const challenge = readChallenge(json);
    if (!challenge) return { values: {}, wrong: { expected: "a challenge by a password or a key", got: json } };
    // What a program said is kept under plain names.
    if (what === "signature") {
      return await signed(values, authMessage(name, values.get("nonce") ?? "", challenge.nonce));
    }
    const nonce = values.get(`${who}.nonce`) ?? values.get("nonce") ?? "";
    const prover = new Prover({ key: () => this.#pair(who) });
    await prover.key(name);
    const answer = await prover.answer(challenge, name, nonce, values.get(`${who}.password`) ?? "");
    const expected = answer.expected ? encodeBase64(answer.expected) : "";
    return { values: { [`${who}.proof`]: encodeBase64(answer.proof), [`${who}.expected`]: expected } };
  }

  #pair(who: string): Promise<KeyPair> {
    let pair = this.#pairs.get(who);
    if (!pair) this.#pairs.set(who, pair = newKeyPair());
    return pair;
  }
}

function readChallenge(json: string): Challenge | undefined {
  const message = decodeServerMessage(json);
  if (message === undefined || message instanceof Fault || message.type !== "challenge") return undefined;
  return challengeOf(message);
}

/** Whether a program has signed what it should. */
async function signed(values: Values, message: Uint8Array): Promise<Computed> {
  const [key, proof] = ["key", "proof"].map((each) => decodeBase64(values.get(each) ?? "") ?? NO_BYTES);
  const isRight = key!.length === 32 && proof!.length === 64 && await verifySignature(key!, message, proof!);
  if (isRight) return { values: {} };
  const expected = `the signature of "${new TextDecoder().decode(message)}" under the key of hello`;
  return { values: {}, wrong: { expected, got: values.get("proof") ?? "nothing" } };
}
