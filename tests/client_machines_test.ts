import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { ChatClient, type ChatClientOutput } from "../lib/client/chat_client.ts";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { decodeText, encodeText } from "../lib/core/text.ts";
import { LA, LB } from "../lib/protocols/im/lines.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import { ReconnectingClient } from "../lib/protocols/native/reconnecting.ts";

/** An output as a line of a transcript. */
function shown(output: ChatClientOutput): string {
  switch (output.type) {
    case "write":
      return `${output.link === LA ? "" : "Lb "}> ${decodeText(output.bytes)}`.trimEnd();
    case "event":
      return output.event.type === "denied" ? `denied: ${output.event.why}` : output.event.type;
    case "ask":
      return `ask ${output.prompt}`;
    case "identify":
      return `identify ${output.name}`;
    case "prove":
      return `prove with "${output.password}"`;
    case "retrying":
      return `retry in ${output.inMs}: ${output.why}`;
    case "ended":
      return `end ${output.status}${output.why === undefined ? "" : `: ${output.why}`}`;
    case "abort":
    case "refused":
      return `${output.type}: ${output.why}`;
    case "raw":
      return `raw ${output.line}`;
    default:
      return output.type;
  }
}

const KEY = new Uint8Array(32);
const HELLO = `> {"type":"hello","version":2,"name":"alice","nonce":"n","key":"${encodeBase64(KEY)}"}`;
const RESUME = '> {"type":"resume","client":"r","answered":0}';
const BEGUN = begun(0);

function begun(accepted: number, refused: { number: number; why: string }[] = [], last = 0): string {
  const rest = { refused, rooms: ["lobby"], textBytes: 100, searches: true };
  return JSON.stringify({ type: "begun", store: "s", last, accepted, ...rest });
}

/** A client over TLS, by hand. */
class Tls {
  readonly machine: ReconnectingClient<NativeClient>;

  constructor(interactive = false, password: string | null = "12345", leavesAtOnce = false) {
    const login = { name: "alice", password: password ?? undefined, interactive };
    this.machine = new ReconnectingClient(new NativeClient({ client: "r" }), {
      framing: "lines",
      login,
      leavesAtOnce,
    });
    this.machine.start();
  }

  take(): string {
    return this.machine.takeOutputs().map((output) => shown(output as ChatClientOutput)).join(" | ");
  }

  receive(line: string, now = 0): string {
    this.machine.receive(encodeText(`${line}\n`), now);
    this.machine.turnEnded(now);
    return this.take();
  }

  /** Connects and logs in. */
  join(now = 0): this {
    this.machine.opened(now);
    this.machine.login((login) => login.identified("n", KEY));
    this.receive('{"type":"welcome","version":2,"name":"alice"}', now);
    this.receive(BEGUN, now);
    return this;
  }
}

Deno.test("a client says hello, proves its password, resumes, and checks the proof of the server", () => {
  for (const right of [true, false]) {
    const tls = new Tls();
    const { machine } = tls;
    assertEquals(tls.take(), "connect");
    machine.opened(0);
    assertEquals(tls.take(), "identify alice");
    machine.login((login) => login.identified("n", KEY));
    assertEquals(tls.take(), HELLO);
    const challenge =
      '{"type":"challenge","how":"password","nonce":"AA==","salt":"AA==","ln":4,"r":8,"p":1,"bytes":32}';
    assertEquals(tls.receive(challenge), 'prove with "12345"');
    machine.login((login) => login.proven("stale", new Uint8Array(3), undefined));
    assertEquals(tls.take(), "", "the answer to another connection's challenge");
    machine.login((login) => login.proven("n", new Uint8Array(3), Uint8Array.of(1, 2, 3)));
    assertEquals(tls.take(), '> {"type":"proof","proof":"AAAA"}');
    const proof = right ? "AQID" : "AQIE";
    assertEquals(
      tls.receive(`{"type":"welcome","version":2,"name":"alice","proof":"${proof}"}`),
      right ? RESUME : "denied: the server cannot prove that it knows the password | close",
    );
  }
});

