import type { Command } from "../../chat/command.ts";
import { Fault } from "../../core/errors.ts";

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
  /** Our extension: switches to the native protocol. */
  | { readonly type: "partyline" };

/** With one command at a time there is one outcome to wait for. */
const ONLY_REF = 0;
const LIST: Request = { type: "list" };
const EXIT: Request = { type: "exit" };
const PARTYLINE: Request = { type: "partyline" };

/**
 * The stages of a session. `parting`: Lb is gone and the user is offline, but `/exit` is still answered for a moment.
 * `upgrading`: the client has asked for the native protocol, and the message in flight is still waited for.
 */
export type Stage = "authentication" | "link" | "chat" | "upgrading" | "parting" | "ended";

/** Whether a session in this stage takes the request. */
export function isKnown({ type }: Request, stage: Stage, registers: boolean): boolean {
  switch (stage) {
    case "authentication":
      return type === "login" || (type === "register" && registers);
    case "link":
      return type === "port";
    case "parting":
      return type === "exit";
    default:
      return type !== "login" && type !== "register" && type !== "port";
  }
}

/** The hub command for a request. */
export function commandOf(request: Exclude<Request, { type: "exit" | "port" | "partyline" }>): Command {
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

/** Parses a line of La. Spaces matter: a text keeps all of its own, and anywhere else a superfluous one is an error. */
export function decodeRequest(line: string): Request | Fault {
  const blank = line.indexOf(" ");
  const verb = blank < 0 ? line : line.slice(0, blank);
  const rest = blank < 0 ? undefined : line.slice(blank + 1);
  switch (verb) {
    case "/to":
      return decodeTo(rest);
    case "/toall":
      return rest ? { type: "toall", text: rest } : malformed("/toall TEXT", line);
    case "/list":
      return rest === undefined ? LIST : malformed("/list alone", line);
    case "/exit":
      return rest === undefined ? EXIT : malformed("/exit alone", line);
    case "/port":
      return decodePort(rest);
    case "/partyline":
      // Version 1 was never released.
      return /^([2-9]|[1-9]\d{1,8})$/.test(rest ?? "") ? PARTYLINE : malformed("/partyline 2", line);
    case "/login":
    case "/register":
      return decodeLogin(verb === "/login" ? "login" : "register", rest);
    default:
      return malformed("a command", line);
  }
}

function decodeTo(rest: string | undefined): Request | Fault {
  const blank = rest?.indexOf(" ") ?? -1;
  if (blank < 1 || blank + 1 === rest!.length) return malformed("/to NAME TEXT", `/to ${rest ?? ""}`);
  return { type: "to", name: rest!.slice(0, blank), text: rest!.slice(blank + 1) };
}

function decodePort(rest: string | undefined): Request | Fault {
  const port = /^\d{1,5}$/.test(rest ?? "") ? Number(rest) : 0;
  return port >= 1 && port <= 65535 ? { type: "port", port } : malformed("/port 1 to 65535", `/port ${rest ?? ""}`);
}

function decodeLogin(type: "login" | "register", rest: string | undefined): Request | Fault {
  const words = rest?.split(" ") ?? [];
  if (words.length === 2 && words[0] !== "" && words[1] !== "") {
    return { type, name: words[0]!, password: words[1]! };
  }
  // Never the line itself: it may hold a password.
  return new Fault("malformed", `expected /${type} NAME PASSWORD, found ${words.length} words after /${type}`);
}

function malformed(expected: string, line: string): Fault {
  return new Fault("malformed", `expected ${expected}, found ${JSON.stringify(line.slice(0, 80))}`);
}
