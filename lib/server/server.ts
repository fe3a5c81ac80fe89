import type { Accounts } from "../chat/accounts.ts";
import { Hub } from "../chat/hub.ts";
import type { Snapshot } from "../chat/snapshot.ts";
import { type Address, reachableHost } from "../core/address.ts";
import { REQUEST_WAITING_BYTES } from "../core/limits.ts";
import { log, RecentLog } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { ExchangeMachine } from "../exchange/machine.ts";
import { ownAddresses, ownNames } from "../net/own_addresses.ts";
import { Directory } from "../protocols/directory/directory.ts";
import type { ReplyForm } from "../protocols/directory/listing.ts";
import { directoryProtocol } from "../protocols/directory/server.ts";
import { type ListenerName, pageAddress } from "../protocols/listener_table.ts";
import { AttachmentStore } from "../store/attachment_store.ts";
import { DirectoryLog } from "../store/directory_log.ts";
import { checksAtOnce, Passwords } from "../store/passwords.ts";
import { ProofVerifier } from "../store/proofs.ts";
import { Salts } from "../store/salts.ts";
import { RequestFile } from "../store/request_file.ts";
import { changeUsers } from "../store/users_file.ts";
import { openStore } from "../store/worker_store.ts";
import { openTraceFile } from "../store/trace_file.ts";
import { droppedText, Output } from "../terminal/output.ts";
import { TraceWriter } from "../terminal/trace_writer.ts";
import { AttachmentLinks } from "./attachment_links.ts";
import { reachable } from "./counts.ts";
import type { ExchangePlan } from "./exchange_options.ts";
import { ExchangeRunner } from "./exchange_runner.ts";
import { type ListenerPlan, openListeners } from "./listeners.ts";
import { Monitor } from "./monitor.ts";
import { openPlatform } from "./platform.ts";
import { RequestLog } from "./request_log.ts";
import { SessionRunner } from "./runner.ts";
import { placeOf } from "./server_place.ts";
import { WireViews } from "./wire_views.ts";

const TICK_MS = 50;
/** How often files that users have left are looked at. */
const ATTACHMENT_PRUNE_MS = 60_000;

/** A running server. */
export interface Server {
  readonly hub: Hub;
  readonly runner: SessionRunner;
  readonly listeners: readonly OpenListener[];
  /** Accepts no more connections and tells all sessions; resolves when they are gone, after `stopMs` at the latest. */
  stop(): Promise<void>;
}

export interface OpenListener extends Address {
  readonly name: ListenerName;
}

export interface ServerOptions extends ListenerPlan {
  /** Whether the data folder gets a file with every request. */
  readonly recordsRequests?: boolean;
  readonly trace: boolean;
  readonly traceFile?: string | undefined;
  readonly traceOnly?: readonly string[] | undefined;
  /** The users file that gets new accounts; without it, users cannot register. */
  readonly enrollIn?: string | undefined;
  /** The users file that gets new passwords; without it, users cannot change theirs. */
  readonly passwordsIn?: string | undefined;
  /** Whether guests may log in: at the IM listener by `client chat --guest`, and at the page. */
  readonly guests?: boolean;
  /** Prints the lines that a handout's server shows on its terminal; without it, they are logged. */
  readonly show?: ((line: string) => void) | undefined;
  /** The log lines that the monitor shows. */
  readonly log?: RecentLog;
  /** The form of the address book's replies; "text" by default. */
  readonly addressBookReply?: ReplyForm;
  /** Where the chat is shared with other servers. */
  readonly exchange?: ExchangePlan | undefined;
  /** Only to measure: how long each commit of the store takes at least. */
  readonly commitDelayMs?: number;
}