Deno.test("a refused login ends a script, and asks a person again", () => {
  const script = new Tls();
  script.machine.opened(0);
  script.take();
  assertEquals(
    script.receive('{"type":"refused","why":"wrong password"}'),
    'refused: wrong password | > {"type":"bye"} | close',
  );
  script.machine.disconnected("left", 1, 0);
  assertEquals(script.take(), "end 1: wrong password");
  const person = new Tls(true);
  person.machine.opened(0);
  person.take();
  assertEquals(person.receive('{"type":"refused","why":"wrong password"}'), "refused: wrong password | ask name");
  person.machine.login((login) => login.typed("bob"));
  assertEquals(person.take(), "identify bob");
});

Deno.test("a first connection that fails is the end; a later one is retried, and sends again what has no answer", () => {
  const failing = new Tls();
  failing.take();
  failing.machine.disconnected("cannot connect", 0, 0);
  assertEquals(failing.take(), "end 1: cannot connect");
  const tls = new Tls().join();
  tls.machine.use((native) => native.say({ user: "bob" }, "hi", 0));
  const say = '> {"type":"say","number":1,"to":"bob","text":"hi"}';
  assertEquals(tls.take(), say);
  tls.machine.disconnected("the connection is lost", 0, 0);
  assertEquals([tls.take(), tls.machine.wakeAt], ["retry in 250: the connection is lost", 250]);
  tls.machine.tick(250);
  assertEquals(tls.take(), "connect");
  tls.machine.disconnected("refused", 1000, 0.5);
  assertEquals([tls.take(), tls.machine.wakeAt], ["retry in 281: refused", 1281]);
  tls.machine.tick(1281);
  tls.machine.opened(1281);
  tls.machine.login((login) => login.identified("n", KEY));
  tls.take();
  assertEquals(
    tls.receive('{"type":"welcome","version":2,"name":"alice"}'),
    '> {"type":"resume","client":"r","answered":0,"store":"s","after":0}',
  );
  assertEquals(tls.receive(BEGUN), `loggedIn | ${say}`);
});

Deno.test("a silent server is pinged, and given up when it stays silent; a user who is asked for a password has time", () => {
  const tls = new Tls().join();
  assertEquals(tls.machine.wakeAt, 20_000);
  tls.machine.tick(20_000);
  assertEquals(tls.take(), '> {"type":"ping","ref":1}');
  tls.receive('{"type":"pong","ref":1}', 21_000);
  tls.machine.tick(40_000);
  assertEquals(tls.take(), "");
  tls.machine.tick(41_000);
  tls.take();
  tls.machine.tick(61_000);
  assertEquals(tls.take(), "abort: no answer from the server for 20 s");
  const asked = new Tls(true, null);
  asked.machine.opened(0);
  asked.machine.login((login) => login.identified("n", KEY));
  asked.receive('{"type":"challenge","how":"password","nonce":"AA==","salt":"AA==","ln":4,"r":8,"p":1,"bytes":32}');
  assertEquals(asked.machine.wakeAt, Infinity);
});

Deno.test("leaving waits for the answer to the last message, for ten seconds at most; a second Ctrl-C waits for nothing", () => {
  const sent = '{"type":"sent","upTo":1}';
  const patient = new Tls().join();
  patient.machine.use((native) => native.say({ user: "bob" }, "hi", 0));
  patient.machine.leave(0);
  patient.take();
  assertEquals(patient.receive(sent), 'sent | > {"type":"bye"} | close');
  patient.machine.disconnected("left", 1, 0);
  assertEquals(patient.take(), "end 0");
  const unanswered = new Tls().join();
  unanswered.machine.use((native) => native.say({ user: "bob" }, "hi", 0));
  unanswered.machine.leave(0);
  unanswered.take();
  unanswered.machine.tick(10_000);
  assertEquals(unanswered.take(), '> {"type":"bye"} | close');
  unanswered.machine.tick(11_000);
  assertEquals(unanswered.take(), "end 1: the server has not accepted 1 message");
  const hasty = new Tls().join();
  hasty.machine.stop(130, 0);
  assertEquals(hasty.take(), '> {"type":"bye"} | close');
  hasty.machine.stop(130, 0);
  assertEquals(hasty.take(), "end 130");
});

/** A client that logs in by the IM handout, by hand. */
class Im {
  readonly machine = new ChatClient(new NativeClient({ client: "r" }), { name: "bob", password: "1", trace: false });

