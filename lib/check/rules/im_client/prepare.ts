import { prepares } from "../../rule.ts";
import { accept, dial, expect, expectText, listen, type Script, send, start } from "../../step.ts";

/** Starts the client of a person, which connects to us; prepared by im/12/1. */
export const connected = (...people: string[]): Script =>
  people.map((who) => prepares("im/12/1", [listen(`${who} La`), start(who), accept(`${who} La`)]));

/** Types the name and the password; prepared by im/13/1. */
export const loggingIn = (...people: string[]): Script =>
  people.map((who) => [
    connected(who),
    prepares("im/13/1", [
      send(`${who} keys`, `{${who}}`),
      send(`${who} keys`, `{${who}.password}`),
      expect(`${who} La`, `/login {${who}} {${who}.password}`),
    ]),
  ]);

/** Logs in, and connects Lb to the port that the client announces; prepared by im/14/1. */
export const online = (...people: string[]): Script =>
  people.map((who) => [
    loggingIn(who),
    prepares("im/14/1", [
      send(`${who} La`, "101 Authentication successful"),
      expect(`${who} La`, new RegExp(`^/port (?<${who}Lb>\\d{1,5})$`)),
      dial(`${who} Lb`, `{${who}Lb}`),
      send(`${who} La`, "201 Build connection successful"),
      expectText(`${who} screen`, "201 Build connection successful"),
    ]),
  ]);
