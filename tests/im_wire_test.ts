import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { type Limits, limits } from "../lib/core/limits.ts";
import { encodeText } from "../lib/core/text.ts";
import type { Command } from "../lib/chat/command.ts";
import { Message } from "../lib/chat/event.ts";
import { ImClient } from "../lib/protocols/im/client.ts";
import type { ImClientOutput } from "../lib/protocols/im/client_commands.ts";
import { encodeMessage, LA, LB } from "../lib/protocols/im/lines.ts";
import { ReceiptDecoder } from "../lib/protocols/im/receipt_decoder.ts";
import { decodeRequest } from "../lib/protocols/im/request.ts";
import { ImServerSession } from "../lib/protocols/im/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";
import { drained } from "./support/drained.ts";

const RECEIPT = "302 Message receipt successful";

Deno.test("requests are decoded as the handout defines them", () => {
  assertEquals(decodeRequest("/login jacky 12345"), { type: "login", name: "jacky", password: "12345" });
  assertEquals(decodeRequest("/port 65535"), { type: "port", port: 65535 });
  assertEquals(decodeRequest("/list"), { type: "list" });
  assertEquals(decodeRequest("/to bob  hi there "), { type: "to", name: "bob", text: " hi there " });
  assertEquals(decodeRequest("/to bob  "), { type: "to", name: "bob", text: " " });
  assertEquals(decodeRequest("/toall hi"), { type: "toall", text: "hi" });
  assertEquals(decodeRequest("/exit"), { type: "exit" });
});

Deno.test("a malformed login's fault never contains the password", () => {
  const fault = decodeRequest("/login a secret b");
  assertEquals(fault, new Fault("malformed", 'expected "/login NAME PASSWORD"'));
});

Deno.test("any text is a request or a fault", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.constantFrom("", "/to ", "/login ", "/port "), (text, verb) => {
      const request = decodeRequest(verb + text);
      assert(request instanceof Fault || typeof request.type === "string");
    }),
  );
});

Deno.test("receipts are found with and without newline, cut or joined, among other lines", () => {
  const cases: [string, number][] = [
    [`${RECEIPT}\n`, 1],
    [`${RECEIPT}\r\n`, 1],
    [RECEIPT, 1],
    [`${RECEIPT}${RECEIPT}`, 2],
    [`${RECEIPT}\n${RECEIPT}`, 2],
    [`hello\n${RECEIPT}\n`, 1],
    ["302\n", 1],
    ["302 ok\n", 1],
    ["3020\n", 0],
    ["302", 0],
    [`x${RECEIPT}\n`, 0],
    [`${RECEIPT}\0\0\0\0`, 1],
    [`${RECEIPT}\0\0${RECEIPT}\n\0\0${RECEIPT}\0\n`, 3],
    [`${"x".repeat(100_000)}\n${RECEIPT}`, 1],
  ];
  for (const [text, count] of cases) {
    assertEquals(new ReceiptDecoder().push(encodeText(text)), count, text.slice(0, 50));
    const bytewise = new ReceiptDecoder();
    let found = 0;
    for (const byte of encodeText(text)) found += bytewise.push(Uint8Array.of(byte));
    assertEquals(found, count, `${text.slice(0, 50)}, a byte at a time`);
  }
});

Deno.test("an incomplete receipt does not affect the next one", () => {
  const decoder = new ReceiptDecoder();
  assertEquals(decoder.push(encodeText("302")), 0);
  decoder.forget();
  assertEquals(decoder.push(encodeText(`${RECEIPT}\n`)), 1);
});

Deno.test("a message is encoded once, as one line for each line of its text that is not blank", () => {
  const message = new Message(1, "a", "all", "x\r\n\n  y\rz\n \n");
  assertEquals(encodeMessage(message), ["/broadcastfrom a x\n", "/broadcastfrom a   y\rz\n"].map(encodeText));
  assertEquals(encodeMessage(new Message(2, "a", "one", "\n\n")), [encodeText("/from a   \n")]);
  assert(encodeMessage(message) === encodeMessage(message));
});

