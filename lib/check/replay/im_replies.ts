/** Where a session stands: what the handout lets its client say next. */
export type Stage = "login" | "link" | "chat" | "refused" | "over";

/** The reply that a line of the client gets: its codes, and the rule of `im server` that says so. */
export interface Reply {
  readonly rule: string;
  readonly codes: readonly string[];
}

/** The handout's words after each code. */
export const WORDS: Readonly<Record<string, string>> = {
  101: "101 Authentication successful",
  102: "102 Authentication failed",
  201: "201 Build connection successful",
  202: "202 Build connection failed",
  302: "302 Message receipt successful",
  303: "303 Message delivery successful",
  304: "304 Message delivery failed",
  310: "310 Bye bye",
  401: "401 Unrecognized message",
};

const PRIVATE = /^\/to (\S+) (.+)$/s;
const BROADCAST = /^\/toall (.+)$/s;

/** A `/to NAME TEXT`; undefined for another line. */
export function privateOf(line: string): { readonly to: string; readonly text: string } | undefined {
  const found = PRIVATE.exec(line);
  return found ? { to: found[1]!, text: found[2]! } : undefined;
}

/** The text of a `/toall TEXT`. */
export function broadcastOf(line: string): string | undefined {
  return BROADCAST.exec(line)?.[1];
}

/** A port that a client can announce. */
export function isPort(word: string): boolean {
  return /^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535;
}

/** What the handout's server answers to a line, without its end; undefined where the handout leaves it open. */
export function replyTo(line: string, stage: Stage): Reply | undefined {
  if (stage === "login") return replyToLogin(line);
  if (stage === "link") return replyInLink(line);
  return stage === "chat" ? replyInChat(line) : undefined;
}

const unrecognized = (rule: string): Reply => ({ rule, codes: ["401"] });

function replyToLogin(line: string): Reply | undefined {
  if (/^\/login \S+ \S+$/.test(line)) return { rule: "im/2/1", codes: ["101", "102"] };
  return unrecognized(/^\/login\b/.test(line) ? "im/2/11" : "im/2/6");
}

function replyInLink(line: string): Reply | undefined {
  const [command, port, ...more] = line.split(" ");
  // The handout leaves it open what /exit does here.
  if (line === "/exit") return undefined;
  if (command === "/login") return unrecognized("im/2/10");
  if (command !== "/port") return unrecognized("im/3/6");
  if (port === undefined || port === "") return unrecognized("im/3/5");
  if (more.length === 0 && isPort(port)) return { rule: "im/3/1", codes: ["201", "202"] };
  return unrecognized(/^\d+$/.test(port) && more.length === 0 ? "im/3/4" : "im/3/3");
}

function replyInChat(line: string): Reply {
  const [command] = line.split(" ");
  if (line === "/list") return { rule: "im/6/1", codes: ["301"] };
  if (line === "/exit") return { rule: "im/7/1", codes: ["310"] };
  if (privateOf(line)) return { rule: "im/4/2", codes: ["303", "304"] };
  if (broadcastOf(line) !== undefined) return { rule: "im/5/3", codes: ["303", "304"] };
  const malformed: Readonly<Record<string, string>> = {
    "/to": "im/4/14",
    "/toall": "im/5/8",
    "/list": "im/6/6",
    "/exit": "im/7/7",
    "/login": "im/2/10",
    "/port": "im/3/7",
  };
  return unrecognized(malformed[command!] ?? (line.startsWith("/") ? "im/8/1" : "im/8/2"));
}
