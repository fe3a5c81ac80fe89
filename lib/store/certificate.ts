import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import { join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { encodeText } from "../core/text.ts";
import { bits, der, integer, moment, objectId, sequence } from "./der.ts";
import { writePrivateText } from "./private_file.ts";

/** A certificate and its key, both PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What others may have, to know the server by. */
export const CERTIFICATE_FILE = "tls-cert.pem";
const KEY_FILE = "tls-key.pem";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Browsers take none that is good for longer. */
const GOOD_DAYS = 397;
/** Made anew so long before its end. */
const RENEW_DAYS = 30;
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const ALTERNATIVE_NAMES = "2.5.29.17";

/** Reads a certificate and its key, and says which of the two cannot be read. */
export function readCertificate(files: KeyedCertificate): KeyedCertificate {
  const read = { cert: readPem(files.cert), key: readPem(files.key) };
  parsed(read.cert, files.cert);
  try {
    createPrivateKey(read.key);
  } catch (error) {
    throw new UserError(`${files.key} is no private key in PEM: ${reason(error)}`);
  }
  return read;
}

/** Reads a certificate. */
export function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
}

/** The certificate that lies in a folder; made, for these names and addresses, when there is none or it runs out. */
export function ownCertificate(folder: string, names: readonly string[], now: number): KeyedCertificate {
  const files = { cert: join(folder, CERTIFICATE_FILE), key: join(folder, KEY_FILE) };
  if (exists(files.key)) {
    const kept = readCertificate(files);
    if (now < Date.parse(parsed(kept.cert, files.cert).validTo) - RENEW_DAYS * DAY_MS) return kept;
  }
  const made = makeCertificate(names, now, now + GOOD_DAYS * DAY_MS);
  writePrivateText(folder, CERTIFICATE_FILE, made.cert);
  writePrivateText(folder, KEY_FILE, made.key);
  return made;
}

/** What tells a certificate from every other, as browsers show it: SHA-256, in pairs of digits. */
export function fingerprint(cert: string): string {
  return parsed(cert, "the certificate").fingerprint256;
}

function parsed(cert: string, what: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (error) {
    throw new UserError(`${what} is no certificate in PEM: ${reason(error)}`);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A certificate that nobody else has signed. */
function makeCertificate(names: readonly string[], from: number, until: number): KeyedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(objectId(ECDSA_SHA256));
  const commonName = der(0x0c, encodeText("Partyline"));
  const who = sequence(der(0x31, sequence(objectId(COMMON_NAME), commonName)));
  const alternatives = sequence(objectId(ALTERNATIVE_NAMES), der(0x04, sequence(...names.map(alternative))));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(positive(randomBytes(16))),
    algorithm,
    who,
    sequence(moment(from - DAY_MS), moment(until)),
    who,
    new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    der(0xa3, sequence(alternatives)),
  );
  const certificate = sequence(body, algorithm, bits(new Uint8Array(sign("sha256", body, privateKey))));
  return { cert: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

/** A serial number: not zero, not negative. */
function positive(random: Uint8Array): Uint8Array {
  return new Uint8Array([1 + random[0]! % 127, ...random.subarray(1)]);
}

/** An address as its bytes, anything else as a name. */
function alternative(name: string): Uint8Array {
  const bytes = addressBytes(name);
  return bytes ? der(0x87, bytes) : der(0x82, encodeText(name));
}

function addressBytes(name: string): Uint8Array | undefined {
  if (/^\d+(\.\d+){3}$/.test(name)) return new Uint8Array(name.split(".").map(Number));
  if (!name.includes(":")) return undefined;
  // The parser of addresses writes them in their shortest form, with at most one gap.
  const [left, right] = new URL(`http://[${name.split("%")[0]}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []).map((group) => parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right)];
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 255]));
}

function pem(bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
