import { TEXT_BYTES, TEXT_LINES } from "./text.ts";

/** A number that an operator may set. */
export interface Limit {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Whether it may be given as a size: 2GB, 500MB, 64kB. */
  readonly isSize?: boolean;
  /** What it limits, and the reason for the default. It is the help text of the option. */
  readonly why: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Every limit of the server. Each is an option of its command line: `receiptMs` is `--receipt-ms`. */
export const LIMITS = {
  lineBytes: {
    default: 16 * 1024,
    min: 128,
    max: 1024 * 1024,
    why:
      "longest line from a peer; a longer one is answered with 401 and ends the session. 16 KiB is more than users type",
  },
  textBytes: {
    default: TEXT_BYTES,
    min: 1,
    max: 40 * 1024,
    why: "longest text of a message; no longer than a client of the handout, or a datagram message, can receive",
  },
  textLines: {
    default: TEXT_LINES,
    min: 1,
    max: 10_000,
    why: "most lines of a text; an IM client confirms each line by itself. 16 KiB of source code are about as many",
  },
  signalBytes: {
    default: 24 * 1024,
    min: 1024,
    max: 64 * 1024,
    why: "longest text that clients exchange without storing it, such as a piece of a file in base64",
  },
  typingMembers: {
    default: 50,
    min: 0,
    max: 1_000_000,
    why: "largest room, or lobby, whose members see each other typing; 0: none. One lab",
  },
  typingBurst: {
    default: 4,
    min: 1,
    max: 1000,
    why: "typing signals of one user passed on without delay; four conversations one after the other",
  },
  typingPerMinute: {
    default: 30,
    min: 1,
    max: 10_000,
    why: "such signals per minute after that; the page sends one in three seconds, and further ones are dropped",
  },
  maxRooms: {
    default: 1000,
    min: 1,
    max: 1_000_000,
    why: "maximum number of rooms; the list of rooms has all of them",
  },
  roomsPerUser: {
    default: 20,
    min: 1,
    max: 1_000_000,
    why: "rooms that one user may make while the server runs",
  },
  namesWithoutAccount: {
    default: 2000,
    min: 0,
    max: 1_000_000,
    why: "names taken by people who have no account and hold their name by a key; ten labs",
  },
  unprovenNames: {
    default: 1000,
    min: 0,
    max: 1_000_000,
    why: "names taken by programs whose protocol proves no name, such as the mailbox authors'; five labs",
  },
  strangersPerAddress: {
    default: 64,
    min: 1,
    max: 1_000_000,
    why: "mychat programs that begin at one address within a minute, except loopback; a classroom behind one router",
  },
  strangerBurst: {
    default: 1000,
    min: 1,
    max: 1_000_000,
    why: "mychat programs that begin at once, from all addresses; ten labs that start together",
  },
  strangersPerSecond: {
    default: 20,
    min: 1,
    max: 1_000_000,
    why:
      "mychat programs that may begin per second after that; a forged address is answered, so there must not be many",
  },
  mychatAnswerBytes: {
    default: 32 * 1024,
    min: 1200,
    max: 65_000,
    why: "longest list in one mychat answer, and such bytes a second for one program; half of what a datagram carries",
  },
  mychatIdleMs: {
    default: 60 * 60_000,
    min: 10,
    max: DAY_MS,
    why: "silence after which a mychat program counts as gone; it says nothing while its user reads",
  },
  waitingBytesPerUser: {
    default: 4 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    why: "bytes of private messages that wait for one absent user; further ones are refused",
  },
  waitingBytes: {
    default: 256 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024 * 1024,
    why: "bytes of private messages that wait for all users together; 64 full mailboxes",
  },
  saidBytes: {
    default: 16 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    why: "bytes of messages that one user may store at once; more than a pasted log has",
  },
  saidBytesPerSecond: {
    default: 256 * 1024,
    min: 1,
    max: 1024 * 1024 * 1024,
    why:
      "bytes of messages of one user per second after that; further ones are refused, so that no user fills the disk",
  },
  listedNames: {
    default: 100_000,
    min: 1,
    max: 1_000_000_000,
    why: "names of members of rooms listed for one user without delay; the lobby of ten labs fifty times",
  },
  listedNamesPerSecond: {
    default: 10_000,
    min: 1,
    max: 1_000_000_000,
    why: "names of members listed a second after that; further pages are refused",
  },
  logBytes: {
    default: 8 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    why: "bytes of the newest messages held in memory; older ones are read from the disk",
  },
  keepDays: {
    default: 30,
    min: 1,
    max: 36_500,
    why: "days until stored messages are deleted; longer than the holidays within a term",
  },
  keepPerRoom: {
    default: 10_000,
    min: 1,
    max: 100_000_000,
    why: "messages stored for each room; the oldest are deleted first",
  },
  lobbyQuietMs: {
    default: 1500,
    min: 1,
    max: 60_000,
    why:
      "silence after which a guest's text is sent without a line break; a lost segment is repeated sooner, within 1 s",
  },
  lobbyBurst: {
    default: 500,
    min: 1,
    max: 10_000_000,
    why: "lines of all guests of the lobby together said without delay; a class whose programs send 15 each at once",
  },
  lobbyLinesPerSecond: {
    default: 200,
    min: 1,
    max: 10_000_000,
    why:
      "lines of all guests together a second after that, one each in ten labs; others wait, but not those of a guest who writes little",
  },
  loginMs: {
    default: 60_000,
    min: 10,
    max: DAY_MS,
    why: "time for each step of a login; enough to type a password, too little to occupy a connection",
  },
  handshakeMs: {
    default: 10_000,
    min: 10,
    max: 120_000,
    why: "time for a TLS handshake; a LAN takes milliseconds, a slow phone a second",
  },
  requestMs: {
    default: 10_000,
    min: 10,
    max: 120_000,
    why: "time for an HTTP request to arrive, and for its answer to be read on; a LAN takes milliseconds",
  },
  keepAliveMs: {
    default: 30_000,
    min: 10,
    max: DAY_MS,
    why: "time until an HTTP connection without a request is closed; a browser opens another one",
  },
  linkDialMs: {
    default: 5000,
    min: 10,
    max: 120_000,
    why: "time to connect to a client's Lb port; a LAN answers within milliseconds",
  },
  linkRetryMs: {
    default: 500,
    min: 0,
    max: 60_000,
    why: "time for which a refused Lb connection is retried; some clients announce the port before they listen",
  },
  receiptMs: {
    default: 5000,
    min: 10,
    max: 600_000,
    why: "time in which a receiver must answer 302; the handout's number",
  },
  deafMs: {
    default: 250,
    min: 10,
    max: 600_000,
    why: "time for a broadcast to a client that has missed one though it confirms private messages; a LAN takes less",
  },
  receiptMisses: {
    default: 3,
    min: 1,
    max: 1000,
    why: "missed receipts in a row that end a session; the handout's number",
  },
  partingMs: {
    default: 500,
    min: 0,
    max: 60_000,
    why: "time for a client that closed Lb before it sent /exit to send it",
  },
  outboxBytes: {
    default: 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    why: "output that may wait for one peer to read it; a peer with more is disconnected",
  },
  connections: {
    default: 2000,
    min: 1,
    max: 1_000_000,
    why: "open sessions; enough for ten labs, and within the file descriptors of an ordinary machine",
  },
  connectionsPerAddress: {
    default: 64,
    min: 1,
    max: 1_000_000,
    why:
      "open sessions from one address, or one /64 of IPv6, except loopback; enough for a classroom behind one router",
  },
  webConnections: {
    default: 512,
    min: 1,
    max: 1_000_000,
    why: "HTTP connections that are no chat; at the limit the one that has been without a request longest is closed",
  },
  webConnectionsPerAddress: {
    default: 64,
    min: 1,
    max: 1_000_000,
    why: "such connections from one address, or one /64 of IPv6, except loopback; ten browsers, with six each",
  },
  reservedDescriptors: {
    default: 64,
    min: 0,
    max: 100_000,
    why:
      "file descriptors that connections leave free, at most a quarter: for files, and for connections that users inside need",
  },
  idleMs: {
    default: 40_000,
    min: 100,
    max: DAY_MS,
    why: "silence after which a peer's machine is probed; three probes without an answer end the session",
  },
  turnLines: {
    default: 64,
    min: 1,
    max: 100_000,
    why: "lines processed from one peer before the next peer's",
  },
  burstCommands: {
    default: 2000,
    min: 1,
    max: 10_000_000,
    why: "commands of one peer processed without delay; a lab's load test stays below it",
  },
  commandsPerSecond: {
    default: 1000,
    min: 1,
    max: 10_000_000,
    why: "commands of one peer per second after that; further ones are delayed, not refused",
  },
  freeFailures: {
    default: 5,
    min: 1,
    max: 1_000_000,
    why: "wrong passwords for one name from one address, or one /64 of IPv6, before further ones wait; people mistype",
  },
  failureDelayMs: {
    default: 3000,
    min: 1,
    max: 600_000,
    why: "time for each further one: 20 guesses a minute, and a right password that comes then waits no longer",
  },
  addressFailures: {
    default: 60,
    min: 1,
    max: 1_000_000,
    why: "wrong passwords for all names from one address without a wait; a classroom behind one router, each once",
  },
  addressFailuresPerMinute: {
    default: 60,
    min: 1,
    max: 1_000_000,
    why: "further ones a minute; a name that has logged in from the address before is not counted here",
  },
  nameFailures: {
    default: 30,
    min: 1,
    max: 1_000_000,
    why: "wrong passwords for one name, from addresses where it has not logged in, without a wait; six such addresses",
  },
  nameFailuresPerMinute: {
    default: 20,
    min: 1,
    max: 1_000_000,
    why: "further ones a minute: 28,800 a day from however many addresses, and a newcomer waits three seconds",
  },
  allFailures: {
    default: 300,
    min: 1,
    max: 1_000_000,
    why: "wrong passwords for all names from all addresses without a wait; ten labs that mistype at once",
  },
  allFailuresPerMinute: {
    default: 600,
    min: 1,
    max: 1_000_000,
    why: "further ones a minute; ten a second cost little even where each takes scrypt",
  },
  failureMemoryMs: {
    default: 15 * 60_000,
    min: 1,
    max: DAY_MS,
    why: "time for which logins from an address with a wrong password wait behind those from others",
  },
  failureEntries: {
    default: 10_000,
    min: 1,
    max: 10_000_000,
    why: "names and addresses whose wrong passwords are remembered; the oldest is forgotten first",
  },
  knownNetworks: {
    default: 16,
    min: 1,
    max: 10_000,
    why:
      "addresses from which a name has logged in, so that its logins from there do not wait behind guesses from elsewhere",
  },
  passwordLeast: {
    default: 5,
    min: 1,
    max: 64,
    why: "shortest new password, in characters; delayed logins make guessing slow",
  },
  registrationsPerHour: {
    default: 30,
    min: 1,
    max: 1_000_000,
    why: "accounts registered from one address per hour; enough for a classroom behind one router",
  },
  attemptBurst: {
    default: 100,
    min: 1,
    max: 1_000_000,
    why: "attempts to register, and failed ones to take a name, from one address at once; a classroom that mistypes",
  },
  attemptsPerMinute: {
    default: 10,
    min: 1,
    max: 1_000_000,
    why: "such attempts from one address per minute after that; further ones are refused",
  },
  hashesAtOnce: {
    default: 0,
    min: 0,
    max: 64,
    why: "scrypt password checks at the same time; each takes 128 MiB of memory. 0: one for each core, at most 8",
  },
  requestLogBytes: {
    default: 16 * 1024 * 1024,
    min: 0,
    max: 1024 * 1024 * 1024,
    why: "bytes of requests.log before it becomes requests.log.old; 0: no such file. A day of a busy lab",
  },
  bookEntries: {
    default: 1000,
    min: 1,
    max: 10_000,
    why: "entries in the address book; once it is full, new peers get an answer but no entry. Ten labs",
  },
  bookEntriesPerAddress: {
    default: 64,
    min: 1,
    max: 10_000,
    why: "entries from one address, except loopback; enough for a classroom behind one router",
  },
  bookExpiryMs: {
    default: 90_000,
    min: 10,
    max: DAY_MS,
    why: "time until an entry that is not renewed is deleted; the handout's number: three requests of a client",
  },
  bookRequestMs: {
    default: 2000,
    min: 10,
    max: 120_000,
    why: "time for a request to the address book to arrive; a LAN takes milliseconds",
  },
  bookQuietMs: {
    default: 50,
    min: 0,
    max: 60_000,
    why: "silence that ends such a request: it has no end mark, and its name may arrive in two pieces",
  },
  bookRequestBytes: {
    default: 1024,
    min: 32,
    max: 64 * 1024,
    why: "longest such request, and with it the longest name; those of the handout have about 30 bytes",
  },
  bookBurst: {
    default: 100,
    min: 1,
    max: 10_000_000,
    why: "such requests from one address answered without delay, except loopback; a classroom that starts together",
  },
  bookRequestsPerSecond: {
    default: 10,
    min: 1,
    max: 10_000_000,
    why: "such requests from one address per second after that; others get no answer. Clients send one per 30 s",
  },
  roomsQuietMs: {
    default: 50,
    min: 1,
    max: 60_000,
    why: "silence that ends a piece of the rooms handout's wire; its clients pause for 100 ms between two",
  },
  roomsPauseMs: {
    default: 100,
    min: 1,
    max: 60_000,
    why: "silence between two pieces sent to such a client, which takes what comes together as one; its own pause",
  },
  roomsFileBytes: {
    default: 64 * 1024 * 1024,
    min: 1,
    max: 4 * 1024 * 1024 * 1024,
    why: "largest file sent at the rooms listener; it is held in memory until every receiver has it",
  },
  roomsHeldBytes: {
    default: 256 * 1024 * 1024,
    min: 1,
    max: 64 * 1024 * 1024 * 1024,
    why: "bytes of all files that are held for such clients at the same time; a further file is refused",
  },
  roomsWaitingBytes: {
    default: 128 * 1024 * 1024,
    min: 1,
    max: 64 * 1024 * 1024 * 1024,
    why: "bytes of files that may wait for one such client; one with more is disconnected, so that it delays no other",
  },
  roomsOffers: {
    default: 16,
    min: 1,
    max: 1000,
    why: "files of one such client that members of other protocols may fetch; a further one ends the oldest offer",
  },
  roomsStallMs: {
    default: 30_000,
    min: 100,
    max: DAY_MS,
    why:
      "time in which such a client neither takes nor sends a byte of a file that has begun, until it is disconnected",
  },
  attachments: {
    default: 2_000_000_000,
    min: 0,
    max: 1_000_000_000_000_000,
    isSize: true,
    why: "bytes of all files that users leave at the server, or a size such as 2GB; 0: none. Slides and logs of a term",
  },
  attachmentBytes: {
    default: 250_000_000,
    min: 1,
    max: 1_000_000_000_000_000,
    isSize: true,
    why: "largest such file; a larger one goes from client to client",
  },
  attachmentBytesPerUser: {
    default: 500_000_000,
    min: 1,
    max: 1_000_000_000_000_000,
    isSize: true,
    why: "bytes of such files of one user, so that no user fills the space of all; a quarter of it",
  },
  attachmentsPerUser: {
    default: 500,
    min: 1,
    max: 1_000_000,
    why: "such files of one user; each is a file and a row on the disk",
  },
  attachmentLinkMs: {
    default: DAY_MS,
    min: 1000,
    max: 30 * DAY_MS,
    why: "time for which the address of such a file, as clients of the handouts get it, is valid; a day at the lab",
  },
  attachmentUploads: {
    default: 4,
    min: 1,
    max: 1000,
    why: "such files of one user that are not complete; their bytes count as if they were",
  },
  attachmentsPerMinute: {
    default: 30,
    min: 1,
    max: 1_000_000,
    why: "such files that one user may begin a minute, and at once; each is a commit on the disk",
  },
  attachmentDays: {
    default: 30,
    min: 1,
    max: 36_500,
    why: "days until such a file is deleted; as long as messages are kept",
  },
  attachmentUploadHours: {
    default: 24,
    min: 1,
    max: 8760,
    why: "hours until a file of which no more has arrived is deleted; a client may come back the next day",
  },
  stopMs: {
    default: 3000,
    min: 0,
    max: 600_000,
    why: "time for peers to read the last lines when the server stops; a server must end within 5 s",
  },
} as const satisfies Record<string, Limit>;

/**
 * A trace says how long it has waited, for the rest of a line or for a reply, after each of these times: a LAN takes
 * milliseconds, the handout's receivers have 5 s, and a person may take longer.
 */
export const TRACE_WAITS_MS: readonly number[] = [1000, 5000, 30_000];

/**
 * Connections that a listener accepts in one turn of the event loop, those that it ends since their time is over, and sessions
 * that are ticked. Each takes a tenth of a millisecond; with 150 at once, all other sessions would wait for 20 ms.
 */
export const ACCEPTED_PER_TURN = 4;
export const ENDED_PER_TURN = 4;
export const TICKED_PER_TURN = 8;

/**
 * How long lines of a guest of the lobby that has left are still said; what waits then is dropped, and logged. It is enough for
 * a class whose programs say 150 lines each and end.
 */
export const LOBBY_LEFT_MS = 10_000;

/** Lines of a guest of the lobby that do not wait for those of others: more than a person types. */
export const LOBBY_OWN_LINES = { burst: 5, perSecond: 1 } as const;

/**
 * Lines that wait for a guest of the lobby leave in writes of their own up to so many, as the handout's client prints them. Of
 * more, which no system gives a program one by one, several leave together, in half of what such a client reads at once: 200
 * lines a second to 150 guests, each in a write, would take a quarter of a core.
 */
export const LOBBY_JOINED = { beyond: 8, bytes: 1024 } as const;

/** Bytes of a line without an end that a trace holds for each link; lines of people and handout programs are shorter. */
export const TRACE_HELD_BYTES = 4096;

/** Log and trace lines that wait for a slow reader; beyond it they are counted and dropped. */
export const LOG_WAITING_BYTES = 1024 * 1024;

/** Bytes that wait for the disk in a trace file; a second of a busy server. Beyond it lines are counted and dropped. */
export const TRACE_FILE_WAITING_BYTES = 8 * 1024 * 1024;

/** Requests whose line is not written yet; beyond them, requests are counted and not recorded. A second of a busy server. */
export const REQUESTS_HELD = 16_384;

/** Lines of requests that are written at once, every 50 ms: less than a millisecond of work, which delays no session. */
export const REQUESTS_PER_FLUSH = 512;

/** Bytes of lines of requests that wait for the disk; beyond them lines are counted and dropped. */
export const REQUEST_WAITING_BYTES = 4 * 1024 * 1024;

/** Bytes of a session without a name that `--trace-only` holds until the name is known; a login has a few hundred. */
export const TRACE_UNNAMED_BYTES = 4096;

/** Longest line that our client accepts from a server: the answer to `/list` is one line, for thousands of users too. */
export const REPLY_BYTES = 1024 * 1024;

/** The log at an exchange drops its oldest entries beyond this: a term of ten labs. Servers ask each other for what was dropped. */
export const EXCHANGE_LOG_BYTES = 1024 * 1024 * 1024;
/** The same of a log that a server holds in memory for a link: an evening of two labs. */
export const LINK_LOG_BYTES = 32 * 1024 * 1024;
/** Bytes of messages that wait for the exchange to take them; further ones are lost, as a message between servers may be. */
export const EXCHANGE_WAITING_BYTES = 8 * 1024 * 1024;
/** Messages of the log that are asked of the exchange at once: enough for tens of thousands a second on a LAN. */
export const EXCHANGE_FETCH = 256;
/** For the exchange to answer, from a login to the confirmation of an entry; a LAN takes milliseconds, an election a second. */
export const EXCHANGE_ANSWER_MS = 5000;
/** Connections to a server that keeps the log of a link, those that have not proved the secret among them. */
export const LINK_CONNECTIONS = { connections: 32, connectionsPerAddress: 8 } as const;
/** The shortest secret of a link: a random one of 96 bits in base64. Proofs of a shorter one could be used to guess it. */
export const LINK_SECRET_CHARACTERS = 16;
/** Silence after which the exchange is asked whether it is there; as long again without an answer means that it is not. */
export const EXCHANGE_IDLE_MS = 5000;
/** The longest delay between two tries to reach the exchange: it is a program that is started again, not a person. */
export const EXCHANGE_RETRY_MS = 10_000;

/**
 * Silent connections that make room for new ones when a listener is full, at once and a second: enough for a class that
 * joins, and too few for a flood to end those who only read.
 */
export const ROOM_MADE = { burst: 64, perSecond: 10 } as const;

/** The longest line of the server's console: a notice of a few lines; what a terminal passes on as one line is shorter. */
export const CONSOLE_LINE_BYTES = 4096;

/** What the server's page can show of one session's wire: some 250 lines of a handout. */
export const WIRE_VIEW_SESSION_BYTES = 64 * 1024;
/** The same of all sessions together: those of a class of 200. */
export const WIRE_VIEW_BYTES = 12 * 1024 * 1024;
/** What may wait for one viewer of a wire: the sessions of one user. A slower viewer loses records, and is told how many. */
export const WIRE_VIEW_PENDING_BYTES = 256 * 1024;
/** How long the wire is still traced after the last page was closed, since a page that is loaded again is away for a moment. */
export const WIRE_VIEW_LINGER_MS = 60_000;

/** The values of the limits. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/** The values of the limits: those that are given, and the defaults of the others. */
export function limits(given: Partial<Limits> = {}): Limits {
  return withDefaults(LIMITS, given);
}

/** The values of any table of limits: those that are given, and the defaults of the others. */
function withDefaults<Name extends string>(
  table: Readonly<Record<Name, Limit>>,
  given: Partial<Record<Name, number>>,
): Record<Name, number> {
  const defaults = Object.fromEntries(Object.entries<Limit>(table).map(([name, limit]) => [name, limit.default]));
  return { ...defaults, ...given } as Record<Name, number>;
}

/** The largest record or message between servers: the longest text, each character of it escaped, and half as much for names. */
export const EXCHANGE_BYTES = 384 * 1024;
/** Records that a server has published and not read back at most: some 10,000 a second where the exchange takes 25 ms. */
export const PUBLISH_WINDOW = 256;
/** Records of one turn that are one message of the log at most: places are numbered so that this many have room. */
export const PACKED_ENTRIES = 256;
/** The same in bytes; one of more bytes is a message of its own. Larger messages save nothing, and take memory where they wait. */
export const PACKED_BYTES = 64 * 1024;
/** Bytes that wait to be written to the exchange: all records that may be under way, and messages. */
export const EXCHANGE_OUTBOX_BYTES = PUBLISH_WINDOW * EXCHANGE_BYTES + EXCHANGE_WAITING_BYTES;
