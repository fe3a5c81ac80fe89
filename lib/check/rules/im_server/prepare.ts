import { prepares } from "../../rule.ts";
import { accept, dial, expect, listen, type Script, send } from "../../step.ts";

/** Logs in over La; prepared by im/2/1. */
export const loggedIn = (...people: string[]): Script =>
  people.map((who) =>
    prepares("im/2/1", [
      dial(`${who} La`),
      send(`${who} La`, `/login {${who}} {${who}.password}`),
      expect(`${who} La`, "101 Authentication successful"),
    ])
  );

/** Announces a port and takes Lb; prepared by im/3/1. */
export const linked = (...people: string[]): Script =>
  people.map((who) =>
    prepares("im/3/1", [
      listen(`${who} Lb`),
      send(`${who} La`, `/port {${who}.Lb.port}`),
      accept(`${who} Lb`),
      expect(`${who} La`, "201 Build connection successful"),
    ])
  );

/** Logs in and links, one after the other. */
export const online = (...people: string[]): Script => people.map((who) => [loggedIn(who), linked(who)]);

/** The receiver gets a private message and acknowledges it. */
export const receives = (who: string, line: string): Script => [
  expect(`${who} Lb`, line),
  send(`${who} Lb`, "302 Message receipt successful"),
];
