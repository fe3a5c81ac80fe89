import { quoted } from "../../core/wire_text.ts";
import { ASKS_TLS } from "./tls_offer.ts";

/** The question before a login. The handout has an answer to it, since it is no command before a login: 401. */
const QUESTION = "/partyline 2";

/** What a client asks that takes an offer of TLS; a server that has none answers it like the question. */
export function questionOf(takesTls: boolean): string {
  return takesTls ? ASKS_TLS : QUESTION;
}

/** A wrong login is 102; some programs of others have one answer to all that is wrong. */
const IM_ANSWER = /^(?:102|4\d\d)(?!\d)/;

/** How servers of other kinds begin what they say to a line that they do not understand. */
const OTHERS: readonly { readonly begins: string; readonly why: string }[] = [
  // A TLS server answers with an alert; its record begins so.
  { begins: "\x15\x03", why: "this port speaks TLS: try --tls" },
  { begins: "HTTP/", why: "this is an HTTP server: open it in a browser, or try the port of its chat" },
  { begins: "SSH-", why: "this is an SSH server" },
  { begins: "Welcome to this chatroom!", why: "this is a lobby: try client lobby" },
  { begins: QUESTION, why: "this server returns what it is sent; it is no chat" },
];

/** Why what answers the question is no IM server; undefined for one. */
export function otherServer(answer: string): string | undefined {
  if (IM_ANSWER.test(answer)) return undefined;
  return knownServer(answer) ?? `no IM server answers ${quoted(answer)} before a login`;
}

/** The same from the beginning of an answer, where that suffices. */
export function knownServer(beginning: string): string | undefined {
  return OTHERS.find(({ begins }) => beginning.startsWith(begins))?.why;
}

/** Why nothing is sent to a server that has not answered. */
export function unanswered(how: string): string {
  return `the server ${how}, so no password was sent. Is it an IM server? client HOST PORT logs in without asking first`;
}
