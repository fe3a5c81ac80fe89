import { concat } from "@std/bytes/concat";
import { decodeLossy, encodeBriefly, encodeText, linesOf, oneLine } from "../../core/text.ts";
import type { Message } from "../../chat/event.ts";
import type { OnlineNames } from "../../chat/online_names.ts";
import type { Link } from "../session.ts";

/** The client's connection to the server: commands and their replies. */
export const LA: Link = 0;
/** The server's connection to the client: messages and their receipts. */
export const LB: Link = 1;

/** The replies of the server, as the handout spells them. */
export const REPLY = {
  authenticated: "101 Authentication successful",
  refused: "102 Authentication failed",
  linked: "201 Build connection successful",
  notLinked: "202 Build connection failed",
  delivered: "303 Message delivery successful",
  notDelivered: "304 Message delivery failed",
  bye: "310 Bye bye",
  unrecognized: "401 Unrecognized message",
  /** Our extension: an account was created. */
  registered: "111 Registration successful",
  /** Our extension: the native protocol follows on La. */
  partyline: "110 partyline 2",
} as const;

/** Our extension: asks for the native protocol before the login, where a guest then says its name. */
export const AS_GUEST = "/partyline 2 guest";

const LIST = encodeText("301");
const BREAK = encodeText("\n");
const encodedReplies = new Map<string, Uint8Array>(Object.values(REPLY).map((line) => [line, encodeLine(line)]));

export function encodeReply(line: string): Uint8Array {
  return encodedReplies.get(line) ?? encodeLine(line);
}

/** The client's answer to each line on Lb. */
export const RECEIPT = "302 Message receipt successful";

export function encodeLine(line: string): Uint8Array {
  return encodeBriefly(oneLine(line) + "\n");
}

/** A line without the NULs before it: programs in C that send a whole buffer send them behind the line before. */
export function withoutPadding(line: string): string {
  return line.startsWith("\0") ? line.replace(/^\0+/, "") : line;
}

/** A line of a server, for display. */
export function decodeServerLine(bytes: Uint8Array): string {
  return withoutPadding(decodeLossy(bytes));
}

/** The reply to `/register` when no account is created. */
export function notRegisteredLine(why: string): string {
  return `112 Registration failed: ${oneLine(why)}`;
}

/** The reply to `/list`, of which only the beginning is made for each asker. */
export function encodeList(names: OnlineNames, asker: string | undefined): Uint8Array {
  return concat([LIST, names.startingWith(asker), BREAK]);
}

/** A message as its receivers get it on Lb: a line for each line of its text, one after the other. */
export function messageLines({ scope, from, text }: Pick<Message, "scope" | "from" | "text">): readonly string[] {
  const verb = scope === "one" ? "/from" : "/broadcastfrom";
  // A carriage return inside a line is forwarded unchanged; only a newline would end it.
  return linesOf(text).map((line) => `${verb} ${from} ${line.replaceAll("\n", " ")}`);
}

/** The bytes of `messageLines`, made once for all receivers. */
export function encodeMessage(message: Message): readonly Uint8Array[] {
  return message.encoded("im", () => messageLines(message).map((line) => encodeBriefly(`${line}\n`)));
}
