import { assertEquals } from "@std/assert";
import { Message } from "../lib/chat/event.ts";
import { limits } from "../lib/core/limits.ts";
import { encodeText } from "../lib/core/text.ts";
import { LA, LB, RECEIPT } from "../lib/protocols/im/lines.ts";
import { ImServerSession } from "../lib/protocols/im/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";

/** A server's session and what it wants done, as lines; `in` brings it to a stage. */
function session(stage: "authentication" | "link" | "chat") {
  const machine = new ImServerSession({ peer: { hostname: "10.0.0.1", port: 40_000 }, registers: false }, limits(), 0);
  const take = () => machine.takeOutputs().flatMap(shown);
  const la = (text: string | Uint8Array, now = 0) => {
    machine.receive(LA, typeof text === "string" ? encodeText(text) : text, now);
    return take();
  };
  const lb = (text: string, now: number) => (machine.receive(LB, encodeText(text), now), take());
  const tick = (now: number) => (machine.tick(now), take());
  const offer = (id: number, scope: "one" | "all", now: number, text = `t${id}`) => {
    machine.event(new Message(id, "b", scope, text), now);
    return take();
  };
  if (stage !== "authentication") {
    la("/login a 1\n");
    machine.event({ type: "welcome", name: "a" }, 0);
  }
  if (stage === "chat") {
    la("/port 7\n");
    machine.dialed(LB, "connected", 0);
  }
  take();
  return { machine, la, lb, tick, offer, take };
}

function shown(output: SessionOutput): string[] {
  if (output.type === "complaint") return [output.text];
  if (output.type === "write") return [new TextDecoder().decode(output.bytes).trimEnd()];
  if (output.type === "end") return [`end: ${output.why}`];
  if (output.type === "command" && output.command.type === "taken") return [`taken ${output.command.id}`];
  if (output.type === "command" && output.command.type === "leave" && output.command.isQuiet) return ["leaves quietly"];
  if (output.type === "command" && output.command.type === "missed") return [`missed ${output.command.id}`];
  return [];
}

Deno.test("each 401 has a reason that names the rule, and shows what was found without the password", () => {
  const authentication: [string | Uint8Array, string][] = [
    ["/login a\n", '"/login a" is malformed: expected "/login NAME PASSWORD"'],
    ["/login  a 12345\n", '"/login␠␠a *****" is malformed: expected "/login NAME PASSWORD"'],
    ["/login a 12345 \n", '"/login a *****␠" is malformed: expected "/login NAME PASSWORD"'],
    ["/to bob hi\n", "/to before /login"],
    ["/port 3000\n", "/port before /login"],
    ["/register a 12345\n", "/register without --registration"],
    ["login a 12345\n", '"login a *****" is no command: expected "/login NAME PASSWORD"'],
    ["12345\n", '"*****" is no command: expected "/login NAME PASSWORD"'],
    ["/list\0\n", '"/list\\0" is no command: expected "/login NAME PASSWORD"'],
    [Uint8Array.of(...encodeText("/login a"), 0xff, 0x20, 0xfe, 0x0a), '"/login a\\xff *" is not UTF-8'],
  ];
  const start = session("authentication");
  for (const [line, why] of authentication) {
    assertEquals(start.la(line), [`got 401: ${why}`, "401 Unrecognized message"]);
  }
  const link: [string, string][] = [
    ["/port 70000\n", "/port 70000: a port is 1 to 65535"],
    ["/port 0\n", "/port 0: a port is 1 to 65535"],
    ["/port x\n", '"/port x" is malformed: expected "/port N"'],
    ["/port\n", '"/port" is malformed: expected "/port N"'],
    ["/list\n", "/list before /port"],
    ["/login a 1\n", "/login after 101"],
  ];
  const linking = session("link");
  for (const [line, why] of link) assertEquals(linking.la(line), [`got 401: ${why}`, "401 Unrecognized message"]);
  const chat: [string, string][] = [
    ["/to  bob hi\n", '"/to␠␠bob hi" is malformed: expected "/to NAME TEXT"'],
    ["/to bob\n", '"/to bob" is malformed: expected "/to NAME TEXT"'],
    ["/toall\n", '"/toall" is malformed: expected "/toall TEXT"'],
    ["/list x\n", '"/list x" is malformed: expected "/list"'],
    ["/port 3000\n", "/port after 201"],
    ["/lst\n", '"/lst" is no command: expected /list, /to, /toall or /exit'],
    ["\n", '"" is no command: expected /list, /to, /toall or /exit'],
  ];
  const chatting = session("chat");
  for (const [line, why] of chat) assertEquals(chatting.la(line), [`got 401: ${why}`, "401 Unrecognized message"]);
});

Deno.test("NULs behind a line, which programs in C send with a whole buffer, are no part of the next one", () => {
  const { machine, la, take } = session("link");
  assertEquals(la("/list\0\0"), []);
  assertEquals(la("\n\0\0\0/port x\n\0"), [
    'got 401: "/list\\0\\0" is no command: expected "/port N"',
    "401 Unrecognized message",
    'got 401: "\\0\\0\\0/port x" is malformed: expected "/port N"',
    "401 Unrecognized message",
  ]);
  la("\0\0/port 7\n\0");
  machine.dialed(LB, "connected", 0);
  assertEquals(take(), ["201 Build connection successful"]);
  assertEquals(la("\0/exit\n\0"), ["310 Bye bye", "end: said /exit"]);
});

Deno.test("a 202 says what was dialed and what is expected", () => {
  const { machine, la, take } = session("link");
  la("/port 7\n");
  machine.dialed(LB, "refused", 500);
  assertEquals(take(), [
    "got 202: nothing listens on port 7 of 10.0.0.1: expected a client that listens before it sends /port",
    "202 Build connection failed",
  ]);
  la("/port 7\n");
  machine.dialed(LB, "failed", 6000);
  assertEquals(take()[0], "got 202: port 7 of 10.0.0.1 cannot be connected within 5 s");
});

