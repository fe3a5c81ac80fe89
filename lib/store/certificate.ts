import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { join } from "@std/path";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { concat } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { writePrivateText } from "./private_file.ts";

/** A certificate and its private key, both in PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The file of the certificate, which others may have in order to trust the server. */
const CERTIFICATE_FILE = "tls-cert.pem";
const KEY_FILE = "tls-key.pem";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Each own certificate has this name, which no public authority certifies; a client that knows the server verifies it. */
export const SERVER_NAME = "server.partyline.internal";
/** Browsers reject certificates that are valid for longer. */
const VALID_DAYS = 397;
/** Renewed when it expires within this time. */
const RENEW_BEFORE_DAYS = 30;
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const ALTERNATIVE_NAMES = "2.5.29.17";

/** Reads a certificate and its key; the error says which of the two files is invalid. */
export function readCertificate(files: KeyedCertificate): KeyedCertificate {
  const read = { cert: readPem(files.cert), key: readPem(files.key) };
  parsed(read.cert, files.cert);
  try {
    createPrivateKey(read.key);
  } catch (error) {
    throw new UserError(`${files.key} is not a private key in PEM: ${reason(error)}`);
  }
  return read;
}

/** Reads a certificate that is to be trusted. */
export function readTrusted(path: string): string {
  const cert = readPem(path);
  parsed(cert, path);
  return cert;
}

function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
}

/**
 * The certificate in a folder. It is made for these names and addresses if there is none or if it expires soon; its key stays
 * the same then, since clients know the server by it.
 */
export function ownCertificate(folder: string, names: readonly string[], now: number): KeyedCertificate {
  const files = { cert: join(folder, CERTIFICATE_FILE), key: join(folder, KEY_FILE) };
  let key: KeyObject | undefined;
  if (exists(files.key)) {
    const kept = readCertificate(files);
    const { validTo } = parsed(kept.cert, files.cert);
    if (hasServerName(derOf(kept.cert)) && now < Date.parse(validTo) - RENEW_BEFORE_DAYS * DAY_MS) return kept;
    key = createPrivateKey(kept.key);
  }
  const made = makeCertificate([SERVER_NAME, ...names], now, now + VALID_DAYS * DAY_MS, key);
  try {
    writePrivateText(folder, CERTIFICATE_FILE, made.cert);
    writePrivateText(folder, KEY_FILE, made.key);
  } catch (error) {
    throw new UserError(`cannot keep a certificate for TLS in ${folder} (--data): ${reason(error)}`);
  }
  return made;
}

/**
 * The name and the DER of a certificate by which a client can know a server that has shown it once; undefined for one that an
 * authority has signed, which a client verifies by the authority.
 */
export function pinned(cert: string): { readonly name: string; readonly certificate: Uint8Array } | undefined {
  const read = parsed(cert, "the certificate");
  const certificate = derOf(cert);
  const name = hasServerName(certificate) ? SERVER_NAME : /DNS:([A-Za-z0-9.-]+)/.exec(read.subjectAltName ?? "")?.[1];
  if (name === undefined || read.ca || read.issuer !== read.subject) return undefined;
  return { name, certificate };
}

/** The DER of a certificate in PEM. Deno 2.4 tells neither that nor the names. */
export function derOf(cert: string): Uint8Array {
  const [, body = ""] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(cert) ?? [];
  return decodeBase64(body.replace(/\s/g, ""));
}

function hasServerName(der: Uint8Array): boolean {
  return decodeLossy(der).includes(SERVER_NAME);
}

/** The SHA-256 fingerprint of a certificate's public key, which stays the same when the certificate is renewed. */
export function keyFingerprint(cert: string): string {
  const spki = parsed(cert, "the certificate").publicKey.export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(spki).digest("hex").toUpperCase();
  return digest.match(/../g)!.join(":");
}

/** The SHA-256 fingerprint of a certificate, in pairs of hexadecimal digits as browsers show it. */
export function fingerprint(cert: string): string {
  return parsed(cert, "the certificate").fingerprint256;
}

function parsed(cert: string, what: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (error) {
    throw new UserError(`${what} is not a certificate in PEM: ${reason(error)}`);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Makes a self-signed certificate. */
function makeCertificate(
  names: readonly string[],
  from: number,
  until: number,
  key: KeyObject | undefined,
): KeyedCertificate {
  const privateKey = key ?? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const algorithm = sequence(objectIdentifier(ECDSA_SHA256));
  const commonName = encodeDer(0x0c, encodeText("Partyline"));
  const subject = sequence(encodeDer(0x31, sequence(objectIdentifier(COMMON_NAME), commonName)));
  const alternatives = sequence(
    objectIdentifier(ALTERNATIVE_NAMES),
    encodeDer(0x04, sequence(...names.map(alternativeName))),
  );
  const toBeSigned = sequence(
    encodeDer(0xa0, integer(2)),
    integer(positiveNumber(randomBytes(16))),
    algorithm,
    subject, // the issuer
    sequence(utcTime(from - DAY_MS), utcTime(until)),
    subject,
    new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    encodeDer(0xa3, sequence(alternatives)),
  );
  const certificate = sequence(
    toBeSigned,
    algorithm,
    bitString(new Uint8Array(sign("sha256", toBeSigned, privateKey))),
  );
  return { cert: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

/** A serial number, which must be positive. */
function positiveNumber(random: Uint8Array): Uint8Array {
  return new Uint8Array([1 + random[0]! % 127, ...random.subarray(1)]);
}

/** A subject alternative name: an IP address or a DNS name. */
function alternativeName(name: string): Uint8Array {
  const bytes = addressBytes(name);
  return bytes ? encodeDer(0x87, bytes) : encodeDer(0x82, encodeText(name));
}

function addressBytes(name: string): Uint8Array | undefined {
  if (/^\d+(\.\d+){3}$/.test(name)) return new Uint8Array(name.split(".").map(Number));
  if (!name.includes(":")) return undefined;
  // URL gives the shortest form of an IPv6 address, with at most one `::`.
  const [left, right] = new URL(`http://[${name.split("%")[0]}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []).map((group) => parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right)];
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 255]));
}

/** A certificate in PEM. */
export function pem(bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** A value in DER: its tag, its length, its content. */
function encodeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256);
  const head = length < 128 ? [tag, length] : [tag, 128 + lengthBytes.length, ...lengthBytes];
  return concat([new Uint8Array(head), ...content]);
}

/** A DER SEQUENCE. */
function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return encodeDer(0x30, ...content);
}

/** A DER INTEGER: a number below 256, or a positive number as big-endian bytes. */
function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === "number" ? new Uint8Array([value]) : value;
  // With the first bit set it would be negative.
  return bytes[0]! >= 0x80 ? encodeDer(0x02, new Uint8Array([0]), bytes) : encodeDer(0x02, bytes);
}

/** A DER OBJECT IDENTIFIER, such as `1.2.840.10045`. */
function objectIdentifier(name: string): Uint8Array {
  const [first, second, ...rest] = name.split(".").map(Number);
  const bytes = [first! * 40 + second!];
  for (const part of rest) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + left % 128);
    bytes.push(...groups);
  }
  return encodeDer(0x06, new Uint8Array(bytes));
}

/** A DER BIT STRING of whole bytes. */
function bitString(bytes: Uint8Array): Uint8Array {
  return encodeDer(0x03, new Uint8Array([0]), bytes);
}

/** A DER UTCTime, for the years 2000 to 2049. */
function utcTime(timeMs: number): Uint8Array {
  return encodeDer(0x17, encodeText(new Date(timeMs).toISOString().replace(/^\d\d|[-:T]|\.\d+/g, "")));
}
