import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Traced } from "../lib/check/replay/record.ts";
import { coverageOf, REPLAYS } from "../lib/check/replay/rules.ts";
import { MAX_SESSIONS } from "../lib/check/replay/session_judge.ts";

/**
 * Records from lines such as `ann > hi\n`; each session has a name of its own, `(left)` is its end, `+6000` lets so many
 * milliseconds pass, and `=` before a line lets none pass.
 */
function records(handout: string, script: string): Traced[] {
  const sessions: string[] = [];
  let time = 0;
  return script.trim().split("\n").flatMap((each): Traced[] => {
    const line = each.trimStart();
    if (line.startsWith("+")) time += Number(line.slice(1));
    if (!line.startsWith("=")) time += 100;
    const [, name, way, said] = /^=?(\S+) ([<>]) (.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    if (!sessions.includes(name)) sessions.push(name);
    const common = {
      ...{ time, session: sessions.indexOf(name) + 1, protocol: handout, name },
      ...{
        link: ["mailbox", "mychat"].includes(handout) ? "udp" : "tcp",
        direction: way === ">" ? "up" : "down",
      } as const,
    };
    if (said === "(left)") return [{ ...common, text: undefined, remark: "left: closed the connection" }];
    const text = said!.replace(/\\([nr])/g, (_, end) => end === "n" ? "\n" : "\r");
    return [{ ...common, text, remark: undefined }];
  });
}

/** The rules that a trace breaks, each once, in the order in which it breaks them. */
function broken(handout: string, script: string): string {
  const judge = REPLAYS[handout]!.judge();
  const findings = [...records(handout, script).flatMap((record) => judge.feed(record)), ...judge.end()];
  for (const id of judge.judged.keys()) assert(REPLAYS[handout]!.judgeable.includes(id), id);
  return [...new Set(findings.map(({ rule }) => rule.id.slice(handout.length + 1)))].join(" ");
}

/** A right trace, and what breaks each rule that a trace can show. */
interface Table {
  readonly right: string;
  readonly mistakes: Readonly<Record<string, string>>;
}

const LOBBY = `ann < Welcome to this chatroom!\\n
  ben < Welcome to this chatroom!\\n`;
const BOOK = `10.0.0.1:1 > R:10.0.0.1:3001:alice
  10.0.0.1:1 > (left)
  10.0.0.2:1 > R:10.0.0.2:3001:ben
  10.0.0.2:1 < -R:10.0.0.1:3001
  10.0.0.2:1 > (left)`;
const ROOMS = `ann > ann
  ann > *****
  ann < New Group created`;
const HELLO = (name: string, nonce: string) =>
  `{"type":"hello","version":2,"name":"${name}","nonce":"${nonce}","key":"k"}`;
const proven = (name: string) =>
  `${name} > ${HELLO(name, `c-${name}`)}
  ${name} < {"type":"challenge","how":"key","nonce":"s-${name}"}
  ${name} > {"type":"proof","proof":"p"}
  ${name} < {"type":"welcome","version":2,"name":"${name}"}`;
const begun = (name: string, accepted = 0) =>
  `${proven(name)}
  ${name} > {"type":"resume","client":"c1","answered":0}
  ${name} < {"type":"begun","accepted":${accepted},"rooms":["lobby"]}`;
const entry = (seq: number, more = "") =>
  `{"type":"message","seq":${seq},"from":"ben","text":"yo","time":1,${more || '"to":"ann"'}}`;
const CONNECTED = '"isConnected": true, "username": "ama", "isStach": false, "users": []';
const MYCHAT = `ama > {"key": "CONNECT", "isConnected": false, "username": "ama", "isStach": false}
  ama < {"key": "CONNECT", ${CONNECTED}, "newAccount": true}`;
const asks = (key: string, fields: string, answer: string) =>
  `${MYCHAT}\nama > {"key": "${key}", ${fields}}\nama < {"key": "${answer}`;
const SENT = '"msg": "yo", "sendto": "kofi", "sentfrom": "ama"';
const GROUP = '"msg": "yo", "sentfrom": "ama"';

const TABLES: Readonly<Record<string, Table>> = {
  lobby: {
    right: `${LOBBY}
      ann > one\\ntw
      ann > o\\n
      ben < <ann> one\\n
      ben < <ann> two\\n
      ben > (left)
      ann > is there no other?\\n
      +6000
      ann > (left)`,
    mistakes: {
      "1/2": "ann < <ben> hi\\n",
      "1/3": "ann < hello\\n",
      "1/4": "ann < Welcome to this chatroom!",
      "2/2": `${LOBBY}\nann > hi\\n\nben < ann: hi\\n`,
      "2/3": `${LOBBY}\nann > hi\\n\nben < <ann> hi`,
      "2/4": `${LOBBY}\nann > hi\\n\nann < <ann> hi\\n\nben < <ann> hi\\n`,
      "2/5": `${LOBBY}\nann > hi\\n\n+6000\nben > (left)`,
      "2/6": `${LOBBY}\nann > hi\\n\nben < <ann> hi\\n\nben < <ann> hi\\n`,
      "2/14": `${LOBBY}\nann > one\\n\nann > two\\n\nben < <ann> two\\n\nben < <ann> one\\n`,
      "13/2": `${LOBBY}\nann > hi\\r\\n\nben < <ann> hi\\n`,
      "13/8": `${LOBBY}\nann > hi\\n\nben < <ann> hi\\n\nben > <ann> hi\\n\nann < <ben> <ann> hi\\n`,
      "14/12": `${LOBBY}\nann > /exit\\n\nben < <ann> /exit\\n`,
    },
  },
  "address-book": {
    right: `${BOOK}
      +29000
      10.0.0.1:2 > R:10.0.0.1:3001:alice
      10.0.0.1:2 < 1-R:10.0.0.2:3001:ben
      10.0.0.1:2 > (left)
      10.0.0.2:2 > K:10.0.0.2:3001:ben
      10.0.0.2:2 > (left)
      +106000
      10.0.0.3:1 > R:10.0.0.3:3001:carol
      10.0.0.3:1 < Null-
      10.0.0.3:1 > (left)`,
    mistakes: {
      "2/6": `${BOOK}\n+29000\n10.0.0.1:2 > R:10.0.0.1:3001:alice\n10.0.0.1:2 < -R:10.0.0.1:3001-R:10.0.0.2:3001`,
      "2/7": "10.0.0.1:1 > R:10.0.0.1:3001:a\n10.0.0.1:1 > (left)\n10.0.0.2:1 > R:10.0.0.2:3001:b",
      "2/8": `${BOOK}\n+29000\n10.0.0.1:2 > R:10.0.0.1:3001:alice\n10.0.0.1:2 < -R:10.0.0.2:3001-R:10.0.0.2:3001`,
      "3/1":
        `${BOOK}\n10.0.0.1:2 > K:10.0.0.1:3001:alice\n10.0.0.1:2 > (left)\n+30000\n10.0.0.2:2 > R:10.0.0.2:3001:ben\n10.0.0.2:2 < -R:10.0.0.1:3001`,
      "3/2": `${BOOK}\n10.0.0.1:2 > K:10.0.0.1:3001:alice\n10.0.0.1:2 < -R:10.0.0.2:3001`,
      "11/3 4/1": "10.0.0.1:1 > R:10.0.0.1\n10.0.0.1:1 < -R:10.0.0.2:3001",
      "6/1": `${BOOK}\n+106000\n10.0.0.3:1 > R:10.0.0.3:3001:carol\n10.0.0.3:1 < -R:10.0.0.1:3001`,
      "11/3": "10.0.0.1:1 > R:10.0.0.1:3001:alice\\n\n10.0.0.1:1 > (left)",
      "13/4": "10.0.0.1:1 > R:10.0.0.1:3001:a\n10.0.0.1:1 > (left)\n10.0.0.1:2 > R:10.0.0.1:3001:a",
      "14/2": `${BOOK}\n10.0.0.1:2 > K:10.0.0.1:3001:alice\\n`,
      "14/3": `${BOOK}\n10.0.0.1:2 > K:10.0.0.1:3001:me`,
      "14/7": `${BOOK}\n10.0.0.1:2 > K:10.0.0.1:3001:alice\n10.0.0.1:2 > (left)\n10.0.0.1:3 > K:10.0.0.1:3001:alice`,
    },
  },
  rooms: {
    right: `${ROOMS}
      ann > FILE
      ann > client_a.txt
      ann > 5
      ann > abc
      =ann > de
      ann > FILE
      ann > is a text here
      ben > ben
      ben > *****
      ben < Welcome to chat room
      ben < <ann> hi
      ben < FILE
      ben < client_b.txt
      ben < 3
      ben < ann
      ben < abc
      ben < <ann> bye
      ann > (left)`,
    mistakes: {
      "1/4": "ann > ann\nann > *****\nann < hello",
      "1/7": "ann > ann\nann < New Group created",
      "2/2": `${ROOMS}\nann < ben: hi`,
      "3/2": `${ROOMS}\nann < FILEclient_b.txt`,
      "3/3": `${ROOMS}\nann < FILE\nann < client_a/b.txt\nann < 0\nann < ben`,
      "3/4": `${ROOMS}\nann < FILE\nann < client_b.txt\nann < 3 bytes`,
      "3/5": `${ROOMS}\nann < FILE\nann < client_b.txt\nann < 3\n=ann < ben\nann < abc`,
      "3/7": `${ROOMS}\nann < FILE\nann < client_b.txt\nann < 3\nann < ben\nann < abc<ben> hi`,
      "11/3": "ann > ann\n=ann > *****",
      "11/4": "ann > ann\\n\nann > *****",
      "14/2": `${ROOMS}\nann > FILE\n=ann > client_b.txt`,
      "14/3": `${ROOMS}\nann > FILE\nann > client_a/b.txt`,
      "14/4": `${ROOMS}\nann > FILE\nann > client_b.txt\nann > many`,
      "14/8": `${ROOMS}\nann > FILE\nann > client_b.txt\nann > 3\nann > abchi`,
    },
  },
  mailbox: {
    right: `${begun("ann", 3)}
      ann > {"type":"say","number":4,"room":"lobby","text":"hi"}
      ann < {"type":"message","seq":8,"from":"ann","room":"lobby","text":"hi","time":1,"client":"c1","number":4}
      ann > {"type":"say","number":5,"to":"ben","text":"one"}
      ann > {"type":"edit","number":6,"of":8,"text":"hi!"}
      ann < {"type":"failed","number":5,"why":"there is no user \\"ben\\""}
      ann < {"type":"sent","upTo":6}
      ann < ${entry(9)}
      ann < ${entry(11, '"room":"lobby"')}
      ann > {"type":"ack","seq":11}
      ann > {"type":"ping","ref":3}
      ann < {"type":"pong","ref":3}
      ann > hello
      ann < {"type":"error","why":"no JSON"}
      ben > ${HELLO("b n", "1")}
      ben < {"type":"refused","why":"a blank"}
      ben > ${HELLO("ben", "2")}
      ben < {"type":"challenge","how":"password","nonce":"n"}
      ben > {"type":"proof","proof":"p"}
      ben < {"type":"welcome","version":2,"name":"ben","proof":"q"}
      ben > {"type":"resume","client":"c1","answered":0}
      ben < {"type":"begun","accepted":0}
      +6000
      ben > {"type":"bye"}
      ben > (left)
      ann > (left)`,
    mistakes: {
      "3/1": `ann > ${HELLO("ann", "1")}\nann < {"type":"welcome","version":2,"name":"ann"}`,
      "3/7": `${proven("ann")}\n${proven("ben").replace("s-ben", "s-ann")}`,
      "3/9": 'ann < {"type":"begun","accepted":0}',
      "3/10": `ann > ${HELLO("a n", "1")}\nann < {"type":"challenge","how":"key","nonce":"n"}`,
      "3/11": `ann > ${HELLO("n".repeat(33), "1")}\nann < {"type":"challenge","how":"key","nonce":"n"}`,
      "3/12": `ann > ${HELLO("/ann", "1")}\nann < {"type":"challenge","how":"key","nonce":"n"}`,
      "3/15": proven("ann").replace('"key","nonce":"s', '"password","nonce":"s'),
      "3/17": proven("ann").replace('"version":2,"name":"ann"}', '"version":2,"name":"ann","proof":"p"}'),
      "4/1": `${proven("ann")}\nann > {"type":"resume","client":"c1","answered":0}\n+6000\nann > (left)`,
      "4/8": `${begun("ann")}\nann > {"type":"ping","ref":3}\nann < {"type":"pong","ref":4}\n+6000\nann > (left)`,
      "4/13": `${begun("ann")}\nann > hello\n+6000\nann > (left)`,
      "5/1": `${begun("ann")}\nann < {"type":"message","seq":1,"from":"ben","room":"lobby","text":"yo"}`,
      "5/2": `${begun("ann")}\nann > {"type":"say","number":1,"room":"lobby","text":"hi"}\n+6000\nann > (left)`,
      "5/3": `${begun("ann")}\nann < ${entry(3)}\nann < ${entry(2)}`,
      "6/1": `${begun("ann")}\nann < {"type":"message","seq":1,"from":"ben","to":"ann","text":"yo"}`,
      "6/2": `${begun("ann")}\nann > {"type":"say","number":1,"to":"ben","text":"hi"}\n+6000\nann > (left)`,
      "6/3": `${begun("ann")}\nann < ${entry(3, '"to":"carol"')}`,
      "6/11": `${
        begun("ann")
      }\nann > {"type":"say","number":1,"to":"ben","text":"hi"}\nann < {"type":"message","seq":8,"from":"ann","to":"ben","text":"Hi","time":1,"client":"c1","number":1}`,
      "7/2": `${begun("ann")}\nann < ${entry(3)}\nann < ${entry(3)}`,
      "8/2": `${begun("ann")}\nann > {"text":"hi"}\n+6000\nann > (left)`,
      "8/3": `${begun("ann")}\nann > ["hi"]\n+6000\nann > (left)`,
      "13/1": 'ann > {"type":"hello","version":2,"name":"ann"}',
      "13/2": `${proven("ann").split("\n").slice(0, 2).join("\n")}\n+6000\nann > (left)`,
      "13/3": `ann > ${
        HELLO("ann", "1")
      }\nann < {"type":"challenge","how":"password","nonce":"n"}\n+6000\nann > (left)`,
      "13/5": `${proven("ann")}\n+6000\nann > (left)`,
      "13/8": `ann > ${HELLO("ann", "1")}\nben > ${HELLO("ben", "1")}`,
      "14/6": `${begun("ann")}\nann > {"type":"say","number":2,"to":"ben","text":"hi"}\n${
        begun("ben")
      }\nben > {"type":"say","number":1,"to":"ann","text":"hi"}\nben < {"type":"sent","upTo":1}\nben > {"type":"say","number":1,"room":"lobby","text":"yo"}`,
      "15/3": `${begun("ann")}\nann < ${entry(3)}\nann > {"type":"ack","seq":2}\n+6000\nann > (left)`,
      "16/2": `${begun("ann", 3)}\nann > {"type":"say","number":3,"to":"ben","text":"hi"}`,
    },
  },
  mychat: {
    right: `${MYCHAT}
      ama > {"key": "SENT_TO", ${SENT}}
      ama < {"key": "CONFIRM_MSG", ${SENT}, "sent": true, "time": "12:10:55"}
      ama > {"key": "SENT_TO_GROUP", ${GROUP}}
      ama < {"key": "CONFIRM_MSG", ${GROUP}, "sent": true, "time": "12:10:55"}
      kofi < {"key": "SENT_FROM", ${SENT}, "sent": true, "time": "12:10:55"}
      kofi > {"key": "CONFIRM_MSG_2", "msg": "yo", "sendto": "ama", "sentfrom": "kofi"}
      ama < {"key": "CONFIRM_MSG_2", "msg": "yo", "sendto": "ama", "sentfrom": "kofi"}
      ama > [no JSON
      ama > {"key": "LOGOUT", "username": "ama"}
      ama < {"key": "LOGOUT", "username": "ama", "Loggedout": true}
      ama > (left)`,
    mistakes: {
      "1/1": MYCHAT.replace('"isConnected": true', '"isConnected": false'),
      "1/2": MYCHAT.replace(CONNECTED, '"isConnected": true, "username": "ama"'),
      "2/1": asks("GET_USERS", '"username": "ama"', 'GET_USERS", "username": "ama"}'),
      "2/3": asks("GET_USERS", '"username": "ama"', 'GET_USERS", "users": [{"username": "ama"}]}'),
      "3/1": asks("REQUEST_JOIN_GROUP", '"username": "ama"', 'REQUEST_JOIN_GROUP", "joined": false}'),
      "3/4": asks("SENT_TO_GROUP", GROUP, `CONFIRM_MSG", ${GROUP}, "time": "12:10:55"}`),
      "3/10": asks("SENT_TO_GROUP", GROUP, `CONFIRM_MSG", ${GROUP}, "sent": true, "time": "now"}`),
      "4/1": asks("GET_GROUP_DATA", '"username": "ama"', 'GET_GROUP_DATA", "group_data": {}}'),
      "5/1": asks("SENT_TO", SENT, `CONFIRM_MSG", ${SENT}, "sent": false}`),
      "5/2": 'ama < {"key": "SENT_FROM", "msg": "yo"}',
      "6/1": asks("GET_DATA", '"find": "kofi", "username": "ama"', 'GET_DATA"}'),
      "7/1": asks("LOGOUT", '"username": "ama"', 'LOGOUT"}'),
      "11/2": 'ama > {"key": "CONNECT", "username": "ama"}',
      "12/1": 'ama > {"key": "GET_USERS"}',
      "13/1": 'ama > {"key": "REQUEST_JOIN_GROUP", "user": "ama"}',
      "13/2": 'ama > {"key": "GET_GROUP_DATA"}',
      "13/5": 'ama > {"key": "SENT_TO_GROUP", "msg": "yo"}',
      "14/1": 'ama > {"key": "GET_DATA", "username": "ama"}',
      "14/3": 'ama > {"key": "SENT_TO", "msg": "yo", "sendto": "kofi"}',
      "14/4": `kofi < {"key": "SENT_FROM", ${SENT}}\n+6000\nkofi > (left)`,
      "15/1": 'ama > {"key": "LOGOUT"}',
    },
  },
};

for (const [handout, { right, mistakes }] of Object.entries(TABLES)) {
  Deno.test(`replay of ${handout}: a right trace breaks no rule, and each mistake breaks the rule that names it alone`, () => {
    assertEquals(broken(handout, right), "");
    const found = Object.fromEntries(
      Object.entries(mistakes).map(([rules, script]) => [rules, broken(handout, script)]),
    );
    assertEquals(found, Object.fromEntries(Object.keys(mistakes).map((rules) => [rules, rules])));
    const tripped = new Set(Object.keys(mistakes).flatMap((rules) => rules.split(" ")));
    const all = REPLAYS[handout]!.judgeable.map((id) => id.slice(handout.length + 1));
    assertEquals(all.filter((id) => !tripped.has(id)), [], "every rule that is judged is broken by some mistake");
  });
}

Deno.test("replay: the sessions of other protocols in the same trace are passed over", () => {
  for (const [handout, { right }] of Object.entries(TABLES)) {
    for (const [other, replay] of Object.entries(REPLAYS)) {
      if (other === handout) continue;
      const judge = replay.judge();
      assertEquals(records(handout, right).flatMap((record) => judge.feed(record)), []);
      assertEquals(judge.judged.size, 0, `${other} judges ${handout}`);
    }
  }
});

Deno.test("replay: of more sessions than are followed, the oldest is judged as it stands", () => {
  const judge = REPLAYS["address-book"]!.judge();
  const occasions = () => judge.judged.get("address-book/11/3")?.occasions;
  const visit = (session: number) => {
    const name = `10.0.0.1:${session}`;
    judge.feed({ ...records("address-book", `${name} > R:10.0.0.1:${session}:a`)[0]!, session });
  };
  for (let session = 1; session <= MAX_SESSIONS; session++) visit(session);
  assertEquals(occasions(), undefined);
  visit(MAX_SESSIONS + 1);
  assertEquals(occasions(), 1);
});

Deno.test("replay: whatever a trace holds, each judge goes on, and finds only what it can judge", () => {
  const text = fc.constantFrom(
    ...["FILE", "client_a", "3", "abc", "<a> hi\n", "hi\n", "R:1.2.3.4:5:a", "K:1.2.3.4:5:a", "-R:1.2.3.4:5", "\udcff"],
    ...['{"type":"hello"}', '{"type":"begun","accepted":1}', '{"type":"say","number":9}', '{"type":"message","seq":1}'],
    ...['{"key":"CONNECT"}', '{"key":"GET_USERS","users":[null]}', '{"key":"SENT_FROM","msg":1}', "[]", "{", undefined],
  );
  const record = fc.record({
    time: fc.nat(20_000),
    session: fc.integer({ min: 1, max: 4 }),
    name: fc.constantFrom("ann", "1.2.3.4:5", ""),
    link: fc.constantFrom("tcp", "udp", "La"),
    direction: fc.constantFrom("up" as const, "down" as const),
    text,
    remark: fc.constantFrom(undefined, "left: x", "after the end"),
  });
  fc.assert(fc.property(fc.array(record, { maxLength: 40 }), (given) => {
    for (const replay of Object.values(REPLAYS)) {
      const judge = replay.judge();
      const found = [...given.flatMap((each) => judge.feed(each)), ...judge.end()];
      for (const { rule } of found) assert(replay.judgeable.includes(rule.id), rule.id);
      const { kept, broken, unseen } = coverageOf(replay, judge.judged);
      assertEquals(kept.length + broken.length + unseen.length, replay.judgeable.length);
    }
  }));
});