  constructor() {
    this.machine.start();
    this.machine.opened(5000, Infinity, 0);
    assertEquals(this.take(), "connect | > /partyline 2");
  }

  /** The server shows that it is an IM server: it gets the name and the password. */
  answered(): this {
    assertEquals(this.receive("401 Unrecognized message"), "ask null | > /login bob 1");
    return this;
  }

  take(): string {
    return this.machine.takeOutputs().map(shown).join(" | ");
  }

  receive(line: string, link = LA): string {
    this.machine.receive(link, encodeText(`${line}\n`), 0);
    return this.take();
  }

  link(): this {
    assertEquals(this.receive("101 Authentication successful"), "expectLink | > /port 5000");
    assertEquals(this.receive("201 Build connection successful"), "confirmLink | > /partyline 2");
    return this;
  }
}

const OTHERS: readonly (readonly [string | Uint8Array<ArrayBuffer>, RegExp])[] = [
  [Uint8Array.of(0x15, 3, 3, 0, 2, 2, 22), /this port speaks TLS: try --tls/],
  [Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10), /this port speaks TLS: try --tls/],
  ["HTTP/1.1 400 Bad Request\r\n\r\n", /this is an HTTP server/],
  ["SSH-2.0-OpenSSH_9.2\r\n", /this is an SSH server/],
  ["Welcome to this chatroom!\n", /this is a lobby/],
  ["/partyline 2\n", /returns what it is sent/],
  ["220 mail ESMTP\r\n500 what?\r\n", /no IM server answers "220 mail ESMTP"/],
];

Deno.test("a server of another kind gets no password, and the client says what it has found", () => {
  for (const [answer, why] of OTHERS) {
    const bytes = typeof answer === "string" ? encodeText(answer) : answer;
    for (const size of [1, bytes.length]) {
      const im = new Im();
      for (let at = 0; at < bytes.length; at += size) im.machine.receive(LA, bytes.subarray(at, at + size), 0);
      im.machine.closed(LA, "finished", 0);
      assertEquals(im.take(), "ask null | close");
      im.machine.disconnected("left", 0, 0);
      assertMatch(im.take(), why);
    }
  }
});

Deno.test("a server that says nothing, or closes, gets no password", () => {
  const silent = new Im();
  silent.machine.tick(4999);
  assertEquals(silent.take(), "");
  silent.machine.tick(5000);
  assertEquals(silent.take(), "ask null | close");
  silent.machine.disconnected("left", 5000, 0);
  assertMatch(silent.take(), /^end 1: the server has said nothing for 5 s, so no password was sent/);
  for (const ending of ["finished", "broken"] as const) {
    const im = new Im();
    im.machine.closed(LA, ending, 0);
    assertEquals(im.take(), "ask null | close");
    im.machine.disconnected("left", 0, 0);
    assertMatch(im.take(), /^end 1: the server (closed the connection|is lost), so no password was sent/);
  }
  // Once it has answered, the user has as much time as the server gives.
  const im = new Im().answered();
  im.machine.tick(60_000);
  assertEquals(im.take(), "");
});

Deno.test("the chat client logs in by the IM handout and continues in the native protocol, which reconnects", () => {
  const im = new Im().answered().link();
  assertEquals(im.receive(`110 partyline 2\n${BEGUN}`), `${RESUME} | loggedIn`);
  im.machine.closed(LA, "broken", 0);
  assertEquals(im.take(), "close");
  im.machine.disconnected("left", 0, 0);
  assertEquals(im.take(), "retry in 250: the connection is lost");
  im.machine.tick(1000);
  assertEquals(im.take(), "connect");
  im.machine.opened(5000, Infinity, 1000);
  assertEquals(im.take(), "> /partyline 2");
  im.answered();
});

