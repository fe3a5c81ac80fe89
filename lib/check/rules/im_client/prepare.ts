import { prepares } from "../../rule.ts";
import { accept, dial, expect, expectText, listen, type Script, send, start, type Step } from "../../step.ts";

export const NAME_PROMPT = "Please input your user name: ";
export const PASSWORD_PROMPT = "Please input your password: ";
export const LOGGED_IN = "101 Authentication successful";
export const LOGIN_FAILED = "102 Authentication failed";
export const LINKED = "201 Build connection successful";
export const NOT_LINKED = "202 Build connection failed";
export const RECEIPT = "302 Message receipt successful";
export const DELIVERED = "303 Message delivery successful";
export const UNRECOGNIZED = "401 Unrecognized message";
export const BYE = "310 Bye bye";

/** Starts the client of a person, which connects to us; prepared by im/12/1. */
export const connected = (...people: string[]): Script =>
  people.map((who) => prepares("im/12/1", [listen(`${who} La`), start(who), accept(`${who} La`)]));

/** Types a name and a password. */
export const typesLogin = (
  who: string,
): Step[] => [send(`${who} keys`, `{${who}}`), send(`${who} keys`, `{${who}.password}`)];

/** The login that was typed arrives. */
export const sendsLogin = (who: string): Step => expect(`${who} La`, `/login {${who}} {${who}.password}`);

/** Types the name and the password; prepared by im/13/1. */
export const loggingIn = (...people: string[]): Script =>
  people.map((who) => [connected(who), prepares("im/13/1", [typesLogin(who), sendsLogin(who)])]);

/** The port that a client announces: `{jackyLb}`. */
export const announces = (who: string): Step =>
  expect(`${who} La`, new RegExp(`^/port (?<${who}Lb>\\d{1,5})$`), { words: "/port N" });

/** Logs in; the client announces its port; prepared by im/14/1. */
export const announcing = (...people: string[]): Script =>
  people.map((who) => [loggingIn(who), prepares("im/14/1", [send(`${who} La`, LOGGED_IN), announces(who)])]);

/** Connects Lb to the port that the client has announced; prepared by im/14/2. */
export const linked = (who: string): Script => [
  prepares("im/14/2", [dial(`${who} Lb`, `{${who}Lb}`)]),
  send(`${who} La`, LINKED),
];

/** Logs in and links. */
export const online = (...people: string[]): Script => people.map((who) => [announcing(who), linked(who)]);

/** The rule about each command. */
const RULE_OF: Readonly<Record<string, string>> = { "/to": "im/15/3", "/toall": "im/15/4" };

/** The line of a command that was typed arrives; prepared by the rule of that command. */
export const sends = (who: string, line: string): Step[] =>
  prepares(RULE_OF[line.split(" ")[0]!] ?? "im/15/1", [expect(`${who} La`, line)]);

/** A command is typed, sent and answered. */
export const commands = (who: string, line: string, reply: string): Script => [
  send(`${who} keys`, line),
  sends(who, line),
  send(`${who} La`, reply),
];

/** The client works as before: the next command arrives. */
export const goesOn = (who: string): Script => [send(`${who} keys`, "/list"), sends(who, "/list")];

/** An incoming line is answered; prepared by im/16/1. */
export const answers = (who: string): Step[] => prepares("im/16/1", [expect(`${who} Lb`, RECEIPT)]);

/** A message comes and is answered. */
export const receives = (who: string, sender: string, text = "{text}"): Script => [
  send(`${who} Lb`, `/from {${sender}} ${text}`),
  answers(who),
];

/** A line is shown as it came, and ended. */
export const shows = (who: string, line: string): Step =>
  expectText(`${who} screen`, new RegExp(`${escaped(line)}\\r?\\n`));

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]|/]/g, "\\$&");
}