/** A server machine and its outputs, as lines. */
function serverMachine(given: { limits?: Partial<Limits>; successor?: string } = {}) {
  const done: string[] = [];
  const commands: Command[] = [];
  const notes: string[] = [];
  const decoder = new TextDecoder();
  const facts = { peer: { hostname: "10.0.0.1", port: 40_000 }, registers: false };
  const machine = drained(new ImServerSession(facts, limits(given.limits), 0), (output: SessionOutput) => {
    switch (output.type) {
      case "write":
        return done.push(`${output.link === LA ? "La" : "Lb"} ${decoder.decode(output.bytes)}`);
      case "command":
        return commands.push(output.command);
      case "dial":
        return done.push(`dial ${output.port}`);
      case "complaint":
        return notes.push(output.text);
      case "prepareUpgrade":
        return machine.upgradable(output.protocol === given.successor, 0);
      case "upgrade":
        return done.push(`become ${output.protocol}: ${decoder.decode(output.rest)}`);
      case "end":
        return done.push(`end: ${output.why}`);
    }
  });
  return { machine, done, commands, notes };
}

Deno.test("after its burst a client's commands are delayed and never refused", () => {
  const { machine, done } = serverMachine({ limits: { burstCommands: 10, commandsPerSecond: 100, turnLines: 1000 } });
  machine.receive(LA, encodeText("x\n".repeat(30)), 0);
  assertEquals(done.length, 10);
  assertEquals(machine.wakeAt, 10);
  for (let now = 1; now <= 200; now++) machine.tick(now);
  assertEquals(done.length, 30);
  assertEquals(new Set(done), new Set(["La 401 Unrecognized message\n"]));
});

Deno.test("a turn processes at most 64 lines and asks to continue at once", () => {
  const { machine, done } = serverMachine();
  machine.receive(LA, encodeText("x\n".repeat(100)), 5);
  assertEquals([done.length, machine.wakeAt], [64, 5]);
  machine.tick(5);
  assertEquals([done.length, machine.wakeAt], [100, 60_000]);
});

Deno.test("a refused Lb is dialled again for half a second, then 202", () => {
  const { machine, done } = serverMachine();
  machine.receive(LA, encodeText("/login a 1\n"), 0);
  machine.event({ type: "welcome", name: "a" }, 0);
  machine.receive(LA, encodeText("/port 7\n"), 0);
  const dials = () => done.filter((line) => line === "dial 7").length;
  let [now, refused] = [0, 0];
  for (; !done.at(-1)!.startsWith("La 202"); now += 10) {
    machine.tick(now);
    if (dials() === refused) continue;
    machine.dialed(LB, "refused", now);
    refused++;
  }
  assertEquals(dials(), 11);
  assert(now > 450 && now <= 510, `202 after ${now} ms`);
});

Deno.test("the queue of a slow Lb is bounded; a message past the bound fails at once", () => {
  const { machine, commands } = serverMachine({ limits: { outboxBytes: 1024 } });
  machine.receive(LA, encodeText("/login a 1\n"), 0);
  machine.event({ type: "welcome", name: "a" }, 0);
  machine.receive(LA, encodeText("/port 7\n"), 0);
  machine.dialed(LB, "connected", 0);
  for (let id = 1; id <= 10; id++) {
    machine.event(new Message(id, "b", "one", "x".repeat(200)), 0);
  }
  assertEquals(commands.filter((command) => command.type === "missed").map((command) => command.id), [6, 7, 8, 9, 10]);
});

/** A server machine whose client is in the chat. */
function chattingServer(given: Partial<Limits> = {}, successor?: string) {
  const made = serverMachine({ limits: given, ...(successor ? { successor } : {}) });
  made.machine.receive(LA, encodeText("/login a 1\n"), 0);
  made.machine.event({ type: "welcome", name: "a" }, 0);
  made.machine.receive(LA, encodeText("/port 7\n"), 0);
  made.machine.dialed(LB, "connected", 0);
  made.done.splice(0);
  return made;
}