Deno.test("what is typed while the client logs in again waits for the native protocol, and is sent once it is spoken", () => {
  const im = new Im().answered().link();
  im.receive(`110 partyline 2\n${BEGUN}`);
  assertEquals(im.machine.speaksIm, false);
  im.machine.closed(LA, "broken", 0);
  im.machine.disconnected("left", 0, 0);
  im.machine.tick(1000);
  im.machine.opened(5000, Infinity, 1000);
  im.take();
  assertEquals(im.machine.speaksIm, false, "what is typed is for the queue");
  im.machine.use((native) => native.say({ user: "alice" }, "one", 0));
  im.answered().link();
  im.machine.use((native) => native.say({ room: "lobby" }, "two", 0));
  assertEquals(im.take(), "");
  const resume = '> {"type":"resume","client":"r","answered":0,"store":"s","after":0}';
  const says = [
    '> {"type":"say","number":1,"to":"alice","text":"one"}',
    '> {"type":"say","number":2,"room":"lobby","text":"two"}',
  ];
  assertEquals(im.receive(`110 partyline 2\n${BEGUN}`), [resume, "loggedIn", ...says].join(" | "));
  assertEquals(im.receive('{"type":"sent","upTo":2}'), "sent | sent");
});

Deno.test("messages for the IM session are neither shown nor confirmed before the client knows which protocol is spoken", () => {
  const entry = '{"type":"message","seq":7,"from":"alice","room":"lobby","text":"hi","time":1}';
  const native = new Im().answered().link();
  assertEquals(native.receive("/broadcastfrom alice hi", LB), "");
  // Of the log nothing counts before it has begun.
  assertEquals(native.receive(`110 partyline 2\n${entry}`), RESUME);
  assertEquals(native.receive(BEGUN), "loggedIn");
  assertEquals(native.receive(entry), 'message | shown | > {"type":"ack","seq":7}');
  assertEquals(native.receive(entry), "", "it was shown");
  const handout = new Im().answered().link();
  assertEquals(handout.receive("/from alice hi", LB), "");
  assertEquals(
    handout.receive("401 Unrecognized message"),
    "handoutOnly | raw /from alice hi | Lb > 302 Message receipt successful | ask command",
  );
});

Deno.test("a server that has crashed says what it refused, and what of the others it has", () => {
  const tls = new Tls().join();
  for (const text of ["one", "two", "three"]) tls.machine.use((native) => native.say({ user: "bob" }, text, 0));
  tls.machine.disconnected("lost", 0, 0);
  tls.machine.tick(1000);
  tls.machine.opened(1000);
  tls.machine.login((login) => login.identified("n", KEY));
  tls.receive('{"type":"welcome","version":2,"name":"alice"}', 1000);
  tls.take();
  tls.machine.receive(encodeText(`${begun(2, [{ number: 1, why: "no" }])}\n`), 1000);
  const outputs = tls.machine.takeOutputs();
  const events = outputs.flatMap((output) => output.type === "event" ? [output.event] : []);
  assertEquals(events.slice(1), [
    { type: "failed", id: "r-1", to: { user: "bob" }, why: "no" },
    { type: "sent", id: "r-2", to: { user: "bob" } },
  ]);
  assertEquals(outputs.at(-1), {
    type: "write",
    link: 0,
    bytes: encodeText('{"type":"say","number":3,"to":"bob","text":"three"}\n'),
  });
});

Deno.test("what was received while the connection was lost counts as delivered once the log is told, but for what failed", () => {
  const tls = new Tls().join();
  for (const text of ["one", "two"]) tls.machine.use((native) => native.say({ user: "bob" }, text, 0));
  tls.machine.disconnected("lost", 0, 0);
  tls.machine.tick(1000);
  tls.machine.opened(1000);
  tls.machine.login((login) => login.identified("n", KEY));
  tls.receive('{"type":"welcome","version":2,"name":"alice"}', 1000);
  const entry = (seq: number, number: number) =>
    `{"type":"message","seq":${seq},"from":"alice","to":"bob","text":"?","time":1,"client":"r","number":${number}}`;
  const bob = '{"with":"bob","last":5,"time":1,"read":0,"unread":0,"received":6}';
  const told = [
    begun(2, [], 7),
    `{"type":"conversations","list":[${bob}]}`,
    entry(5, 1),
    entry(6, 2),
    '{"type":"failure","seq":7,"from":"alice","to":"bob","time":2,"of":5,"text":"no receipt"}',
    '{"type":"live","upTo":7}',
  ];
  const shown = told.map((line) => tls.receive(line, 1000).replace(/ ?\|? ?shown \| > .*/, ""));
  assertEquals(shown, [
    "loggedIn | sent | sent",
    "conversations",
    "stored",
    "stored",
    "failed",
    "received | delivered",
  ]);
});

