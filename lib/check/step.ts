import type { JsonShape } from "./json_shape.ts";

/**
 * A text in which `{name}` stands for a value of the run: a user's name, a text that the seed chose, a port that was announced.
 * In a pattern, `{name}` stands for the value as it is.
 */
export type Template = string;
export type TextPattern = Template | RegExp;
/** What a line, a datagram or all of a text must be; bytes are the next ones of a stream, as many as they are. */
export type Pattern = TextPattern | JsonShape | Uint8Array;

/** One connection or socket as a person of the script has it: `jacky La`, `bob Lb`, `bob screen`. */
export type LinkName = string;

/** What the datagrams of a socket are to a script; see `PlayLink`. */
export type DatagramKind = "datagrams" | "packets" | "messages";

/** Something that takes keys or a password: see `Credentials`. */
export interface Computing {
  readonly what: "key" | "proof" | "signature";
  readonly who: string;
  /** The name that is proven; the person's own unless it says otherwise. */
  readonly name: Template;
  /** The challenge as it went over the wire. */
  readonly challenge: Template;
}

/** Replies to lines, by patterns of the lines. */
export type Replies = readonly (readonly [RegExp, Template])[];

/** How a connection is closed: our side is finished, or both at once and what arrives is refused. */
export type Closing = "finish" | "reset";

interface StepBase {
  /** The rule that this step prepares for; undefined for a step of the rule itself. */
  readonly of?: string;
}

export interface Expectation {
  readonly link: LinkName;
  readonly is: Pattern;
  /** What is expected in words, for the story; the pattern itself where it is undefined. */
  readonly words?: Template;
  /** What passes as well, but only as weak; each with what is wrong about it. */
  readonly weak?: readonly (readonly [TextPattern, string])[];
  /**
   * Searched in everything that comes, not taken for the next line; or, `whole`, for all that comes until the end; or, `piece`,
   * for what comes with silence before and after it.
   */
  readonly in?: "text" | "whole" | "piece";
  /** What must not stand before it; for `text` alone. */
  readonly without?: TextPattern;
  /** Nothing but the pattern passes: no missing line end, no space at the end, no other words after the code. */
  readonly exact?: boolean;
  /** All of a datagram is kept as the value of this name. */
  readonly keep?: string;
  /** How much longer than usual it may take, in milliseconds: a time limit of the handout. */
  readonly more?: number;
  /** It must not take longer than this, in milliseconds, however slow the machine is: another time limit ends then. */
  readonly most?: number;
}

/** How a port is connected to. */
export interface Dialling {
  /** Another address of the machine than the usual one. */
  readonly host?: Template;
  /** A refusal is not tried again: the port should listen already. */
  readonly isOnce?: boolean;
}

/** How a program is started. */
export interface Starting {
  /** Another port than the one that was opened for its person. */
  readonly port?: Template;
  /** In a terminal, whose screen shows what is typed unless the program says otherwise. */
  readonly inTerminal?: boolean;
}

/** How a program ends. */
export interface Exiting {
  readonly status?: "zero" | "not zero";
  /** It has said something on standard error. */
  readonly saysWhy?: boolean;
}

