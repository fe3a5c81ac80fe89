import { formatAddress } from "../core/address.ts";

/** Where a listener can be reached, and with which program. */
export interface JoinFacts {
  /** How our client is started. */
  readonly client: string;
  readonly host: string;
  readonly port: number;
  /** Of the page. */
  readonly scheme: "http" | "https";
  /** The file with the certificate that a client is to trust; undefined: its machine trusts it already. */
  readonly certificate: string | undefined;
}

/** One way to join at a listener. */
export interface Way {
  readonly label: string;
  /** What to type, or the address to open in a browser. */
  command(facts: JoinFacts): string;
}

/** One listener that a server can have. */
export interface ListenerRow {
  /** Its option; undefined for the one that PORT opens. */
  readonly option: string | undefined;
  readonly usualPort: number;
  readonly transport: "TCP" | "UDP" | "TLS" | "HTTP";
  /** What it is for: its handout, or the use. */
  readonly title: string;
  /** What the help adds. */
  readonly note?: string;
  /**
   * The accounts of the users file: only they can log in; other names can be used too, but theirs only by them; or they do
   * not matter.
   */
  readonly accounts: "required" | "protected" | "unused";
  /** Whether it is opened when the command line names no listener. */
  readonly isUsual: boolean;
  /** The first is the one for most people. */
  readonly ways: readonly [Way, ...Way[]];
}

/** Every listener, in the order in which they are opened and shown. */
export const LISTENERS = {
  im: {
    option: undefined,
    usualPort: 2001,
    transport: "TCP",
    title: "IM handout, and client chat",
    accounts: "required",
    isUsual: true,
    ways: [
      { label: "Chat", command: ({ client, host, port }) => `${client} chat ${host} ${port}` },
      { label: "IM handout", command: ({ client, host, port }) => `${client} ${host} ${port}` },
    ],
  },
  "address-book": {
    option: "address-book",
    usualPort: 2002,
    transport: "TCP",
    title: "address-book handout: the table for chat between clients",
    accounts: "unused",
    isUsual: true,
    ways: [{
      label: "Address-book handout",
      command: ({ client, host, port }) => `${client} peer ${host} ${port} --name NAME`,
    }],
  },
  lobby: {
    option: "lobby",
    usualPort: 2003,
    transport: "TCP",
    title: "lobby handout, nc and telnet",
    accounts: "unused",
    isUsual: true,
    ways: [{
      label: "Lobby handout, nc, telnet",
      command: ({ client, host, port }) => `${client} lobby ${host} ${port}`,
    }],
  },
  mailbox: {
    option: "mailbox",
    usualPort: 2004,
    transport: "UDP",
    title: "mailbox handout",
    accounts: "protected",
    isUsual: true,
    ways: [{ label: "Mailbox handout", command: ({ client, host, port }) => `${client} mailbox ${host} ${port}` }],
  },
  mychat: {
    option: "mychat",
    usualPort: 8000,
    transport: "UDP",
    title: "the mailbox authors' own programs",
    accounts: "protected",
    isUsual: true,
    ways: [{
      label: "Mailbox authors' programs",
      command: ({ client, host, port }) => `${client} mailbox ${host} ${port} --plain`,
    }],
  },
  rooms: {
    option: "rooms",
    usualPort: 12345,
    transport: "TCP",
    title: "rooms-and-files handout: guests with a room ID",
    accounts: "protected",
    isUsual: true,
    ways: [{
      label: "Rooms handout",
      command: ({ client, host, port }) => `${client} rooms ${host} ${port} --name NAME --room ROOM`,
    }],
  },
  web: {
    option: "web",
    usualPort: 2080,
    transport: "HTTP",
    title: "the page: chat in a browser, and /server for the operator",
    note: "on 127.0.0.1 unless --host is given",
    accounts: "required",
    isUsual: true,
    ways: [{ label: "In a browser", command: ({ scheme, host, port }) => pageAddress(scheme, host, port) }],
  },
  tls: {
    option: "tls-port",
    usualPort: 2443,
    transport: "TLS",
    title: "client chat, which finds it by the IM listener",
    accounts: "protected",
    isUsual: true,
    ways: [{
      label: "Chat over TLS",
      command: ({ client, host, port, certificate }) =>
        `${client} chat ${host} ${port} ${certificate === undefined ? "--tls" : `--tls-cert ${certificate}`}`,
    }],
  },
} as const satisfies Readonly<Record<string, ListenerRow>>;

export type ListenerName = keyof typeof LISTENERS;

/** The table as rows. */
export const LISTENER_ROWS: readonly ({ readonly name: ListenerName } & ListenerRow)[] = Object.entries(LISTENERS)
  .map(([name, row]) => ({ name: name as ListenerName, ...row }));

/** The port of each listener that is to be opened. */
export type ListenerPorts = Readonly<Partial<Record<ListenerName, number>>>;

/** The row of a listener; undefined for a name that this version does not know. */
export function listenerRow(name: string): ListenerRow | undefined {
  return Object.hasOwn(LISTENERS, name) ? LISTENERS[name as ListenerName] : undefined;
}

export function pageAddress(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${formatAddress({ hostname: host, port })}/`;
}