Deno.test("only three missed receipts in a row end a session", () => {
  const { machine, done } = chattingServer();
  let [now, id] = [0, 0];
  const message = (answered: boolean) => {
    machine.event(new Message(++id, "b", "one", "t"), now);
    if (answered) machine.receive(LB, encodeText(`${RECEIPT}\n`), now);
    else machine.tick(now += 5000);
  };
  for (const answered of [false, false, true, false, false, true, false, false]) message(answered);
  assertEquals(done.filter((line) => line.startsWith("end")), []);
  message(false);
  assertEquals(done.filter((line) => line.startsWith("end")), ["end: 3 messages in a row without a receipt"]);
});

Deno.test("while a command waits for its reply, at most one line is read ahead", () => {
  const { machine } = chattingServer({ lineBytes: 128 });
  machine.receive(LA, encodeText("/to b hi\n"), 0);
  assertEquals(machine.hungry(LA), true);
  machine.receive(LA, encodeText("/list\n".repeat(30)), 0);
  assertEquals([machine.hungry(LA), machine.hungry(LB)], [false, true]);
});

Deno.test("a client's mistakes and missed messages are reported for the log", () => {
  const { machine, notes } = chattingServer();
  machine.receive(LA, encodeText("/list now\n/port 5\n"), 0);
  machine.event(new Message(1, "b", "one", "t"), 0);
  machine.tick(5000);
  assertEquals(notes, [
    'got 401: "/list now" is malformed: expected "/list"',
    "got 401: /port after 201",
    'answered nothing within 5 s, expected "302 Message receipt successful"',
  ]);
});

const CUTS = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(...[
      "/login a 1\n",
      "/port 7\n",
      "/list\n",
      "/to a hi\n",
      "/toall hi\n",
      "/exit\n",
      `${RECEIPT}\n`,
      RECEIPT,
      "\n",
      "/to",
    ].map(encodeText)),
  ),
  { maxLength: 40 },
);

Deno.test("the server machine survives any bytes, events and splits: no exception, bounded, silent after its end", () => {
  const step = fc.constantFrom(
    "push",
    "push",
    "push",
    "lb",
    "welcome",
    "turned",
    "connected",
    "refused",
    "message",
    "outcome",
    "tick",
    "closeLa",
    "closeLb",
  );
  fc.assert(
    fc.property(CUTS, fc.array(step, { maxLength: 60 }), (chunks, steps) => {
      const { machine, done } = serverMachine({ limits: { lineBytes: 128 } });
      let [now, at, id] = [0, 0, 0];
      for (const what of steps) {
        const ended = done.some((line) => line.startsWith("end"));
        const before = done.length;
        const bytes = chunks[at++ % (chunks.length || 1)] ?? new Uint8Array(0);
        now += 100;
        if (what === "push" && machine.hungry(LA)) machine.receive(LA, bytes, now);
        else if (what === "lb") machine.receive(LB, bytes, now);
        else if (what === "welcome") machine.event({ type: "welcome", name: "a" }, now);
        else if (what === "turned") machine.event({ type: "turnedAway", why: "credentials" }, now);
        else if (what === "connected" || what === "refused") machine.dialed(LB, what, now);
        else if (what === "message") {
          machine.event(new Message(++id, "b", "one", "t"), now);
        } else if (what === "outcome") {
          machine.event({ type: "outcome", ref: 0, delivered: true }, now);
        } else if (what === "tick") machine.tick(now += 5000);
        else if (what !== "push") machine.closed(what === "closeLa" ? LA : LB, "finished", now);
        if (ended) assertEquals(done.length, before, "nothing after the end");
      }
    }),
    { numRuns: 500 },
  );
});

/** A client machine and its outputs, as lines. */
function clientMachine(start = {}) {
  const machine = new ImClient(start);
  const take = () => machine.takeOutputs().map(imOutput).join(" | ");
  const say = (line: string) => {
    machine.receive(LA, encodeText(`${line}\n`), 0);
    return take();
  };
  const open = () => machine.opened(30232, Infinity, 0);
  return { machine, take, say, open };
}

function imOutput(output: ImClientOutput): string {
  switch (output.type) {
    case "write":
      return `${output.link === LA ? "La" : "Lb"}> ${new TextDecoder().decode(output.bytes).trimEnd()}`;
    case "line":
      return `show ${output.line}`;
    case "expectLink":
      return "expect Lb";
    case "confirmLink":
      return "linked";
    case "ask":
      return `ask ${output.prompt}`;
    case "ended":
      return `end ${output.status}${output.why ? `: ${output.why}` : ""}`;
    default:
      return output.type;
  }
}

