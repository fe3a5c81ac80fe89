/** One number that an operator may set. */
export interface Limit {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
  /** What it bounds, and why at this number. */
  readonly why: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Every number with a unit, and its reason. Each is an option: `receiptMs` is `--receipt-ms`. */
export const LIMITS = {
  lineBytes: {
    usual: 16 * 1024,
    least: 128,
    most: 1024 * 1024,
    why: "longest line of a peer; after a longer one comes 401 and the end. Nobody types 16 KiB",
  },
  textBytes: {
    usual: 16 * 1024,
    least: 1,
    most: 40 * 1024,
    why: "longest text that is kept; no longer than what a handout client, and a message over datagrams, can be told",
  },
  signalBytes: {
    usual: 24 * 1024,
    least: 1024,
    most: 64 * 1024,
    why: "longest text that one client tells another without its being kept, such as a piece of a file in base64",
  },
  rooms: {
    usual: 1000,
    least: 1,
    most: 1_000_000,
    why: "rooms at once; every one is shown to everybody who asks",
  },
  keepDays: {
    usual: 30,
    least: 1,
    most: 36_500,
    why: "days until what is kept is forgotten; a term's holidays are shorter",
  },
  keepPerRoom: {
    usual: 10_000,
    least: 1,
    most: 100_000_000,
    why: "messages kept of each room; the oldest go first",
  },
  lobbyQuietMs: {
    usual: 500,
    least: 1,
    most: 60_000,
    why: "of silence after which a guest's text without a line break is said; who types ends a line sooner",
  },
  loginMs: {
    usual: 60_000,
    least: 10,
    most: DAY_MS,
    why: "for each step of logging in; time to type a password, not to hold a place",
  },
  linkDialMs: {
    usual: 5000,
    least: 10,
    most: 120_000,
    why: "until a client's Lb must be connected; a LAN answers in milliseconds",
  },
  linkRetryMs: {
    usual: 500,
    least: 0,
    most: 60_000,
    why: "how long a refused Lb is tried again; some clients announce their port before they listen",
  },
  receiptMs: {
    usual: 5000,
    least: 10,
    most: 600_000,
    why: "until a receiver must have answered 302; the handout's number",
  },
  receiptMisses: {
    usual: 3,
    least: 1,
    most: 1000,
    why: "missed receipts in a row that end a session; the handout's number",
  },
  partingMs: {
    usual: 500,
    least: 0,
    most: 60_000,
    why: "for a client that closed Lb before it said /exit to say it still",
  },
  outboxBytes: {
    usual: 1024 * 1024,
    least: 1024,
    most: 1024 * 1024 * 1024,
    why: "waiting for one peer to read; past it that peer is too slow and is let go",
  },
  connections: {
    usual: 2000,
    least: 1,
    most: 1_000_000,
    why: "sessions at once; ten labs, and the file descriptors of an ordinary machine",
  },
  connectionsPerAddress: {
    usual: 64,
    least: 1,
    most: 1_000_000,
    why: "sessions at once from one address (loopback is exempt); a classroom behind one router",
  },
  idleMs: {
    usual: 40_000,
    least: 100,
    most: DAY_MS,
    why: "of silence before a peer's machine is asked whether it is there; three such without it end the session",
  },
  turnLines: {
    usual: 64,
    least: 1,
    most: 100_000,
    why: "lines taken from one peer before the others have their turn",
  },
  burstCommands: {
    usual: 2000,
    least: 1,
    most: 10_000_000,
    why: "commands of one peer taken without delay; a lab's load test must not meet it",
  },
  commandsPerSecond: {
    usual: 1000,
    least: 1,
    most: 10_000_000,
    why: "commands of one peer a second after that; the rest wait, none is refused",
  },
  freeFailures: {
    usual: 5,
    least: 0,
    most: 1_000_000,
    why: "failed logins of one name from one address before the next are slowed down; fingers slip",
  },
  failureDelayMs: {
    usual: 1000,
    least: 0,
    most: 600_000,
    why: "added to each failed login after those",
  },
  failureDelayMostMs: {
    usual: 30_000,
    least: 0,
    most: 600_000,
    why: "the most that a login is slowed down",
  },
  failureMemoryMs: {
    usual: 15 * 60_000,
    least: 1,
    most: DAY_MS,
    why: "until a name's failures from an address are forgotten",
  },
  failureEntries: {
    usual: 10_000,
    least: 1,
    most: 10_000_000,
    why: "names and addresses whose failures are remembered; past it the oldest is forgotten",
  },
  passwordLeast: {
    usual: 5,
    least: 1,
    most: 64,
    why: "characters that a new password must have; failed logins are slowed down",
  },
  registrationsPerHour: {
    usual: 30,
    least: 1,
    most: 1_000_000,
    why: "new accounts from one address in an hour; a classroom behind one router",
  },
  hashesAtOnce: {
    usual: 2,
    least: 1,
    most: 64,
    why: "passwords checked with scrypt at once; each takes 128 MiB while it lasts",
  },
  bookEntries: {
    usual: 1000,
    least: 1,
    most: 10_000,
    why: "entries in the address book; when it is full who comes is answered and not entered. Ten labs",
  },
  bookEntriesPerAddress: {
    usual: 64,
    least: 1,
    most: 10_000,
    why: "of those from one address (loopback is exempt); a classroom behind one router",
  },
  bookExpiryMs: {
    usual: 90_000,
    least: 10,
    most: DAY_MS,
    why: "until an entry that is not renewed is dropped; the handout's number, three of its clients' requests",
  },
  bookRequestMs: {
    usual: 2000,
    least: 10,
    most: 120_000,
    why: "until a request to the address book must be whole; a LAN brings one in milliseconds",
  },
  bookQuietMs: {
    usual: 50,
    least: 0,
    most: 60_000,
    why: "of silence that end such a request: it has no end mark, and its name may arrive in two pieces",
  },
  bookRequestBytes: {
    usual: 1024,
    least: 32,
    most: 64 * 1024,
    why: "longest such request, and so the longest name; the handout's has about 30",
  },
  bookBurst: {
    usual: 100,
    least: 1,
    most: 10_000_000,
    why: "such requests from one address answered at once (loopback is exempt); a classroom that starts together",
  },
  bookRequestsPerSecond: {
    usual: 10,
    least: 1,
    most: 10_000_000,
    why: "such requests from one address a second after that; the rest get no answer. A client asks every 30 s",
  },
  stopMs: {
    usual: 3000,
    least: 0,
    most: 600_000,
    why: "for peers to take their last lines when the server stops; it must be gone within 5 s",
  },
} as const satisfies Record<string, Limit>;

/** Longest line that our client takes from a server: `/list` of a lab of thousands is one line. */
export const REPLY_BYTES = 1024 * 1024;

/** The numbers in force. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/** The usual numbers, but for those that are given. */
export function limits(given: Partial<Limits> = {}): Limits {
  const usual = Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.usual]));
  return { ...usual, ...given } as Limits;
}