Deno.test("a missed receipt says what came in its place", () => {
  const expected = `expected "${RECEIPT}"`;
  const cases: [string, string][] = [
    ["", `answered nothing within 5 s, ${expected}`],
    ["303 ok\n", `answered "303 ok", ${expected}`],
    ["302 Messa", `answered 9 bytes without a line end, "302 Messa", ${expected}`],
    ["302message receipt\r\n", `answered "302message receipt\\r", ${expected}`],
    ["a\nb", `answered 3 bytes, "a\\nb", ${expected}`],
    [
      "x".repeat(200),
      `answered 200 bytes without a line end, "${"x".repeat(120)}" and more, ${expected}`,
    ],
  ];
  for (const [answer, why] of cases) {
    const { offer, lb, tick } = session("chat");
    assertEquals(offer(1, "one", 0), ["/from b t1"]);
    if (answer !== "") lb(answer, 100);
    assertEquals(tick(5000), [why, "missed 1"]);
  }
});

Deno.test("a line that never ends is named when its session does", () => {
  const { machine, la, take } = session("authentication");
  la("/login a 12345");
  machine.closed(LA, "finished", 100);
  assertEquals(take(), ['end: closed La, after 14 bytes without a line end, "/login a *****"']);
});

Deno.test("a session that is deaf to broadcasts has 250 ms for each, holds up nothing else, and stays", () => {
  const { offer, lb, tick, machine } = session("chat");
  offer(1, "one", 0);
  assertEquals(lb(`${RECEIPT}\n`, 0), ["taken 1"]);
  assertEquals(offer(2, "all", 0), ["/broadcastfrom b t2"]);
  assertEquals(tick(4999), []);
  assertEquals(tick(5000).at(-1), "missed 2");
  // From now on it is deaf.
  assertEquals(offer(3, "all", 6000), ["/broadcastfrom b t3"]);
  assertEquals(offer(4, "all", 6000), []);
  assertEquals(offer(5, "all", 6100), []);
  assertEquals(machine.wakeAt, 6250);
  // All that were offered are given up in time; the next is sent all the same.
  const given = tick(6250).filter((line) => !line.startsWith("answered") && !line.startsWith("confirms no broadcasts"));
  assertEquals(given, ["missed 4", "missed 3", "/broadcastfrom b t4"]);
  // A private message waits for the one in flight alone; the one that was given up meanwhile is not sent any more.
  assertEquals(offer(6, "one", 6300), []);
  assertEquals(tick(6350).at(-1), "missed 5");
  assertEquals(tick(6500), ["/from b t6"]);
  assertEquals(lb(`${RECEIPT}\n`, 6500), ["taken 6"]);
  for (let id = 7; id < 20; id++) {
    assertEquals(offer(id, "all", id * 1000), [`/broadcastfrom b t${id}`]);
    assertEquals(tick(id * 1000 + 250).at(-1), `missed ${id}`);
  }
  // A receipt, even a late one, shows that it is not deaf any more.
  lb(`${RECEIPT}\n`, 20_000);
  offer(20, "all", 20_000);
  assertEquals(tick(24_999), []);
  assertEquals(lb(`${RECEIPT}\n`, 24_999), ["taken 20"]);
});

Deno.test("a session that answers nothing at all is not deaf to broadcasts: it ends after three", () => {
  const { offer, tick } = session("chat");
  for (let id = 1; id <= 3; id++) offer(id, "all", 0);
  tick(5000);
  tick(10_000);
  assertEquals(tick(15_000).at(-1), "end: 3 messages in a row without a receipt");
});

Deno.test("a text of several lines is sent a line for each receipt, is confirmed with its last line, and missed with any", () => {
  const { offer, lb, tick } = session("chat");
  const receipt = `${RECEIPT}\n`;
  assertEquals(offer(1, "one", 0, "for x:\n\n  pass"), ["/from b for x:"]);
  assertEquals(offer(2, "one", 0), []);
  // A second receipt in the same piece was sent before the second line.
  assertEquals(lb(receipt + receipt, 4000), ["/from b   pass"]);
  assertEquals(tick(8999), []);
  assertEquals(lb(receipt, 8999), ["taken 1", "/from b t2"]);
  assertEquals(lb(receipt, 8999), ["taken 2"]);
  assertEquals(offer(3, "all", 9000, "a\nb\nc"), ["/broadcastfrom b a"]);
  assertEquals(lb(receipt, 9000), ["/broadcastfrom b b"]);
  assertEquals(offer(4, "one", 9000), []);
  // What is missed is not sent to its end.
  assertEquals(tick(14_000).slice(1), ["missed 3", "/from b t4"]);
  assertEquals(lb(receipt, 14_000), ["taken 4"]);
});

Deno.test("a connection that only asks what answers here leaves without a line in the log; a silent one, and any other, does not", () => {
  const left = (said: string) => {
    const { machine, la, take } = session("authentication");
    la(said);
    machine.closed(LA, "finished", 0);
    return take();
  };
  assertEquals(left("/partyline 2 tls\n"), ["leaves quietly", "end: closed La"]);
  assertEquals(left("/partyline 2\n"), ["leaves quietly", "end: closed La"]);
  assertEquals(left(""), ["end: closed La"]);
  assertEquals(left("/partyline 2 tls\nhello\n"), ["end: closed La"]);
  const [why] = left("/partyline 2 tls\n/login");
  assertEquals(why, 'end: closed La, after 6 bytes without a line end, "/login"');
});