Deno.test("a client whose window was closed counts as delivered only what had not failed by the time everything is told", () => {
  const tls = new Tls().join();
  for (const text of ["one", "two"]) tls.machine.use((native) => native.say({ user: "bob" }, text, 0));
  tls.take();
  const entry = (seq: number, number: number) =>
    `{"type":"message","seq":${seq},"from":"alice","to":"bob","text":"?","time":1,"client":"r","number":${number}}`;
  const told = [
    '{"type":"live","upTo":0}',
    entry(5, 1),
    '{"type":"behind","after":5,"unacked":256}',
    '{"type":"received","by":"bob","upTo":6}',
    entry(6, 2),
    '{"type":"failure","seq":7,"from":"alice","to":"bob","time":2,"of":5,"text":"no receipt"}',
    '{"type":"live","upTo":7}',
  ];
  const shown = told.map((line) => tls.receive(line, 1000).replace(/ ?\|? ?shown \| > .*/, ""));
  assertEquals(shown, ["", "sent", "", "", "sent", "failed", "received | delivered"]);
});

Deno.test("with a server of the handout alone the chat client continues as its client, and ends with its connection", () => {
  const im = new Im().answered().link();
  assertEquals(im.receive("401 Unrecognized message"), "handoutOnly | ask command");
  assertEquals(im.receive("/from alice hi", LB), "raw /from alice hi | Lb > 302 Message receipt successful");
  im.machine.closed(LA, "finished", 0);
  assertEquals(im.take(), "ask null | close");
  im.machine.disconnected("left", 0, 0);
  assertEquals(im.take(), "end 1: the server closed the connection");
});

Deno.test("the chat client survives any bytes and actions: no exception, nothing after its end", () => {
  const act = fc.constantFrom(
    "la",
    "la",
    "lb",
    "typed",
    "end",
    "interrupt",
    "closeLa",
    "closeLb",
    "tick",
    "lost",
    "open",
  );
  const lines = fc.constantFrom(
    "101 ok\n201 ok\n",
    "110 partyline 2\n",
    `110 partyline 2\n${BEGUN}\n`,
    "401 no\n",
    "310 bye\n",
    '{"type":"refused","why":"no"}\n',
    "{",
    "/from a b\n",
    "/register carol",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.oneof(lines, fc.string())), { maxLength: 60 }), (acts) => {
      const client = new ChatClient(new NativeClient({ client: "r" }), {
        name: undefined,
        password: undefined,
        trace: true,
      });
      client.start();
      client.opened(1, 1000, 0);
      let now = 0;
      let ended = false;
      for (const [what, text] of acts) {
        if (what === "la" || what === "lb") client.receive(what === "la" ? LA : LB, encodeText(text), now);
        else if (what === "typed") client.typed(text.replace(/[\r\n]/g, ""), now);
        else if (what === "end") client.inputEnded(now);
        else if (what === "interrupt") client.interrupted(now);
        else if (what === "tick") client.tick(now += 1000);
        else if (what === "lost") client.disconnected("lost", now, 0.5);
        else if (what === "open") client.opened(1, 1000, now);
        else client.closed(what === "closeLa" ? LA : LB, "finished", now);
        const outputs = client.takeOutputs();
        if (ended) assert(outputs.every(({ type }) => type !== "ended"), "it ends once");
        ended ||= outputs.some(({ type }) => type === "ended");
        if (ended) return;
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("without a connection a person leaves at once, with a word about what the server has not; a script waits", () => {
  for (const leavesAtOnce of [true, false]) {
    const idle = new Tls(false, "12345", leavesAtOnce).join();
    idle.machine.disconnected("gone", 0, 0);
    idle.take();
    idle.machine.leave(1);
    assertEquals(idle.take(), "end 0");

    const waiting = new Tls(false, "12345", leavesAtOnce).join();
    waiting.machine.disconnected("gone", 0, 0);
    waiting.machine.use((side) => side.say({ room: "lobby" }, "hi", 1));
    waiting.take();
    waiting.machine.leave(1);
    assertEquals(waiting.take(), leavesAtOnce ? "end 1: the server has not accepted 1 message" : "");
  }
});
