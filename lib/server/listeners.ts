import { type Address, formatAddress } from "../core/address.ts";
import { DescriptorBudget, type DescriptorShare } from "../core/descriptors.ts";
import { UserError } from "../core/errors.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { VERSION } from "../core/version.ts";
import { WebServer } from "../http/server.ts";
import { StaticFiles } from "../http/static_files.ts";
import { clock } from "../net/clock.ts";
import { ownAddresses, ownNames } from "../net/own_addresses.ts";
import { TlsTerminator } from "../net/tls_terminator.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { encodeTlsOffer } from "../protocols/im/tls_offer.ts";
import { LISTENER_ROWS, type ListenerName, type ListenerPorts } from "../protocols/listener_table.ts";
import { lobbyProtocol } from "../protocols/lobby/server.ts";
import { MAILBOX_PROTOCOL, nativeOverLines, TLS_PROTOCOL } from "../protocols/native/server.ts";
import { roomsProtocol } from "../protocols/rooms/server.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { fingerprint, keyFingerprint, ownCertificate, pinned, readCertificate } from "../store/certificate.ts";
import { COOKIE_DAYS, LoginCookies } from "../store/login_cookies.ts";
import { freeDescriptors } from "../store/free_descriptors.ts";
import { digestOf } from "../store/file_reader.ts";
import { readSecret } from "../store/private_file.ts";
import { pageVersion, readWebFiles, withAbout } from "../store/web_files.ts";
import type { AttachmentStore } from "../store/attachment_store.ts";
import type { AttachmentLinks } from "./attachment_links.ts";
import { AttachmentSite } from "./attachment_site.ts";
import type { WebOptions } from "./command_line.ts";
import { reachable } from "./counts.ts";
import { DatagramListener, type DatagramSecrets } from "./datagram_listener.ts";
import { MychatListener } from "./mychat_listener.ts";
import type { Monitor } from "./monitor.ts";
import type { SessionRunner } from "./runner.ts";
import { TcpListener } from "./tcp_listener.ts";
import { ServerSite } from "./web_site.ts";

/** IM sessions can be upgraded to the native protocol. */
const IM: ServerProtocol = { ...IM_PROTOCOL, successors: { native: nativeOverLines } };

/** An open port at which sessions begin. */
export interface Listener {
  readonly address: Address;
  /** Accepts no more connections; the sessions go on. */
  close(): void;
  /** Resolves when the last connection is gone. */
  finished(): Promise<void>;
  /** Ends what is left, and releases the port. */
  release?(): Promise<void>;
}

export interface ListenerPlan {
  readonly host: string;
  readonly listeners: ListenerPorts;
  /** By default, the web listener is at `host`, without TLS. */
  readonly web?: WebOptions;
  readonly data: string;
  readonly limits: Limits;
}

/** The parts of the server that all listeners use. */
export interface ListenerParts {
  readonly runner: SessionRunner;
  readonly directory: ServerProtocol;
  readonly monitor: Monitor;
  readonly secrets: DatagramSecrets;
  /** Where users leave files; undefined where they cannot. */
  readonly attachments?: AttachmentStore | undefined;
  readonly links?: AttachmentLinks | undefined;
}

