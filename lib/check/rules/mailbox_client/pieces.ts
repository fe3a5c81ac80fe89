import { type Rule, rule } from "../../rule.ts";
import { expect, expectText, ignore, type Script, sendRaw, silence } from "../../step.ts";
import { CHALLENGE, HELLO, LINK, open, opens, PROOF, synced, TOKEN } from "./prepare.ts";

const ACKNOWLEDGED = "The receiver of DATA answers with an ACK or with DATA of its own";
const ONCE = "each arrives whole, in order, and once, or the link ends with a reason";
const ACK = new RegExp(`^(ACK ${LINK} 2|DATA ${LINK} \\d+ 2 )`);
const tells = (line: string): Script => [sendRaw("jacky La", line)];
const JSON_TEXT = JSON.stringify(CHALLENGE);
const [FIRST, SECOND] = [JSON_TEXT.slice(0, 30), JSON_TEXT.slice(30)];

/** Section 12: pieces, their acknowledgement, and what else a link does. */
export const PIECES: readonly Rule[] = [
  rule("mailbox/12/1", {
    title: "hello is the client's first piece, with the flags for first and last",
    quote: "Pieces are numbered from 1 in each direction.",
    why: "a server waits for piece 1",
    cause: "the numbers begin at 0",
    points: 2,
    script: [
      opens(),
      ignore("jacky La", /^OPEN/),
      sendRaw("jacky La", `OPENED {number} ${LINK}`),
      expectText("jacky La", HELLO),
    ],
  }),
  rule("mailbox/12/2", {
    title: "a piece that is not acknowledged is sent again, and again",
    quote: "An unacknowledged piece is sent again after a timeout",
    why: "UDP loses datagrams; the chat must not",
    cause: "sendto() is called once",
    points: 2,
    script: [open, expectText("jacky La", HELLO, { more: 4000 }), expectText("jacky La", HELLO, { more: 4000 })],
  }),
  rule("mailbox/12/3", {
    title: "a piece that is acknowledged is not sent again",
    quote: "on a network without loss nothing else is needed",
    why: "a class of clients that repeat what has arrived floods the network",
    cause: "ACK is not read, or the ack is compared with the wrong number",
    after: ["mailbox/12/2", "mailbox/12/10"],
    script: [open, tells(`ACK ${LINK} 2`), synced, ignore("jacky La", /^ACK/), silence("jacky La", 1200)],
  }),
  rule("mailbox/12/4", {
    title: "a piece is acknowledged",
    quote: ACKNOWLEDGED,
    why: "the server sends it again and again until then",
    cause: "the ack is the number of the piece, and not of the next one",
    points: 2,
    script: [open, tells(`DATA ${LINK} 1 2 3 ${JSON_TEXT}`), expectText("jacky La", ACK)],
  }),
  rule("mailbox/12/5", {
    title: "a repeated piece is acknowledged again",
    quote: "A receiver buffers up to 256 early pieces and acknowledges duplicates again.",
    why: "the first ACK may be lost",
    cause: "a piece that was there before is passed over without an ACK",
    points: 2,
    after: ["mailbox/12/4"],
    script: [
      open,
      tells(`DATA ${LINK} 1 2 3 ${JSON_TEXT}`),
      expectText("jacky La", PROOF),
      tells(`ACK ${LINK} 3`),
      synced,
      tells(`DATA ${LINK} 1 3 3 ${JSON_TEXT}`),
      expectText("jacky La", ACK),
    ],
  }),
  rule("mailbox/12/6", {
    title: "a repeated piece is taken once",
    quote: ONCE,
    why: "UDP repeats datagrams; the chat must not",
    cause: "the number of a piece is not compared with those that have come",
    points: 2,
    after: ["mailbox/12/4"],
    script: [
      open,
      tells(`DATA ${LINK} 1 2 3 ${JSON_TEXT}`),
      expectText("jacky La", PROOF),
      tells(`ACK ${LINK} 3`),
      synced,
      ignore("jacky La", new RegExp(`^(ACK|DATA ${LINK} [12] )`)),
      tells(`DATA ${LINK} 1 3 3 ${JSON_TEXT}`),
      tells(`PING ${LINK} ${TOKEN}`),
      expect("jacky La", `PONG ${LINK} ${TOKEN}`),
      silence("jacky La", 500),
    ],
  }),
  rule("mailbox/12/7", {
    title: "a message in two pieces is put together",
    quote: "a longer one, up to 256 KiB, is split",
    why: "a long text does not fit into a datagram",
    cause: "each piece is taken for a message",
    points: 2,
    after: ["mailbox/12/4"],
    script: [
      open,
      tells(`DATA ${LINK} 1 2 1 ${FIRST}`),
      tells(`DATA ${LINK} 2 2 2 ${SECOND}`),
      expectText("jacky La", PROOF),
    ],
  }),
  rule("mailbox/12/8", {
    title: "pieces that come in the wrong order are put in order",
    quote: ONCE,
    why: "UDP reorders datagrams; the chat must not",
    cause: "pieces are joined in the order in which they come, or an early one is thrown away for good",
    points: 2,
    after: ["mailbox/12/7"],
    script: [
      open,
      tells(`DATA ${LINK} 2 2 2 ${SECOND}`),
      synced,
      tells(`DATA ${LINK} 1 2 1 ${FIRST}`),
      expectText("jacky La", PROOF),
    ],
  }),
  rule("mailbox/12/9", {
    title: "an early piece is told in the bits of the ACK",
    quote: "bit k of byte n, lowest bit first, says that piece `ack`+1+8n+k has arrived",
    why: "the server sends again only what is missing",
    cause: "the bits begin at the piece that is missing, or at the highest bit",
    after: ["mailbox/12/4"],
    script: [
      open,
      tells(`DATA ${LINK} 3 2 3 ${JSON_TEXT}`),
      expectText("jacky La", new RegExp(`^ACK ${LINK} 1 02(00)*$`)),
    ],
  }),
  rule("mailbox/12/10", {
    title: "PING is answered with PONG and the same 8 bytes",
    quote: "the same 8 bytes",
    why: "a server that hears nothing for 32 s takes the link for dead",
    cause: "PONG has zeros, or is not sent",
    script: [open, tells(`PING ${LINK} ${TOKEN}`), expectText("jacky La", `PONG ${LINK} ${TOKEN}`)],
  }),
  rule("mailbox/12/11", {
    title: "after 8 s without sending it sends PING",
    quote: "PING after 8 s without sending",
    why: "the server takes a link that is silent for 32 s for dead, and routers forget it sooner",
    cause: "there is no timer besides that of the repeats",
    level: "should",
    script: [open, tells(`ACK ${LINK} 2`), expectText("jacky La", new RegExp(`^PING ${LINK} `), { more: 8000 })],
  }),
  ...[
    ["12", "a datagram of another protocol", "the first byte is not looked at", "474554202f20485454502f312e310d0a"],
    ["13", "an empty datagram", "the first byte of nothing is read", ""],
    ["14", "a datagram of an unknown kind", "the last branch takes whatever comes", `5063${LINK}00`],
    [
      "15",
      "a DATA that is cut in its header",
      "the numbers are unpacked without a look at the length",
      `5005${LINK}00`,
    ],
  ].map(([number, what, cause, hex]) =>
    rule(`mailbox/12/${number}`, {
      title: `${what} does no harm`,
      quote: "Any other datagram is dropped.",
      why: "any program of the network can send to the port",
      cause: cause!,
      after: ["mailbox/12/10"],
      script: [open, sendRaw("jacky La", `RAW ${hex}`), synced],
    })
  ),
];