function chatting() {
  const client = clientMachine({ name: "jacky", password: "12345" });
  client.open();
  client.say("101 Authentication successful");
  client.say("201 Build connection successful");
  client.take();
  return client;
}

Deno.test("NULs behind a server's lines, which programs in C send with a whole buffer, are no part of the next ones", () => {
  const { machine, take, say, open } = clientMachine({ name: "jacky", password: "12345" });
  open();
  take();
  assertEquals(
    say("101 Authentication successful"),
    "show 101 Authentication successful | expect Lb | La> /port 30232",
  );
  machine.receive(LA, encodeText("\0\0\0"), 0);
  assertEquals(say("201 Build connection successful"), "show 201 Build connection successful | linked | ask command");
  machine.receive(LB, encodeText("\0/from bob hi\n\0\0"), 0);
  assertEquals(take(), "show /from bob hi | Lb> 302 Message receipt successful");
  machine.receive(LA, encodeText("\0"), 0);
  machine.typed("/exit", 0);
  take();
  assertEquals(say("\x00310 Bye bye"), "show 310 Bye bye | ask null | end 0");
});

Deno.test("the client logs in, asks again on whatever is not 101, announces its port, and chats", () => {
  const { machine, take, say, open } = clientMachine();
  open();
  assertEquals(take(), "ask name");
  machine.typed("jacky", 0);
  assertEquals(take(), "ask password");
  machine.typed("wrong", 0);
  assertEquals(take(), "ask null | La> /login jacky wrong");
  assertEquals(say("103 No such thing"), "show 103 No such thing | ask name");
  machine.typed("jacky", 0);
  machine.typed("12345", 0);
  assertEquals(take(), "ask password | ask null | La> /login jacky 12345");
  assertEquals(
    say("101 Authentication successful"),
    "show 101 Authentication successful | expect Lb | La> /port 30232",
  );
  assertEquals(say("201 Build connection successful"), "show 201 Build connection successful | linked | ask command");
  machine.typed("/to bob hi", 0);
  assertEquals(take(), "La> /to bob hi | ask command");
  machine.typed("/exit", 0);
  assertEquals(take(), "ask command", "no command before the last is answered");
  assertEquals(say("303 Message delivery successful"), "show 303 Message delivery successful | La> /exit");
  assertEquals(say("310 Bye bye"), "show 310 Bye bye | ask null | end 0");
});

Deno.test("the client shows every line on Lb and confirms it", () => {
  const { machine, take } = chatting();
  machine.receive(LB, encodeText("/from bob hi\n/something strange\nhal"), 0);
  assertEquals(take(), `show /from bob hi | Lb> ${RECEIPT} | show /something strange | Lb> ${RECEIPT}`);
  machine.receive(LB, encodeText("f\n"), 0);
  assertEquals(take(), `show half | Lb> ${RECEIPT}`);
});

Deno.test("the client quits on 202, with a status", () => {
  const { say, open } = clientMachine({ name: "a", password: "1" });
  open();
  say("101 Authentication successful");
  assertEquals(
    say("202 Build connection failed"),
    "show 202 Build connection failed | ask null | end 1: the server could not connect back to port 30232",
  );
});

Deno.test("the client ends with a message when the server disconnects", () => {
  const lost = chatting();
  lost.machine.closed(LA, "broken", 0);
  assertEquals(lost.take(), "ask null | end 1: the server is lost");
  const stopped = chatting();
  assertEquals(stopped.say("310 Bye bye"), "show 310 Bye bye | ask null | end 1: the server has stopped");
  const half = chatting();
  half.machine.closed(LB, "finished", 0);
  half.machine.tick(499);
  assertEquals(half.take(), "");
  half.machine.tick(500);
  assertEquals(half.take(), "ask null | end 1: the server closed the connection that brings messages");
});

