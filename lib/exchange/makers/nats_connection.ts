import { JetStreamApiError, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import {
  type Authenticator,
  credsAuthenticator,
  errors,
  type NatsConnection,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/nats-core";
import { NatsConnectionImpl, setTransportFactory } from "@nats-io/nats-core/internal";
import { EXCHANGE_ANSWER_MS, EXCHANGE_IDLE_MS } from "../../core/limits.ts";
import { log } from "../../core/log.ts";
import { reason } from "../../core/reason.ts";
import { encodeText } from "../../core/text.ts";
import type { NatsAddress } from "./nats_address.ts";
import { NatsTransport, NotNats } from "./nats_transport.ts";

/** The first version whose consumers have names; 2.9 is what Debian 12 has. */
const LEAST_VERSION = [2, 9, 0] as const;
/** From then on a cluster keeps its streams when its servers are killed. */
const SAFE_CLUSTER_VERSION = [2, 10, 23] as const;

/** How to reach an exchange over NATS. */
export interface NatsOptions {
  readonly address: NatsAddress;
  /** What the login file says: USER:PASSWORD, a token, an nkey's seed, or a credentials file. */
  readonly login: string | undefined;
  /** Certificates in PEM, of authorities that are trusted besides those of this machine. */
  readonly authority: string | undefined;
  /** What the NATS server calls the connection. */
  readonly name: string;
}

/** A connection that was checked: the server is new enough, and has JetStream for this login. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
}

/** Connects once, to the first of the servers that answers; throws an error whose message is for the operator. */
export async function openNats(options: NatsOptions): Promise<NatsSession> {
  const { servers, requiresTls } = options.address;
  const where = servers.join(", ");
  let connection: NatsConnection;
  try {
    setTransportFactory({ factory: () => new NatsTransport() });
    connection = await NatsConnectionImpl.connect({
      servers: [...servers],
      name: options.name,
      reconnect: false,
      noEcho: true,
      timeout: EXCHANGE_ANSWER_MS,
      pingInterval: EXCHANGE_IDLE_MS,
      maxPingOut: 1,
      ...(options.login === undefined ? {} : { authenticator: authenticator(options.login) }),
      ...tls(requiresTls, options.authority),
    });
  } catch (error) {
    throw new Error(explained(error, where, options.login !== undefined), { cause: error });
  }
  try {
    const version = connection.info?.version ?? "";
    if (!isAtLeast(version, LEAST_VERSION)) {
      throw new Error(
        `nats-server ${version} at ${where} is too old; ${LEAST_VERSION.join(".")} is the oldest that will do`,
      );
    }
    if (connection.info?.cluster !== undefined) warnOfCluster(version);
    return { connection, manager: await jetstreamManager(connection, { timeout: EXCHANGE_ANSWER_MS }) };
  } catch (error) {
    await connection.close();
    if (!isUnanswered(error) && !(error instanceof JetStreamApiError)) throw new Error(lossReason(error));
    throw new Error(`nats-server at ${where} has no JetStream for this login; start it with -js, or see its accounts`);
  }
}

function tls(isRequired: boolean, authority: string | undefined) {
  if (authority !== undefined) return { tls: { ca: authority } };
  return isRequired ? { tls: {} } : {};
}

/** Why a connection ends, or does not begin, in words for the operator. */
export function lossReason(error: unknown): string {
  if (error instanceof errors.TimeoutError) return `no answer within ${EXCHANGE_ANSWER_MS} ms`;
  if (error instanceof errors.ClosedConnectionError || error instanceof errors.RequestError) {
    return "the exchange has closed the connection";
  }
  if (/heartbeats missed/.test(String(error))) return "the exchange does not say any more that it gives entries";
  if (isUnanswered(error) || error instanceof errors.NoRespondersError) {
    return "JetStream does not answer there, or the log is gone";
  }
  return reason(error);
}

/** Whether JetStream did not answer because it, or the stream, does not exist. The package exports no type for this. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

/** The form of a login is seen from its text. */
function authenticator(login: string): Authenticator {
  if (login.includes("BEGIN NATS USER JWT")) return credsAuthenticator(encodeText(login));
  const line = login.trim();
  if (/^SU[A-Z2-7]{56}$/.test(line)) return nkeyAuthenticator(encodeText(line));
  const colon = line.indexOf(":");
  if (colon < 0) return tokenAuthenticator(line);
  return usernamePasswordAuthenticator(line.slice(0, colon), line.slice(colon + 1));
}

function isAtLeast(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [a = 0, b = 0, c = 0] = version.split(".").map((part) => parseInt(part));
  if (a !== major) return a > major;
  return b === minor ? c >= patch : b > minor;
}

let hasWarned = false;

/** Logged once. */
function warnOfCluster(version: string): void {
  if (hasWarned || isAtLeast(version, SAFE_CLUSTER_VERSION)) return;
  hasWarned = true;
  log.warning(
    `exchange: nats-server ${version} is older than ${
      SAFE_CLUSTER_VERSION.join(".")
    }: crashes can cost a cluster its log`,
  );
}

function explained(error: unknown, where: string, hasLogin: boolean): string {
  if (error instanceof errors.AuthorizationError) {
    return hasLogin ? `nats-server at ${where} refuses the login` : `nats-server at ${where} asks for a login`;
  }
  if (error instanceof NotNats) return `${where} is no nats-server`;
  if (error instanceof errors.TimeoutError || error instanceof Deno.errors.TimedOut) {
    return `no answer from ${where} within ${EXCHANGE_ANSWER_MS} ms`;
  }
  if (error instanceof Deno.errors.ConnectionRefused) return `nothing listens at ${where}`;
  return `cannot connect to ${where}: ${reason(error)}`;
}