/** Opens all listeners of the plan, or none. All files are read before the first port is opened. */
export function openListeners(plan: ListenerPlan, parts: ListenerParts): Map<ListenerName, Listener> {
  const { runner } = parts;
  const { host, limits } = plan;
  const web = plan.web ?? { host, names: [], watchPasswordFile: undefined, tls: undefined };
  const listeners = new Map<ListenerName, Listener>();
  const certificate = certificateReader(web.names, plan.data);
  const descriptors = new DescriptorBudget(limits.reservedDescriptors, freeDescriptors);
  /** `each`: the descriptors of one connection. */
  const tcp = (protocol: ServerProtocol, each = 1, certificate?: Certificate) => {
    const limiter = new ConnectionLimiter(limits, descriptors.share(), each);
    return (port: number) => new TcpListener(protocol, { hostname: host, port }, runner, limiter, limits, certificate);
  };
  const udp = (protocol: ServerProtocol) => (port: number) => {
    const limiter = new ConnectionLimiter(limits);
    return new DatagramListener(protocol, { hostname: host, port }, runner, limiter, limits, parts.secrets);
  };
  /** The first call reads the files of a listener; the function that it returns opens the listener. */
  const openers: Record<ListenerName, () => (port: number) => Listener> = {
    // The server opens a second connection to each client.
    im: () => tcp(IM, 2),
    "address-book": () => tcp(parts.directory),
    lobby: () => tcp(lobbyProtocol()),
    mailbox: () => udp(MAILBOX_PROTOCOL),
    mychat: () => (port) => new MychatListener({ hostname: host, port }, runner, new ConnectionLimiter(limits), limits),
    rooms: () => tcp(roomsProtocol({ bytes: (count) => parts.secrets.bytes(count), sha256: digestOf })),
    web: () => prepareWeb(web, plan, parts, descriptors.share(), certificate(web.tls)),
    tls: () => tcp(TLS_PROTOCOL, TlsTerminator.DESCRIPTORS, certificate(web.tls ?? "own")),
  };
  try {
    const prepared = LISTENER_ROWS.flatMap(({ name, option }) => {
      const port = plan.listeners[name];
      return port === undefined ? [] : [{ name, option, port, open: openers[name]() }];
    });
    for (const { name, option, port, open } of prepared) {
      try {
        const listener = open(port);
        listeners.set(name, listener);
        // The line of the handout's server.
        if (name === "rooms") log.info(`Server is listening to port: ${listener.address.port}`);
      } catch (error) {
        const where = formatAddress({ hostname: name === "web" ? web.host : host, port });
        throw new UserError(`cannot listen on ${where}${option ? ` (--${option})` : ""}: ${reason(error)}`);
      }
    }
    if (listeners.has("tls")) runner.tlsOffer = tlsOffer(listeners, certificate(web.tls ?? "own"));
  } catch (error) {
    for (const listener of listeners.values()) (listener.close(), listener.release?.());
    runner.close();
    throw error;
  }
  return listeners;
}

/** Reads what the web listener needs; the returned function opens it. */
function prepareWeb(
  web: WebOptions,
  { data, limits }: ListenerPlan,
  { runner, monitor, attachments, links }: ListenerParts,
  descriptors: DescriptorShare,
  certificate: Certificate | undefined,
): (port: number) => WebServer {
  const files = readWebFiles();
  const about = {
    version: VERSION,
    page: pageVersion(files),
    host: "server",
    registration: runner.registers,
    guests: runner.guests,
    attachmentBytes: attachments ? limits.attachmentBytes : 0,
  };
  const site = new ServerSite({
    runner,
    connectionLimiter: new ConnectionLimiter(limits),
    limits,
    files: new StaticFiles(withAbout(files, about)),
    about,
    listens: web.host,
    addresses: reachable(ownAddresses()),
    loginCookies: new LoginCookies(data, (name) => runner.hub.secretOf(name), clock),
    cookieDays: COOKIE_DAYS,
    monitor,
    monitorPassword: readSecret(web.watchPasswordFile),
    attachments: attachments && links && new AttachmentSite({
      store: attachments,
      limits,
      sayFault: (...question) => runner.hub.sayFault(...question),
      isIn: (name, room) => runner.hub.isIn(name, room),
      links,
    }),
    secure: certificate !== undefined,
  });
  const names = [...ownNames(), ...web.names];
  return (port) =>
    new WebServer(site, { where: { hostname: web.host, port }, limits, names, certificate, descriptors });
}

/** The line by which clients at the IM listener learn of TLS. */
function tlsOffer(open: ReadonlyMap<ListenerName, Listener>, certificate: Certificate | undefined): string | undefined {
  const [tls, known] = [open.get("tls"), certificate && pinned(certificate.cert)];
  return tls && known && encodeTlsOffer({ port: tls.address.port, ...known });
}

/** Reads certificates. This server's own one is made when there is none, and its fingerprint is logged. */
function certificateReader(names: readonly string[], data: string) {
  let own: Certificate | undefined;
  return (tls: WebOptions["tls"]): Certificate | undefined => {
    if (tls !== "own") return tls && readCertificate(tls);
    if (own) return own;
    own = ownCertificate(data, [...ownNames(), ...names, ...ownAddresses()], clock());
    log.info(`the SHA-256 fingerprint of this server's certificate is ${fingerprint(own.cert)}`);
    log.info(`and that of its key, which client chat remembers, is ${keyFingerprint(own.cert)}`);
    return own;
  };
}
