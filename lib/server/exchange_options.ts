import type { Address } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { type NatsAddress, parseNatsAddress } from "../exchange/makers/nats_address.ts";
import { type Flags, type Option, readPort } from "../terminal/flags.ts";

/** The port of a link, next to those of the listeners. */
const LINK_PORT = 2444;
/** The longest name that a prompt and a list have room for. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/;

/** Where the servers of one chat exchange what is said. */
export type ExchangePlace =
  /** A NATS server with JetStream. */
  | {
    readonly type: "nats";
    readonly address: NatsAddress;
    readonly loginFile: string | undefined;
    readonly authorityFile: string | undefined;
  }
  /** The server that keeps the log. */
  | { readonly type: "link"; readonly keeper: Address; readonly secretFile: string }
  /** This server keeps the log, and the others reach it at this port; without a file it has a secret of its own. */
  | { readonly type: "keeper"; readonly port: number; readonly secretFile: string | undefined };

export interface ExchangePlan {
  readonly place: ExchangePlace;
  /** The name of this server among the others; by default that of the machine. */
  readonly name: string | undefined;
  /** Where the clients of the others reach this server, if not by the address that it listens at. */
  readonly address?: { readonly hostname: string; readonly port: number | undefined } | undefined;
}

export const EXCHANGE_OPTIONS: readonly Option[] = [
  { name: "exchange", value: "URL", help: "be one chat with all servers at this NATS server: nats://HOST:4222" },
  { name: "exchange-login", value: "FILE", help: "its login: USER:PASSWORD, a token, or a credentials file of NATS" },
  { name: "exchange-ca", value: "FILE", help: "trust the authority with this certificate (PEM) there" },
  {
    name: "link",
    value: "HOST[:PORT]",
    help: `be one chat with the server there, which has --link-port (${LINK_PORT})`,
  },
  { name: "link-port", value: "PORT", help: "keep the log for other servers, which reach it at this port with --link" },
  {
    name: "link-secret",
    value: "FILE",
    help: "the secret of the link; the server with --link-port makes one in --data",
  },
  {
    name: "address",
    value: "HOST[:PORT]",
    help: "where clients of the other servers reach this one when theirs does not answer",
  },
  { name: "name", value: "NAME", help: "what this server is called among the others (the machine's name)" },
];

/** Reads the options of a server's exchange; undefined for a server alone. */
export function readExchange(flags: Flags): ExchangePlan | undefined {
  const places = ["exchange", "link", "link-port"].filter((option) => flags.value(option) !== undefined);
  if (places.length > 1) throw new UserError(`--${places[0]} and --${places[1]} exclude each other; give one`);
  const needed: Readonly<Record<string, readonly string[]>> = {
    "exchange-login": ["exchange"],
    "exchange-ca": ["exchange"],
    "link-secret": ["link", "link-port"],
    address: ["exchange", "link", "link-port"],
  };
  // A name alone is no mistake: PARTYLINE_NAME may be set for the client.
  for (const [option, others] of Object.entries(needed)) {
    if (flags.value(option) !== undefined && !others.includes(places[0] ?? "")) {
      throw new UserError(`--${option} goes with ${others.map((other) => `--${other}`).join(" or ")}`);
    }
  }
  if (places.length === 0) return undefined;
  const name = flags.value("name");
  if (name !== undefined && !NAME.test(name)) {
    throw new UserError(`--name takes up to 32 letters, digits, dots and hyphens, not "${name}"`);
  }
  const address = flags.value("address");
  return {
    place: readPlace(flags),
    name,
    ...(address === undefined ? {} : { address: readAddress("address", address) }),
  };
}

function readPlace(flags: Flags): ExchangePlace {
  const [url, link, secretFile] = [flags.value("exchange"), flags.value("link"), flags.value("link-secret")];
  if (url !== undefined) {
    const [loginFile, authorityFile] = [flags.value("exchange-login"), flags.value("exchange-ca")];
    return { type: "nats", address: parseNatsAddress(url), loginFile, authorityFile };
  }
  if (link === undefined) {
    return { type: "keeper", port: readPort(flags.value("link-port")!, true, "--link-port"), secretFile };
  }
  if (secretFile === undefined) {
    throw new UserError(
      "--link needs --link-secret FILE, a copy of the file link-secret of the server that keeps the log",
    );
  }
  const { hostname, port = LINK_PORT } = readAddress("link", link);
  return { type: "link", keeper: { hostname, port }, secretFile };
}

function readAddress(option: string, given: string): { hostname: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(given) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined) throw new UserError(`--${option} takes HOST or HOST:PORT, not "${given}"`);
  return { hostname, port: port === undefined ? undefined : readPort(port, false) };
}
