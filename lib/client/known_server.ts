import { formatAddress, isLoopback } from "../core/address.ts";
import { equals } from "../core/bytes.ts";
import { REPLY_BYTES } from "../core/limits.ts";
import { LineDecoder } from "../core/line_decoder.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy } from "../core/text.ts";
import { connectTls, HandshakeError } from "../net/dial.ts";
import { encodeLine } from "../protocols/im/lines.ts";
import { ASKS_TLS, decodeTlsOffer, type TlsOffer } from "../protocols/im/tls_offer.ts";
import { keyFingerprint, pem } from "../store/certificate.ts";
import type { HostName, KnownHosts } from "../store/known_hosts.ts";
import { type ClientConnectionOwner, CONNECT_MS, openTcp, serveConnection } from "./connections.ts";
import { THIS_CLIENT } from "./program.ts";

/** Time for the server to say where it speaks TLS; a LAN takes milliseconds. */
const ANSWER_MS = 5000;

/** Handles a server that is not reached as it is known. */
export interface KnownServerOwner extends ClientConnectionOwner {
  /** A server with another key answers. No password was sent to it, and none may be. `details` are lines for the user. */
  refused(why: string, details: readonly string[]): void;
  /** A server that was not known before offers TLS, and its port there cannot be reached. */
  unreachable(why: string): void;
  /** A server that was not known before has proved that it has this certificate's key. */
  proved(offer: TlsOffer): void;
}

/**
 * Connects over TLS to a server that has shown its certificate.
 *
 * 1. For a host in `hosts`, no other key is accepted; the owner of `hosts` adds a new server once it has logged in.
 * 2. A renewed certificate of the same key is the same server; so is one whose TLS port has changed.
 */
export async function openKnown(
  where: HostName,
  hosts: KnownHosts,
  offered: TlsOffer | undefined,
  owner: KnownServerOwner,
): Promise<void> {
  const known = hosts.get(where);
  const offer = known ?? offered!;
  let conn: Deno.TlsConn;
  try {
    conn = await dial(where, offer);
  } catch (error) {
    if (!known) {
      const why = reason(error);
      return error instanceof HandshakeError
        ? owner.refused(`${nameOf(where)} shows a certificate and does not prove it: ${why}`, [])
        : owner.unreachable(why);
    }
    return await lookAgain(where, hosts, known, reason(error), owner);
  }
  if (!known) owner.proved(offer);
  serveConnection(conn, owner);
}

/**
 * Connects over TLS to a server whose key's fingerprint a verified server has announced. No other key is accepted, and if `hosts`
 * has a key for it, that must be the same one.
 */
export async function openTold(
  where: HostName,
  key: string,
  hosts: KnownHosts,
  owner: KnownServerOwner,
): Promise<void> {
  const name = nameOf(where);
  const known = hosts.get(where);
  if (known) {
    if (keyFingerprint(pem(known.certificate)) === key) return await openKnown(where, hosts, undefined, owner);
    return owner.refused(`${name} is known by another key than the servers of this chat announce`, []);
  }
  let offer: TlsOffer | undefined;
  try {
    offer = await findOffer(where);
  } catch (error) {
    return owner.disconnected(reason(error));
  }
  const shown = offer && fingerprintOf(offer);
  if (!offer || shown !== key) {
    const what = offer ? `has the key SHA-256 ${shown}` : "offers no TLS";
    return owner.refused(
      `${name} ${what}, but the servers of this chat announce SHA-256 ${key}; nothing was sent to it`,
      [],
    );
  }
  return await openKnown(where, hosts, offer, owner);
}

/** The known server is not reached: asks the IM listener only about TLS, to explain why. */
async function lookAgain(
  where: HostName,
  hosts: KnownHosts,
  known: TlsOffer,
  failure: string,
  owner: KnownServerOwner,
): Promise<void> {
  const name = nameOf(where);
  let now: TlsOffer | undefined;
  try {
    now = await findOffer(where);
  } catch (error) {
    return owner.disconnected(reason(error));
  }
  const verdict = judge(known, now);
  if (verdict !== undefined) {
    return owner.refused(`${name} is not the server that this client knows`, warning(where, verdict));
  }
  if (now!.port === known.port) return owner.disconnected(`cannot connect to ${name} over TLS: ${failure}`);
  const moved = { ...known, port: now!.port };
  try {
    const conn = await dial(where, moved);
    hosts.remember(where, moved);
    serveConnection(conn, owner);
  } catch (error) {
    owner.disconnected(`cannot connect to ${name} over TLS: ${reason(error)}`);
  }
}

/** The fingerprints of the known key and of what is offered now; undefined where they are the same. */
function judge(known: TlsOffer, now: TlsOffer | undefined): readonly [string, string | undefined] | undefined {
  const before = keyFingerprint(pem(known.certificate));
  if (!now) return [before, undefined];
  if (equals(now.certificate, known.certificate)) return undefined;
  const fingerprint = fingerprintOf(now);
  return fingerprint === before ? undefined : [before, fingerprint];
}

function fingerprintOf({ certificate }: TlsOffer): string {
  try {
    return keyFingerprint(pem(certificate));
  } catch {
    return "none: what it shows is no certificate";
  }
}

function warning({ host, port }: HostName, [before, now]: readonly [string, string | undefined]): string[] {
  const name = nameOf({ host, port });
  const other = isLoopback(host)
    ? "Either the server was started with another data folder, or another program pretends to be it."
    : "Another machine may pretend to be the server.";
  return [
    `WARNING: ${name} ${now === undefined ? "offers no TLS any more" : "has another key"}.`,
    `  known key: SHA-256 ${before}`,
    `  key now:   ${now === undefined ? "none" : `SHA-256 ${now}`}`,
    `${other} No password was sent. The server's log has the SHA-256 of its key.`,
    `If the operator confirms the change: ${THIS_CLIENT} forget ${name}`,
  ];
}

/** The TLS that a server offers at its IM listener; undefined if it offers none. Throws if it cannot be asked. */
export async function findOffer(where: HostName, withinMs = ANSWER_MS): Promise<TlsOffer | undefined> {
  return decodeTlsOffer(await askForTls(where, withinMs));
}

export function nameOf({ host, port }: HostName): string {
  return formatAddress({ hostname: host, port });
}

function dial({ host }: HostName, { port, name, certificate }: TlsOffer): Promise<Deno.TlsConn> {
  return connectTls({ host, port, serverName: name, trusted: pem(certificate), withinMs: CONNECT_MS });
}

/** The first line that the server answers. */
async function askForTls(where: HostName, withinMs: number): Promise<string> {
  const conn = await openTcp(where);
  let late = false;
  const timer = setTimeout(() => (late = true, conn.close()), withinMs);
  try {
    await conn.write(encodeLine(ASKS_TLS));
    const lines = new LineDecoder(REPLY_BYTES, decodeLossy);
    const buffer = new Uint8Array(16 * 1024);
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      lines.push(buffer.slice(0, count));
      const line = lines.next();
      if (line !== undefined) return typeof line === "string" ? line : "";
    }
    return lines.unfinishedText();
  } catch (error) {
    if (!late) throw error;
    throw new Deno.errors.TimedOut(`no answer from ${nameOf(where)} within ${withinMs} ms`, { cause: error });
  } finally {
    clearTimeout(timer);
    try {
      conn.close();
    } catch { /* the timer has closed it */ }
  }
}
