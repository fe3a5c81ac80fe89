import { type Rule, rule } from "../../rule.ts";
import { expect, expectText, packets, sendRaw, sendUntil, silence } from "../../step.ts";
import { cookie, NUMBER, open, OTHER_NUMBER, synced, TOKEN } from "./prepare.ts";

const NO_STATE = "the cookie is a keyed hash of the client's address, its number and the time";
const DROPPED = "Any other datagram is dropped.";

/** Section 1: opening a link, in the datagrams of docs/protocols/datagrams.md. */
export const OPENING: readonly Rule[] = [
  rule("mailbox/1/1", {
    title: "HELLO is answered with COOKIE, with the client's number",
    quote: "The client sends HELLO every 0.2 s until COOKIE arrives",
    why: "everything begins with it",
    cause: "the socket is bound to another port, or the number is read as little-endian and written as big-endian",
    points: 2,
    script: [
      packets("jacky La"),
      sendUntil("jacky La", `HELLO ${NUMBER}`),
      expect("jacky La", new RegExp(`^COOKIE ${NUMBER} [0-9a-f]{32}$`)),
    ],
  }),
  rule("mailbox/1/2", {
    title: "OPEN with the cookie is answered with OPENED, which has the id of the link",
    quote: "then OPEN until OPENED arrives",
    why: "without a link nothing can be said",
    cause: "the cookie is compared with that of the last HELLO of any client",
    points: 2,
    script: [
      cookie(),
      sendUntil("jacky La", `OPEN ${NUMBER} {cookie}`),
      expect("jacky La", new RegExp(`^OPENED ${NUMBER} [0-9a-f]{16}$`)),
    ],
  }),
  rule("mailbox/1/3", {
    title: "a repeated OPEN gets the same OPENED",
    quote: "A repeated OPEN (OPENED may be lost) gets the same OPENED.",
    why: "a second link would be one that the client never uses",
    cause: "each OPEN makes a new link",
    after: ["mailbox/1/2"],
    script: [
      cookie(),
      sendRaw("jacky La", `OPEN ${NUMBER} {cookie}`),
      expect("jacky La", new RegExp(`^OPENED ${NUMBER} (?<link>[0-9a-f]{16})$`)),
      sendRaw("jacky La", `OPEN ${NUMBER} {cookie}`),
      expect("jacky La", `OPENED ${NUMBER} {link}`),
    ],
  }),
  rule("mailbox/1/4", {
    title: "OPEN with a cookie that the server never gave is not answered",
    quote: "The server keeps no state before a valid OPEN",
    why: "a forged sender could fill the server's memory with links",
    cause: "the cookie is not looked at",
    points: 2,
    after: ["mailbox/1/2"],
    script: [cookie(), sendRaw("jacky La", `OPEN ${NUMBER} ${"ab".repeat(16)}`), silence("jacky La", 400)],
  }),
  rule("mailbox/1/5", {
    title: "a cookie is good for its own client alone",
    quote: NO_STATE,
    why: "one cookie that was overheard would open links for any address",
    cause: "the cookie is a hash of the time alone",
    after: ["mailbox/1/4"],
    script: [cookie(), sendRaw("jacky La", `OPEN ${OTHER_NUMBER} {cookie}`), silence("jacky La", 400)],
  }),
  rule("mailbox/1/6", {
    title: "a cookie is good for the address that it was sent to",
    quote: NO_STATE,
    why: "a stranger could open links in the name of another address",
    cause: "the address is not a part of what is hashed",
    after: ["mailbox/1/4"],
    script: [
      cookie(),
      packets("bob La"),
      sendRaw("bob La", `OPEN ${NUMBER} {cookie}`),
      silence("bob La", 400),
    ],
  }),
  rule("mailbox/1/7", {
    title: "a HELLO that is shorter than 48 bytes is dropped",
    quote: "Every answer to a datagram outside a link is shorter than that datagram.",
    why: "short requests with long answers make the server a weapon against third parties",
    cause: "the length is not looked at",
    script: [
      cookie(),
      sendRaw("jacky La", new Uint8Array([0x50, 1, 0, 0, 0, 0, 0, 0, 0, 9])),
      silence("jacky La", 300),
    ],
  }),
  rule("mailbox/1/8", {
    title: "two clients get two links",
    quote: "link's id, 8 bytes",
    why: "what one says must not be heard as another's",
    cause: "one link is kept in a variable for all",
    points: 2,
    after: ["mailbox/1/2"],
    script: [
      open("jacky", NUMBER),
      packets("bob La"),
      sendUntil("bob La", `HELLO ${OTHER_NUMBER}`),
      expect("bob La", new RegExp(`^COOKIE ${OTHER_NUMBER} (?<cookie>[0-9a-f]{32})$`)),
      sendRaw("bob La", `OPEN ${OTHER_NUMBER} {cookie}`),
      expectText("bob La", new RegExp(`^OPENED ${OTHER_NUMBER} (?!{link})`)),
    ],
  }),
  rule("mailbox/1/9", {
    title: "a datagram for a link that does not exist is answered with a bare CLOSE",
    quote: "A later datagram for a closed link is answered with a bare CLOSE.",
    why: "a client learns by it at once that the server was started again",
    cause: "an unknown id is passed over, or throws",
    script: [
      cookie(),
      sendRaw("jacky La", `PING ffffffffffffff01 ${TOKEN}`),
      expect("jacky La", "CLOSE ffffffffffffff01"),
    ],
  }),
  ...[
    ["10", "a datagram of another protocol", "the first byte is not looked at", "474554202f20485454502f312e310d0a"],
    ["11", "an empty datagram", "the first byte of nothing is read", ""],
    ["12", "a datagram of an unknown kind", "the last branch takes whatever comes", "5063{link}00"],
    ["13", "a DATA that is cut in its header", "the numbers are unpacked without a look at the length", "5005{link}00"],
  ].map(([number, what, cause, hex]) =>
    rule(`mailbox/1/${number}`, {
      title: `${what} does no harm`,
      quote: DROPPED,
      why: "any program of the network can send to the port",
      cause: cause!,
      after: ["mailbox/2/8"],
      script: [open(), sendRaw("jacky La", `RAW ${hex}`), synced],
    })
  ),
];
