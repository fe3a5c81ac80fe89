import { prepares } from "../../rule.ts";
import { closed, dial, expectWhole, type Script, sendRaw, type Step, type Template, wait } from "../../step.ts";

/** A visit: a connection of its own with one request, in one send. */
export const visit = (link: string, request: Template | Uint8Array): Script => [
  prepares("address-book/1/1", [dial(link)]),
  sendRaw(link, request),
];

/** A request of the handout's form, from the host of the check. */
export const request = (type: string, port: number, name: string, host = "{host}"): Template =>
  `${type}:${host}:${port}:${name}`;

/** A client says that it is here, and the server closes; prepared by address-book/1/3. */
export const registers = (name: string, port: number, host?: string): Script => [
  visit(`${name} R`, request("R", port, name, host)),
  prepares("address-book/1/3", [closed(`${name} R`)]),
];

/** Clients with these ports say at the same time that they are here, and the server closes all of the visits. */
export const registerTogether = (ports: readonly number[]): Script => [
  prepares("address-book/1/1", ports.map((port) => dial(`user${port} R`))),
  ports.map((port) => sendRaw(`user${port} R`, request("R", port, `user${port}`))),
  ports.map((port) => closed(`user${port} R`)),
];

/** A client says that it leaves, and the server closes; prepared by address-book/1/3. */
export const leaves = (name: string, port: number, host?: string): Script => [
  visit(`${name} K`, request("K", port, name, host)),
  prepares("address-book/1/3", [closed(`${name} K`)]),
];

/** What an answer must list and must not, by the entries' ports; the answer may be in any form, and list others as well. */
export interface Listing {
  readonly has?: readonly number[];
  readonly lacks?: readonly number[];
}

/** Ports of an answer that a story names. */
const SHOWN = 5;

/** All of an answer on this link, in any of its forms. */
export function listing(link: string, { has = [], lacks = [] }: Listing): RegExp {
  const address = `{${link.replace(" ", ".")}.address}`;
  const wanted = has.map((port) => `(?=[^]*R:${address}:${port}(?!\\d))`);
  const unwanted = lacks.map((port) => `(?![^]*R:[^-]*:${port}(?!\\d))`);
  return new RegExp(`^${wanted.join("")}${unwanted.join("")}[^]*$`);
}

/** A client asks, and the answer is all that comes until the close. */
export const asks = (name: string, port: number, listed: Listing): Script => [
  visit(`${name} R`, request("R", port, name)),
  answered(`${name} R`, listed),
];

export const answered = (link: string, listed: Listing): Step =>
  expectWhole(link, listing(link, listed), { words: listingWords(listed) });

function listingWords({ has = [], lacks = [] }: Listing): string {
  const shown = has.length > SHOWN
    ? `${has.slice(0, SHOWN).join(", ")} and ${has.length - SHOWN} more`
    : has.join(", ");
  const all = [has.length > 0 ? `with the port ${shown}` : "", lacks.length > 0 ? `without ${lacks.join(", ")}` : ""];
  return `an answer ${all.filter((each) => each !== "").join(" and ")}, then the close`;
}

/** The server works as before: a client registers, and another sees it; prepared by address-book/2/7. */
export const stillServes = (): Script => [
  registers("yves", 4901),
  prepares("address-book/2/7", asks("zoe", 4902, { has: [4901] })),
];

/** Time for the server to notice what happened: a fault is missed without it. A right server cannot fail by it. */
export const NOTICED: Step = wait(200);

/** The longest time that a server may wait for a request; the handout says "short". */
export const REQUEST_MS = 8000;
