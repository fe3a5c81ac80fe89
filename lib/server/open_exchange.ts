import { formatAddress } from "../core/address.ts";
import { LINK_LOG_BYTES } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { ExchangePort, ServerId } from "../exchange/exchange.ts";
import { ownAddresses, ownNames } from "../net/own_addresses.ts";
import { ownCertificate, readTrusted } from "../store/certificate.ts";
import { nextLinkEpoch, ownLinkSecret, readLinkSecret } from "../store/link_files.ts";
import { readSecretText } from "../store/private_file.ts";
import type { ExchangePlace } from "./exchange_options.ts";

/** The facts about its server that the exchange needs. */
export interface ExchangeContext {
  readonly self: ServerId;
  /** The name of the server. */
  readonly name: string;
  /** Where the server listens. */
  readonly host: string;
  /** The folder of its data. */
  readonly data: string;
}

/**
 * Connects to an exchange, and reconnects after each loss. All files are read before it returns; throws a `UserError` for a file
 * that cannot be used. The modules of the exchange are imported here, so that a server without one does not load them.
 */
export async function openExchange(place: ExchangePlace, context: ExchangeContext): Promise<ExchangePort> {
  const { self, name, data } = context;
  if (place.type === "nats") {
    const { address, loginFile, authorityFile } = place;
    const login = loginFile === undefined ? undefined : readSecretText(loginFile);
    const authority = authorityFile === undefined ? undefined : readTrusted(authorityFile);
    const { jetStreamExchange } = await import("../exchange/makers/jetstream.ts");
    return jetStreamExchange(self, { address, login, authority, name });
  }
  if (place.type === "link") {
    const secret = readLinkSecret(place.secretFile);
    const { linkExchange } = await import("../exchange/makers/link_client.ts");
    return linkExchange(self, place.keeper, secret);
  }
  const { KeeperExchange } = await import("../exchange/makers/link_keeper.ts");
  const { LinkLog } = await import("../exchange/makers/link_log.ts");
  const { LinkServer } = await import("../exchange/makers/link_server.ts");
  const { path, secret } = place.secretFile === undefined
    ? ownLinkSecret(data)
    : { path: place.secretFile, secret: readLinkSecret(place.secretFile) };
  const certificate = ownCertificate(data, [...ownNames(), ...ownAddresses()], Date.now());
  const linkLog = new LinkLog(nextLinkEpoch(data, Date.now()), LINK_LOG_BYTES);
  const where = { hostname: context.host, port: place.port };
  const server = new LinkServer({ where, certificate, secret }, linkLog);
  log.info(
    `link: this server keeps the log at ${formatAddress(server.address)}; the others need the secret in ${path}`,
  );
  return new KeeperExchange(linkLog, self, server);
}