export type Step =
  & StepBase
  & (
    /** Connects: to the program under test, or to a port that it announced. */
    | ({ readonly do: "dial"; readonly link: LinkName; readonly port?: Template } & Dialling)
    /** Connects to a port that the program under test should not have open any more, or yet. */
    | { readonly do: "refused"; readonly link: LinkName; readonly port?: Template }
    /**
     * Listens for connections of the program under test; `{WHO.LINK.port}` is the port. The first connection is the link
     * itself, the second `LINK2`, and so on. A program is started with the first port that was opened for its person.
     */
    | { readonly do: "listen"; readonly link: LinkName; readonly host?: Template; readonly isAgain?: boolean }
    /** Listens no more: connections are refused until it listens again. */
    | { readonly do: "unlisten"; readonly link: LinkName }
    /** The program under test connects to where `listen` listens. */
    | { readonly do: "accept"; readonly link: LinkName; readonly more?: number }
    /** Opens a UDP socket; what it sends goes to `port`, else to the program under test. */
    | { readonly do: "bind"; readonly link: LinkName; readonly port?: Template; readonly as?: DatagramKind }
    /** Computes what a login needs, and keeps it as values. */
    | ({ readonly do: "compute" } & Computing)
    /** Starts the program under test: a client or a peer. Its keyboard and screen are the links `WHO keys`, `WHO screen`. */
    | { readonly do: "start"; readonly who: string; readonly args?: readonly Template[] } & Starting
    /** Sends; a string is a line and gets its end, unless it is `raw`. */
    | {
      readonly do: "send";
      readonly link: LinkName;
      readonly text: Template | Uint8Array;
      readonly raw?: boolean;
      /** Sent again until the next expectation is met, in milliseconds. */
      readonly every?: number;
    }
    /** What must come, in any order where there are several; on one link, in the order of its lines. */
    | { readonly do: "expect"; readonly all: readonly Expectation[] }
    /** What comes on either socket is sent on the other: the check stands between two programs. */
    | { readonly do: "join"; readonly link: LinkName; readonly other: LinkName }
    /** Each line that comes from now on is answered with the reply of the first pattern that it matches. */
    | { readonly do: "answer"; readonly link: LinkName; readonly replies: Replies }
    /** No datagram that has come has this text in it. */
    | { readonly do: "conceals"; readonly link: LinkName; readonly text: Template }
    /** Datagrams like this one are passed over from now on, wherever they come among others. */
    | { readonly do: "ignore"; readonly link: LinkName; readonly is: Pattern }
    /** Nothing comes for a while, or at most this many bytes. */
    | { readonly do: "silence"; readonly link: LinkName; readonly ms?: number; readonly bytes?: number }
    /** Whatever comes first is written down. */
    | { readonly do: "observe"; readonly link: LinkName; readonly ms?: number }
    /** The program under test ends the connection; what it still sends is passed over. */
    | { readonly do: "closed"; readonly link: LinkName; readonly more?: number }
    | { readonly do: "close"; readonly link: LinkName; readonly how: Closing }
    /** The program under test ends by itself. */
    | ({ readonly do: "exits"; readonly who: string; readonly more?: number } & Exiting)
    /** The program under test still runs. */
    | { readonly do: "runs"; readonly who: string }
    | { readonly do: "kill"; readonly who: string; readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL" }
    /** Time for the programs. */
    | { readonly do: "wait"; readonly ms: number }
    /** Time by the clock, between two parts of what the check sends: what the machine takes from the programs is not added. */
    | { readonly do: "pause"; readonly ms: number }
    /** A file is put into the program's folder, `{data}`. */
    | { readonly do: "put"; readonly name: string; readonly bytes: Uint8Array }
    /** The program has such a file in its folder. */
    | { readonly do: "saved"; readonly name: RegExp; readonly bytes: Uint8Array }
  );

/** Steps, and groups of them. */
export type Script = readonly (Step | Script)[];

/** Steps in the words of a script; each is the step of the same name. */
export const dial = (link: LinkName, port?: Template, how: Dialling = {}): Step => ({
  do: "dial",
  link,
  ...how,
  ...(port && { port }),
});
export const refused = (link: LinkName, port?: Template): Step => ({ do: "refused", link, ...(port && { port }) });
export const listen = (link: LinkName, host?: Template): Step => ({ do: "listen", link, ...(host && { host }) });
export const unlisten = (link: LinkName): Step => ({ do: "unlisten", link });
/** At the port where it has listened before; connections are counted on. */
export const listenAgain = (link: LinkName): Step => ({ do: "listen", link, isAgain: true });
export const accept = (link: LinkName, more?: number): Step => ({ do: "accept", link, ...(more && { more }) });
export const bind = (link: LinkName, port?: Template): Step => ({ do: "bind", link, ...(port && { port }) });
/** A socket for the datagrams of the reliable transport, each as the line of `packetText`: for rules about the transport. */
export const packets = (link: LinkName): Step => ({ do: "bind", link, as: "packets" });
/**
 * A reliable link over UDP: its messages are sent and expected as datagrams are. To a server it is dialled; to a client it is the
 * first that opens, the second is `LINK2`, and so on. `accept` waits until it is open.
 */
export const messages = (link: LinkName): Step => ({ do: "bind", link, as: "messages" });
/** A key pair and a nonce for a person: `{WHO.key}` and `{WHO.nonce}`. */
export const makeKey = (who: string): Step => ({ do: "compute", what: "key", who, name: "", challenge: "" });
/** The answer to a challenge, `{WHO.proof}`, and what a server proves in return, `{WHO.expected}`. */
export const prove = (who: string, challenge = "{challenge}", name = `{${who}}`): Step => ({
  ...{ do: "compute", what: "proof" },
  ...{ who, name, challenge },
});
/** `{WHO.proof}` is the signature under `{WHO.key}` that a challenge asks for. */
export const verify = (who: string, challenge: Template): Step => ({
  ...{ do: "compute", what: "signature" },
  ...{ who, name: `{${who}}`, challenge },
});
export const start = (who: string, ...args: Template[]): Step => ({ do: "start", who, args });
export const startWith = (who: string, how: Starting): Step => ({ do: "start", who, ...how });
/** A line. */
export const send = (link: LinkName, text: Template): Step => ({ do: "send", link, text });
/** Exactly these bytes, in one write. */
export const sendRaw = (link: LinkName, text: Template | Uint8Array): Step => ({ do: "send", link, text, raw: true });
/** A datagram that is repeated until the next expectation is met. */
export const sendUntil = (link: LinkName, text: Template | Uint8Array, every = 200): Step => ({
  do: "send",
  link,
  text,
  raw: true,
  every,
});
export const expect = (link: LinkName, is: Pattern, more: Omit<Expectation, "link" | "is"> = {}): Step => ({
  do: "expect",
  all: [{ link, is, ...more }],
});
/** Somewhere in what comes next; what stands before it is passed over. */
export const expectText = (link: LinkName, is: Pattern, more: Omit<Expectation, "link" | "is" | "in"> = {}): Step =>
  expect(link, is, { ...more, in: "text" });
/** All that comes until the program under test ends the connection. */
export const expectWhole = (link: LinkName, is: Pattern, more: Omit<Expectation, "link" | "is" | "in"> = {}): Step =>
  expect(link, is, { ...more, in: "whole" });
/** All that comes with silence before and after it, and nothing else. */
export const expectPiece = (
  link: LinkName,
  is: TextPattern,
  more: Omit<Expectation, "link" | "is" | "in"> = {},
): Step => expect(link, is, { ...more, in: "piece" });
/** Expectations on several links, in any order. */
export const together = (...steps: readonly Step[]): Step => ({
  ...(steps[0]?.of && { of: steps[0].of }),
  do: "expect",
  all: steps.flatMap((step) => step.do === "expect" ? step.all : []),
});
/** Repetitions of a datagram that was seen, and what no step is about. */
export const ignore = (link: LinkName, is: Pattern): Step => ({ do: "ignore", link, is });
export const join = (link: LinkName, other: LinkName): Step => ({ do: "join", link, other });
export const answer = (link: LinkName, ...replies: Replies): Step => ({ do: "answer", link, replies });
export const conceals = (link: LinkName, text: Template): Step => ({ do: "conceals", link, text });
export const silence = (link: LinkName, ms?: number): Step => ({ do: "silence", link, ...(ms && { ms }) });
/** At most this many bytes come: a program that repeats itself without an end writes more. */
export const noFlood = (link: LinkName, bytes = 4096, ms = 500): Step => ({ do: "silence", link, ms, bytes });
export const observe = (link: LinkName, ms?: number): Step => ({ do: "observe", link, ...(ms && { ms }) });
export const closed = (link: LinkName, more?: number): Step => ({ do: "closed", link, ...(more && { more }) });
export const close = (link: LinkName, how: Closing = "finish"): Step => ({ do: "close", link, how });
export const exits = (who: string, status?: "zero" | "not zero", more?: number): Step => ({
  do: "exits",
  who,
  ...(status && { status }),
  ...(more && { more }),
});
/** It ends with a status other than 0, and has said why on standard error. */
export const fails = (who: string, more?: number): Step => ({
  do: "exits",
  who,
  status: "not zero",
  saysWhy: true,
  ...(more && { more }),
});
export const runs = (who: string): Step => ({ do: "runs", who });
export const kill = (who: string, signal: "SIGINT" | "SIGTERM" | "SIGKILL" = "SIGKILL"): Step => ({
  do: "kill",
  who,
  signal,
});
export const put = (name: string, bytes: Uint8Array): Step => ({ do: "put", name, bytes });
export const saved = (name: RegExp, bytes: Uint8Array): Step => ({ do: "saved", name, bytes });
export const wait = (ms: number): Step => ({ do: "wait", ms });
export const pause = (ms: number): Step => ({ do: "pause", ms });