/** Starts a server; throws when a port or the store cannot be opened. */
export async function openServer(
  options: ServerOptions,
  accounts: Accounts,
  showTrace: (line: string) => void,
): Promise<Server> {
  const { enrollIn, passwordsIn, data } = options;
  const hashesAtOnce = checksAtOnce(options.limits.hashesAtOnce);
  const limits = { ...options.limits, hashesAtOnce };
  const tracing = openTracing(options, showTrace);
  const requests = options.recordsRequests && limits.requestLogBytes > 0 ? recordRequests(options) : undefined;
  const passwords = new Passwords(limits.hashesAtOnce);
  const proofs = new ProofVerifier(passwords);
  const salts = new Salts(data);
  // An existing store is opened now, so that an error is seen at the start.
  const store = await openStore(
    data,
    options.commitDelayMs === undefined ? {} : { commitDelayMs: options.commitDelayMs },
  );
  const hub = new Hub(accounts, limits, {
    snapshot: store.snapshot,
    randomness: { bytes: (count) => proofs.bytes(count), salt: (name) => salts.of(name) },
    registers: enrollIn !== undefined,
    changesPasswords: passwordsIn !== undefined,
    guests: options.guests ?? false,
    shares: options.exchange !== undefined,
  });
  const platform = openPlatform({
    limits,
    verify: (password, secret, requester) => passwords.verify(password, secret, requester),
    prove: (effect, requester) => proofs.verify(effect, requester),
    enroll: async (name, password) => {
      const secret = await passwords.hash(password);
      changeUsers(enrollIn!, { type: "add", entries: [{ name, secret }] });
      return secret;
    },
    setPassword: async (name, password) => {
      const secret = await passwords.hash(password);
      changeUsers(passwordsIn!, { type: "password", name, secret });
      return secret;
    },
    requests: requests?.log,
    trace: tracing && ((record) => tracing.write(record)),
    show: options.show,
  });
  const wires = options.listeners.web === undefined ? undefined : new WireViews();
  const runner = new SessionRunner(hub, platform, limits, store, wires);
  const directory = new Directory(limits);
  const directoryLog = new DirectoryLog(data, (why) => log.error(why));
  const drainDirectory = () => {
    for (const output of directory.takeOutputs()) {
      if (output.type === "log") log.info(`address-book: ${output.text}`);
      else directoryLog.write(output.change);
    }
  };
  const openOnes = () => [...listeners].map(([name, { address: { hostname, port } }]) => ({ name, hostname, port }));
  const monitor = new Monitor({
    runner,
    listeners: openOnes,
    addresses: options.listeners.web === undefined ? [] : ownAddresses(),
    log: options.log ?? new RecentLog(),
    memoryBytes: () => Deno.memoryUsage().rss,
    directory,
  });
  const directoryListener = directoryProtocol(directory, drainDirectory, options.addressBookReply ?? "text");
  let attachments: AttachmentStore | undefined;
  let links: AttachmentLinks | undefined;
  let listeners: ReturnType<typeof openListeners>;
  try {
    if (options.exchange) runner.exchange = await joinExchange(options, options.exchange, runner, store.snapshot);
    if (options.listeners.web !== undefined && limits.attachments > 0) attachments = new AttachmentStore(data, limits);
    links = attachments &&
      new AttachmentLinks({ lifeMs: limits.attachmentLinkMs, now: Date.now, files: attachments });
    const parts = { runner, directory: directoryListener, monitor, secrets: proofs, attachments, links };
    listeners = openListeners(options, parts);
  } catch (error) {
    attachments?.close();
    await runner.exchange?.close(runner.now);
    await store.close();
    throw error;
  }
  const scheme = options.web?.tls === undefined ? "http" : "https";
  if (options.exchange) {
    runner.exchange!.announce(placeOf(options.exchange, { listeners, tlsOffer: runner.tlsOffer, pageScheme: scheme }));
  }
  const page = listeners.get("web");
  if (links && page) {
    const { hostname, port } = page.address;
    hub.filesAt = `${scheme}:${port}`;
    links.page = pageAddress(scheme, reachableHost(hostname, reachable(ownAddresses())), port);
    runner.links = links;
  }
  if (listeners.has("address-book")) log.info("address-book: Waiting for clients connection");
  const ticking = setInterval(() => {
    runner.tick();
    directory.tick(runner.now);
    drainDirectory();
    directoryLog.tick(runner.now);
    monitor.tick(runner.now);
    requests?.log.flush();
  }, TICK_MS);
  const pruning = setInterval(() => prune(attachments), ATTACHMENT_PRUNE_MS);
  return {
    hub,
    runner,
    listeners: openOnes(),
    async stop() {
      const all = [...listeners.values()];
      for (const listener of all) listener.close();
      runner.stop();
      await within(limits.stopMs, Promise.all([platform, ...all].map((part) => part.finished())));
      clearInterval(ticking);
      clearInterval(pruning);
      await Promise.all(all.map((listener) => listener.release?.()));
      // Nothing more comes from other servers; what is committed and not published yet is published at the next start.
      await runner.exchange?.close(runner.now);
      await runner.close();
      attachments?.close();
      directoryLog.flush();
      requests?.log.close();
      await requests?.output.flushed();
      await tracing?.close();
    },
  };
}

/** The name of a server that has none of its own: that of its machine, without the domain. */
function machineName(): string {
  const [, name = "server"] = ownNames();
  return name.split(".")[0]!;
}

/** Connects to the exchange; imports its modules. */
async function joinExchange(
  { host, data }: ServerOptions,
  { place, name = machineName() }: ExchangePlan,
  runner: SessionRunner,
  { id, sharing }: Snapshot,
): Promise<ExchangeRunner> {
  const { openExchange } = await import("./open_exchange.ts");
  const port = await openExchange(place, { self: id, name, host, data });
  const machine = new ExchangeMachine(id, name, sharing, runner.platform.now(), runner.platform.wallTime());
  return new ExchangeRunner(runner, machine, port);
}

/** Removes files that were left too long ago. A disk that fails is tried again. */
function prune(attachments: AttachmentStore | undefined): void {
  try {
    const removed = attachments?.prune(Date.now()) ?? 0;
    if (removed > 0) log.info(`removed ${removed} files that users left too long ago`);
  } catch (error) {
    log.warning(`old files cannot be removed: ${reason(error)}`);
  }
}

function openTracing(options: ServerOptions, showTrace: (line: string) => void): TraceWriter | undefined {
  const { trace, traceFile: path, traceOnly: only } = options;
  const file = path === undefined ? undefined : openTraceFile(path);
  return trace || file ? new TraceWriter({ show: trace ? showTrace : undefined, file, only }) : undefined;
}

/** Records requests in the data folder; a disk that cannot take them is logged once. */
function recordRequests({ data, limits }: ServerOptions): { log: RequestLog; output: Output } {
  const file = new RequestFile(data, limits.requestLogBytes);
  const output = new Output({
    sink: {
      write: (bytes) =>
        file.write(bytes).catch((error) => {
          log.error(`requests are not recorded any more: ${file.path} cannot be written: ${reason(error)}`);
          throw error;
        }),
    },
    compose: (lines) => lines.join(""),
    broken: () => {},
    waitingBytes: REQUEST_WAITING_BYTES,
    droppedLine: (count) => `${droppedText(count)}\n`,
  });
  return { log: new RequestLog((line) => output.push(line), Date.now), output };
}

/** Waits for `work`, but no longer than `ms`. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  await Promise.race([work, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer!);
}