Deno.test("at the end of its input the client waits for the last reply, then leaves", () => {
  const { machine, take, say } = chatting();
  machine.typed("/to bob hi", 0);
  machine.typed("/list", 0);
  machine.inputEnded(0);
  assertEquals(take(), "La> /to bob hi | ask command | ask command");
  assertEquals(say("304 Message delivery failed"), "show 304 Message delivery failed | La> /list");
  assertEquals(say("301 jacky"), "show 301 jacky | ask null | La> /exit");
  assertEquals(say("310 Bye bye"), "show 310 Bye bye | ask null | end 0");
});

Deno.test("lines typed ahead are sent one by one; when many wait, typing waits too", () => {
  const { machine, take, say } = chatting();
  for (let i = 0; i < 65; i++) machine.typed(`/to bob ${i}`, 0);
  assertEquals(take().split(" | ").filter((did) => did === "ask command").length, 64);
  assertEquals(say("304 x"), "show 304 x | La> /to bob 1 | ask command");
  for (let i = 2; i < 65; i++) assertEquals(say("304 x"), `show 304 x | La> /to bob ${i}`);
  assertEquals(say("304 x"), "show 304 x");
});

Deno.test("Ctrl-C sends /exit; without an answer the client leaves anyway", () => {
  const { machine, take } = chatting();
  machine.interrupted(0);
  assertEquals(take(), "ask null | La> /exit");
  machine.tick(2000);
  assertEquals(take(), "ask null | end 130");
  const impatient = chatting();
  impatient.machine.interrupted(0);
  impatient.machine.interrupted(1);
  assertEquals(impatient.take(), "ask null | La> /exit | ask null | end 130");
});

Deno.test("the client leaves a server that never answers /exit, and an Lb that closes first is no failure", () => {
  const { machine, take, say } = chatting();
  machine.inputEnded(0);
  assertEquals(take(), "ask null | La> /exit");
  machine.closed(LB, "finished", 0);
  machine.tick(0);
  machine.tick(9999);
  assertEquals(take(), "");
  const slow = chatting();
  slow.machine.inputEnded(0);
  slow.machine.closed(LB, "finished", 0);
  slow.take();
  assertEquals(slow.say("310 Bye bye"), "show 310 Bye bye | ask null | end 0");
  machine.tick(10_000);
  assertEquals(take(), "ask null | end 1: the server does not answer /exit");
  assertEquals(say("310 Bye bye"), "");
});

Deno.test("the client learns names from lists and messages; a list requested for Tab is not shown, and input waits for it", () => {
  const { machine, take, say } = chatting();
  assert(machine.askNames(0));
  assertEquals(machine.askNames(0), false);
  machine.typed("/to bob hi", 0);
  assertEquals(take(), "La> /list | ask command");
  assertEquals(say("301 jacky bob"), "names | La> /to bob hi");
  machine.receive(LB, encodeText("/from michael hi\n"), 0);
  assertEquals([...machine.names], ["jacky", "bob", "michael"]);
});

Deno.test("the client machine survives any bytes and actions: no exception, silent after its end", () => {
  const act = fc.constantFrom("la", "la", "lb", "typed", "end", "interrupt", "closeLa", "closeLb", "tick", "names");
  const lines = fc.constantFrom(
    "101 ok\n",
    "201 ok\n",
    "202 no\n",
    "301 a b\n",
    "310 bye\n",
    "303 x\n",
    "/from a b\n",
    "102\n1",
    "\xff\n",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.oneof(lines, fc.string())), { maxLength: 60 }), (acts) => {
      const { machine, take, open } = clientMachine();
      open();
      let now = 0;
      let ended = false;
      for (const [what, text] of acts) {
        take();
        if (what === "la") machine.receive(LA, encodeText(text), now);
        else if (what === "lb") machine.receive(LB, encodeText(text), now);
        else if (what === "typed") machine.typed(text.replace(/[\r\n]/g, ""), now);
        else if (what === "end") machine.inputEnded(now);
        else if (what === "interrupt") machine.interrupted(now);
        else if (what === "tick") machine.tick(now += 1000);
        else if (what === "names") machine.askNames(now);
        else machine.closed(what === "closeLa" ? LA : LB, "finished", now);
        const did = take();
        if (ended) assertEquals(did, "");
        ended ||= /\bend \d/.test(did);
      }
    }),
    { numRuns: 500 },
  );
});
