import type { Command } from "../../chat/command.ts";
import { Fault } from "../../core/errors.ts";
import { AS_GUEST } from "./lines.ts";
import { ASKS_TLS } from "./tls_offer.ts";

/** A line that a client sends on La. */
export type Request =
  | { readonly type: "login"; readonly name: string; readonly password: string }
  | { readonly type: "port"; readonly port: number }
  | { readonly type: "list" }
  | { readonly type: "to"; readonly name: string; readonly text: string }
  | { readonly type: "toall"; readonly text: string }
  | { readonly type: "exit" }
  /** Our extension: creates an account. */
  | { readonly type: "register"; readonly name: string; readonly password: string }
  /** Our extension: switches to the native protocol; before the login, for a guest. */
  | { readonly type: "partyline"; readonly asGuest: boolean }
  /** Our extension: asks where the server speaks TLS; before the login. */
  | { readonly type: "asksTls" };

/** With one command at a time there is one outcome to wait for. */
const ONLY_REF = 0;
const LIST: Request = { type: "list" };
const EXIT: Request = { type: "exit" };
const NO_COMMAND = "no command";
const PARTYLINE: Request = { type: "partyline", asGuest: false };
const TLS: Request = { type: "asksTls" };
const PARTYLINE_AS_GUEST: Request = { type: "partyline", asGuest: true };

/**
 * The stages of a session. `parting`: Lb is gone and the user is offline, but `/exit` is still answered for a moment.
 * `upgrading`: the client has asked for the native protocol, and the message in flight is still waited for.
 */
export type Stage = "authentication" | "link" | "chat" | "upgrading" | "parting" | "ended";

/** Whether a session in this stage takes the request. */
export function isKnown(
  request: Request,
  stage: Stage,
  { registers, guests }: { readonly registers: boolean; readonly guests?: boolean },
): boolean {
  const { type } = request;
  const asGuest = type === "partyline" && request.asGuest;
  switch (stage) {
    case "authentication":
      return type === "login" || (type === "register" && registers) || (asGuest && guests === true);
    case "link":
      return type === "port";
    case "parting":
      return type === "exit";
    default:
      return type !== "login" && type !== "register" && type !== "port" && type !== "asksTls" && !asGuest;
  }
}

/** The hub command for a request. */
export function commandOf(request: Exclude<Request, { type: "exit" | "port" | "partyline" | "asksTls" }>): Command {
  switch (request.type) {
    case "list":
      return { type: "who" };
    case "to":
      return { type: "send", ref: ONLY_REF, to: request.name, text: request.text };
    case "toall":
      return { type: "sendAll", ref: ONLY_REF, text: request.text };
    default:
      return request;
  }
}

/** A port outside the range, which deserves a rule of its own. */
const PORT_RULE = "a port is 1 to 65535";

/**
 * Parses a line of La. Spaces matter: a text keeps all of its own, and anywhere else a superfluous one is an error. The fault
 * says what was expected, and never what was found: that may be a password.
 */
export function decodeRequest(line: string): Request | Fault {
  const blank = line.indexOf(" ");
  const verb = blank < 0 ? line : line.slice(0, blank);
  const rest = blank < 0 ? undefined : line.slice(blank + 1);
  switch (verb) {
    case "/to":
      return decodeTo(rest);
    case "/toall":
      return rest ? { type: "toall", text: rest } : malformed("/toall TEXT");
    case "/list":
      return rest === undefined ? LIST : malformed("/list");
    case "/exit":
      return rest === undefined ? EXIT : malformed("/exit");
    case "/port":
      return decodePort(rest);
    case "/partyline":
      if (line === AS_GUEST) return PARTYLINE_AS_GUEST;
      if (line === ASKS_TLS) return TLS;
      // Version 1 was never released.
      return /^([2-9]|[1-9]\d{1,8})$/.test(rest ?? "") ? PARTYLINE : malformed("/partyline 2");
    case "/login":
    case "/register":
      return decodeLogin(verb === "/login" ? "login" : "register", rest);
    default:
      return new Fault("malformed", NO_COMMAND);
  }
}

function decodeTo(rest: string | undefined): Request | Fault {
  const blank = rest?.indexOf(" ") ?? -1;
  if (blank < 1 || blank + 1 === rest!.length) return malformed("/to NAME TEXT");
  return { type: "to", name: rest!.slice(0, blank), text: rest!.slice(blank + 1) };
}

function decodePort(rest: string | undefined): Request | Fault {
  if (!/^\d{1,20}$/.test(rest ?? "")) return malformed("/port N");
  const port = Number(rest);
  if (port < 1 || port > 65535) return new Fault("malformed", PORT_RULE);
  return rest!.length <= 5 ? { type: "port", port } : malformed("/port N");
}

function decodeLogin(type: "login" | "register", rest: string | undefined): Request | Fault {
  const words = rest?.split(" ") ?? [];
  if (words.length === 2 && words[0] !== "" && words[1] !== "") {
    return { type, name: words[0]!, password: words[1]! };
  }
  return malformed(`/${type} NAME PASSWORD`);
}

function malformed(form: string): Fault {
  return new Fault("malformed", `expected "${form}"`);
}

/** What a stage takes, as the handout writes it. */
const FORMS: Readonly<Record<Stage, string>> = {
  authentication: '"/login NAME PASSWORD"',
  link: '"/port N"',
  chat: "/list, /to, /toall or /exit",
  upgrading: "nothing before the reply to /partyline",
  parting: "/exit",
  ended: "nothing",
};

/** Why a line is answered with 401, for the log. `line` is without its password, and quoted. */
export function refusal(request: Request | Fault, stage: Stage, line: string): string {
  if (!(request instanceof Fault)) return `${verbOf(request)} ${misplaced(request, stage)}`;
  if (request.kind === "too long") return `a line that is too long: ${request.message}`;
  if (request.kind === "not text") return `${line} is not UTF-8`;
  if (request.message === PORT_RULE) return `${line.slice(1, -1)}: ${PORT_RULE}`;
  if (request.message === NO_COMMAND) return `${line} is ${NO_COMMAND}: expected ${FORMS[stage]}`;
  return `${line} is malformed: ${request.message}`;
}

function verbOf({ type }: Request): string {
  return type === "asksTls" ? ASKS_TLS : `/${type}`;
}

/** Why a request that is well-formed is not known in a stage. */
function misplaced(request: Request, stage: Stage): string {
  const { type } = request;
  if (type === "partyline" && request.asGuest) {
    return stage === "authentication" ? "as a guest without --guests" : "as a guest after 101";
  }
  if (stage === "authentication") return type === "register" ? "without --registration" : "before /login";
  if (stage === "parting") return "after Lb was closed";
  if (type === "login" || type === "register" || type === "asksTls") return "after 101";
  if (type === "port") return "after 201";
  if (type === "partyline") return "to a server without a store";
  return stage === "link" ? "before /port" : `in the stage "${stage}"`;
}
