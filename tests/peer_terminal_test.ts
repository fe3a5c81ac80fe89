import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../lib/core/errors.ts";
import fc from "fast-check";
import { encodeText, sanitized } from "../lib/core/text.ts";
import type { Target } from "../lib/chat/entry.ts";
import type { ChatAction, CommandContext } from "../lib/terminal/commands.ts";
import { sameTarget } from "../lib/terminal/chat_state.ts";
import type { View } from "../lib/terminal/view.ts";
import { SCRIPT_VIEW, scriptLines } from "../lib/terminal/script_view.ts";
import { type JoinPlan, parseClientArgs, type PeerPlan, type PrintPlan } from "../lib/client/command_line.ts";
import { CLIENT } from "../lib/client/commands.ts";
import { PEER_COMMANDS, PEER_MODE } from "../lib/terminal/peer_commands.ts";
import { completions, helpText } from "../lib/terminal/help.ts";
import { PeerView } from "../lib/terminal/peer_view.ts";
import type { PeerEvent, PeerQuestion } from "../lib/peers/event.ts";
import { at, ChatTranscript } from "./support/chat_transcript.ts";
import { runPiped, startPiped } from "./support/piped_child.ts";

const NOW = at("08:33:46");
const BOB = { user: "bob" };
const LAB = { room: "lab1" };
const { parse: peerAction } = PEER_MODE;

/** The chat of alice with her peers. */
class PeerChat extends ChatTranscript<PeerQuestion, PeerEvent> {
  constructor(view: View<PeerEvent>, interactive = view !== SCRIPT_VIEW) {
    super(view, PEER_MODE, interactive, NOW);
  }

  /** Begins with these known users; a minus before a name means offline. */
  begins(...names: string[]): this {
    this.atOnce = (what) => what === 'ask "users"' ? [users(...names)] : [];
    this.controller.begin("alice", this.now);
    this.drain();
    this.atOnce = () => [];
    this.done.splice(0);
    return this;
  }

  hears(from: string, to: Target, text: string): this {
    return this.happens({ type: "message", message: { seq: 1, from, to, text, time: this.now }, own: false });
  }
}

const atTerminal = () => new PeerChat(new PeerView({ colour: false }));
const script = () => new PeerChat(SCRIPT_VIEW);
const users = (...names: string[]): PeerEvent => ({
  type: "users",
  users: names.map((name) => ({ name: name.replace("-", ""), online: !name.startsWith("-") })),
});

const PLACE: CommandContext = { here: BOB, rooms: new Set(["lab1"]), now: NOW };
const NOWHERE: CommandContext = { here: undefined, rooms: new Set(), now: NOW };

Deno.test("typed lines between peers are parsed", () => {
  const ask = (question: PeerQuestion): ChatAction<PeerQuestion> => ({ type: "ask", question });
  const there = { user: "bob@10.0.0.5:3001" };
  const actions: [string, ChatAction<PeerQuestion>][] = [
    ["/list", ask({ type: "users" })],
    ["/rooms", ask({ type: "rooms" })],
    ["/stats ", ask({ type: "stats" })],
    ["/to bob hi  there", { type: "say", to: BOB, text: "hi  there" }],
    ["/to bob", { type: "go", to: BOB }],
    ["/to bob@10.0.0.5:3001 hi", { type: "say", to: there, text: "hi" }],
    ["/to bob@10.0.0.5:3001", { type: "go", to: there }],
    ["/group lab1 bob", ask({ type: "group", room: "lab1", members: ["bob"] })],
    [
      "/group lab1  bob carol@10.0.0.5:3001 bob ",
      ask({ type: "group", room: "lab1", members: ["bob", "carol@10.0.0.5:3001"] }),
    ],
    ["/join lab1", ask({ type: "join", room: "lab1" })],
    ["/leave lab1", ask({ type: "leave", room: "lab1" })],
    ["/say lab1 hi all", { type: "say", to: LAB, text: "hi all" }],
    ["/secure bob", ask({ type: "secure", user: "bob", on: true })],
    ["/secure bob off", ask({ type: "secure", user: "bob", on: false })],
    ["/trust bob@10.0.0.5:3001", ask({ type: "trust", user: "bob@10.0.0.5:3001" })],
    ["/add 10.0.0.5:3001", ask({ type: "add", host: "10.0.0.5", port: 3001 })],
    ["/add  10.0.0.5  3001 ", ask({ type: "add", host: "10.0.0.5", port: 3001 })],
    ["/add lab-7.uni.example:65535", ask({ type: "add", host: "lab-7.uni.example", port: 65535 })],
    ["/help secure", { type: "help", topic: "secure" }],
    ["/exit", { type: "exit" }],
    [" ", { type: "nothing" }],
  ];
  for (const place of [PLACE, NOWHERE]) {
    for (const [line, action] of actions) assertEquals(peerAction(line, place), action, line);
  }
  assertEquals(peerAction("hello", PLACE), { type: "say", to: BOB, text: "hello" });
  assertEquals(peerAction("//list", PLACE), { type: "say", to: BOB, text: "/list" });
});

Deno.test("a mistake between peers is answered with the typed line, the rule, and an example", () => {
  const mistakes: [string, string][] = [
    [
      "hello",
      '"hello" was not sent, since you are in no conversation; /to NAME or /join GROUP enters one, for example: /to bob',
    ],
    [
      "/group lab1",
      '"/group lab1": FRIEND is missing; usage: /group NAME FRIEND…, for example: /group lab1 bob carol',
    ],
    [
      "/secure bob on",
      '"/secure bob on": only "off" may follow NAME; usage: /secure NAME [off], for example: /secure bob',
    ],
    ["/add 10.0.0.5", '"/add 10.0.0.5": PORT is missing; usage: /add HOST:PORT, for example: /add 10.0.0.5:3001'],
    [
      "/add 10.0.0.256:3001",
      '"/add 10.0.0.256:3001": HOST must be an IPv4 address or a host name; usage: /add HOST:PORT, ' +
      "for example: /add 10.0.0.5:3001",
    ],
    [
      "/add lab 0",
      '"/add lab 0": PORT must be a whole number from 1 to 65535; usage: /add HOST:PORT, ' +
      "for example: /add 10.0.0.5:3001",
    ],
    [
      "/to bob@home hi",
      '"/to bob@home hi": the peer\'s address must follow "@", as in bob@10.0.0.5:3001; ' +
      "usage: /to NAME [TEXT], for example: /to bob Hello!",
    ],
    [
      "/join lab@home",
      '"/join lab@home": ' +
      'a name is 1 to 64 bytes without blanks, "@" and characters that are not seen; usage: /join GROUP, for example: /join lab1',
    ],
    ["/history bob", "there is no /history between peers, since no server keeps the messages"],
    [
      "/toall hi",
      "there is no /toall between peers, since no room has everyone in it; create a group, " +
      "for example: /group lab1 bob carol",
    ],
    [
      "/open bob x",
      "there is no command /open; the commands are /list /to /table /group /join /leave /say /rooms /send /accept /refuse " +
      "/stop /files /secure /trust /add /stats /help /exit. To send it as text, add a slash: //open",
    ],
    ["/sec bob", "there is no command /sec; did you mean /secure? To send it as text, add a slash: //sec"],
  ];
  for (const [line, why] of mistakes) assertEquals(peerAction(line, NOWHERE), { type: "mistake", why }, line);
  const wrong = [
    ...["/to", "/group", "/group lab1 a@b", "/join", "/join a b", "/leave", "/say lab1", "/say", "/secure", "/trust"],
    ...[
      "/trust a b",
      "/add",
      "/add :3001",
      "/add ::1:3001",
      "/add [::1]:3001",
      "/add a b c",
      "/add 1.2.3:4",
      "/add -:1",
    ],
    ...["/add a..b:1", "/stats x", "/rooms x", "/list x", "/exit x", "/add a:99999", "/add a:1 2", "/to bob@:1 x"],
    `/to ${"x".repeat(65)}`,
    `/to ${"ö".repeat(33)}`,
  ];
  for (const line of wrong) assertEquals(peerAction(line, PLACE).type, "mistake", line);
});

Deno.test("a script between peers reads one line per event; news and mistakes go to standard error", () => {
  script().begins().types("/to bob hi").did("say bob: hi").happens(
    { type: "delivered", id: "1", to: "bob", time: NOW },
    { type: "queued", id: "2", to: "bob" },
    { type: "failed", id: "3", to: BOB, why: "no answer\nin 5 s" },
    { type: "failed", id: "4", to: undefined, why: "too old" },
    { type: "online", name: "bob" },
    { type: "offline", name: "bob@10.0.0.5:3001" },
    { type: "joined", room: "lab1", members: 2 },
    { type: "members", room: "lab1", names: ["bob", "carol"] },
    { type: "members", room: "lab2", names: [] },
    { type: "memberJoined", room: "lab1", name: "dave" },
    { type: "memberLeft", room: "lab1", name: "dave" },
    { type: "left", room: "lab1" },
    { type: "secure", name: "bob", words: ["acid", "apple"], ours: ["zinc", "zoo"], known: false },
    { type: "insecure", name: "bob" },
    { type: "changedKey", name: "bob", words: ["new", "words"], remembered: ["old", "words"] },
    { type: "stats", counts: [["said", 7], ["repeated datagrams", 0]] },
    { type: "users", users: [{ name: "bob", online: true }, { name: "carol", online: false }] },
    { type: "rooms", rooms: [{ name: "lab1", members: 2, joined: true }] },
    { type: "notice", text: "the table at 10.0.0.1:2002 does not answer" },
    { type: "denied", why: "no user called eve has been seen" },
  ).hears("bob", { user: "alice" }, "line\r\nbreak\x1b[2J").hears("bob", LAB, "hello all").types(
    "hello",
    "/history bob",
  )
    .shows(
      "/to bob hi",
      "delivered bob 1",
      "kept bob 2",
      "failed bob 3: no answer in 5 s",
      "failed - 4: too old",
      "online bob",
      "offline bob@10.0.0.5:3001",
      "joined lab1",
      "members lab1 bob carol",
      "members lab2",
      "joined lab1 dave",
      "left lab1 dave",
      "left lab1",
      "secure bob: acid apple",
      "insecure bob",
      "changed bob: new words",
      "said 7",
      "repeated datagrams 0",
      "bob (online)",
      "carol (offline)",
      "lab1 2 members, joined",
      "err the table at 10.0.0.1:2002 does not answer",
      "err no user called eve has been seen",
      "from bob: line break␛[2J",
      "lab1 bob: hello all",
      "hello",
      'err "hello" was not sent, since you are in no conversation; /to NAME or /join GROUP enters one, for example: /to bob',
      "/history bob",
      "err there is no /history between peers, since no server keeps the messages",
    );
});

Deno.test("alice begins in no conversation, and a received message does not move her; her messages arrive now or later", () => {
  atTerminal().begins("bob", "-carol").hears("bob", { user: "alice" }, "hello alice").types("hello?", "/to bob", "hi")
    .happens({ type: "delivered", id: "m1", to: "bob", time: NOW })
    .types("and now?").happens({ type: "offline", name: "bob" }, { type: "queued", id: "m2", to: "bob" })
    .types("/to carol for later", "/to eve").happens(
      { type: "queued", id: "m3", to: "carol" },
      { type: "online", name: "bob" },
      { type: "delivered", id: "m2", to: "bob", time: at("08:40:00") },
      { type: "delivered", id: "7", to: "dave", time: NOW },
      { type: "failed", id: "m3", to: { user: "carol" }, why: "it could not be delivered within 30 days" },
      { type: "notice", text: "1 message waits for dave, from before" },
    ).types("lunch?")
    .shows(
      "-- you are alice; /to NAME or /join GROUP enters a conversation; /help lists the commands --",
      "08:33:46 bob → you: hello alice",
      "> hello?",
      '"hello?" was not sent, since you are in no conversation; /to NAME or /join GROUP enters one, for example: /to bob',
      "> /to bob",
      "08:33:46 you → bob: hi  ✓✓",
      "08:33:46 you → bob: and now?  ✓✓ 08:40",
      "-- bob is offline --",
      "08:33:46 you → carol: for later  ✗ not delivered (it could not be delivered within 30 days)",
      "→ bob> /to eve",
      '-- no user called "eve" is known; /list shows all known users --',
      "-- bob is online --",
      "(away) ✓✓ dave (sent earlier)",
      "-- 1 message waits for dave, from before --",
      "08:33:46 you → eve: lunch?",
    );
});

Deno.test("alice creates a group and is in it at once; being added to one does not move her; after leaving she is in none", () => {
  const alice = atTerminal().begins("bob", "carol");
  alice.screen.splice(0);
  alice.types("/group lab1 bob carol", "hello").did('ask "group" "lab1" ["bob","carol"]', "say #lab1: hello").happens(
    { type: "joined", room: "lab1", members: 1 },
    { type: "members", room: "lab1", names: [] },
    { type: "memberJoined", room: "lab1", name: "bob" },
    { type: "notice", text: "carol adds you to lab2" },
    { type: "joined", room: "lab2", members: 3 },
    { type: "members", room: "lab2", names: ["carol", "dave"] },
  ).hears("carol", { room: "lab2" }, "welcome").hears("bob", LAB, "hi").happens({
    type: "memberLeft",
    room: "lab1",
    name: "bob",
  }).types("/leave lab1").happens({ type: "left", room: "lab1" }).types("anybody?")
    .shows(
      "> /group lab1 bob carol",
      "08:33:46 you: hello",
      "-- joined lab1 (1 member) --",
      "-- no one else is in lab1 --",
      "-- bob joined lab1 --",
      "-- carol adds you to lab2 --",
      "-- joined lab2 (3 members) --",
      "-- in lab2: carol, dave --",
      "08:33:46 [lab2] carol: welcome",
      "08:33:46 bob: hi",
      "-- bob left lab1 --",
      "lab1> /leave lab1",
      "-- left lab1 --",
      "> anybody?",
      '"anybody?" was not sent, since you are in no conversation; /to NAME or /join GROUP enters one, for example: /to bob',
    );
});

Deno.test("a denied group leaves alice in her conversation; a later denial does not move her", () => {
  const alice = atTerminal().begins("bob").types("/to bob");
  alice.atOnce = (what) => what.includes('"lab1"') ? [{ type: "denied", why: "bob is not online" }] : [];
  alice.types("/group lab1 bob");
  assertEquals(alice.controller.state.here, BOB);
  alice.types("/join lab2", "/add nowhere 3001").happens({ type: "denied", why: "no machine has that name" });
  assertEquals(alice.controller.state.here, { room: "lab2" });
  alice.happens({ type: "joined", room: "lab2", members: 1 });
  alice.screen.splice(0);
  alice.types("/list").happens(users("bob"), users("carol")).shows("lab2> /list", "online: bob", "online: carol");
});

Deno.test("a state reported while the message is being sent is not waited for", () => {
  const alice = atTerminal().begins("-bob").types("/to bob");
  alice.screen.splice(0);
  let id = 0;
  alice.atOnce = () => [{ type: "queued", id: `m${++id}`, to: "bob" }];
  alice.types("one", "two").shows(
    ...["08:33:46 you → bob: one  kept until bob is online", "08:33:46 you → bob: two  kept until bob is online"],
  );
  assertEquals(alice.controller.waiting, 0);
  alice.atOnce = () => [];
  alice.types("three", "/secure bob", "/add a:1", "/trust bob");
  assertEquals(alice.controller.waiting, 1);
  alice.happens({ type: "failed", id: "m3", to: BOB, why: "gone" });
  assertEquals(alice.controller.waiting, 0);
});

Deno.test("a peer of the same name is not mistaken for this user", () => {
  const alice = atTerminal().begins();
  alice.screen.splice(0);
  alice.hears("alice", { user: "alice" }, "I am you").shows("08:33:46 alice → you: I am you");
});

const WORDS = "afternoon bracelet cactus dancer eagle fabric galaxy hammer iceberg jacket".split(" ");
const OURS = "kettle ladder magnet napkin ocean paddle quartz rabbit saddle window".split(" ");

Deno.test("two users compare the words of their keys", () => {
  const alice = atTerminal().begins("bob");
  alice.screen.splice(0);
  alice.happens({ type: "secure", name: "bob", words: WORDS, ours: OURS, known: false }).shows(
    "-- the conversation with bob is now encrypted: only you two can read it --",
    "   bob's words:",
    "      1 afternoon    2 bracelet     3 cactus       4 dancer       5 eagle",
    "      6 fabric       7 galaxy       8 hammer       9 iceberg     10 jacket",
    "   your words:",
    "      1 kettle    2 ladder    3 magnet    4 napkin    5 ocean",
    "      6 paddle    7 quartz    8 rabbit    9 saddle   10 window",
    `   Compare by voice: read "your words" to bob; theirs must be those above.`,
    "   If a word differs, someone is in the middle: do not write anything secret.",
  );
  alice.happens(
    { type: "secure", name: "bob", words: ["acid"], ours: ["zinc"], known: true },
    { type: "insecure", name: "bob" },
  ).shows(
    "-- the conversation with bob is now encrypted: only you two can read it --",
    "   bob's words:",
    "     1 acid",
    "   your words:",
    "     1 zinc",
    "   The key of bob is the same as before; there is no need to compare the words.",
    "the conversation with bob is no longer encrypted: others on the network can read it",
  );
});

Deno.test("a changed key gives a loud warning that says what to do", () => {
  const changed: PeerEvent = { type: "changedKey", name: "bob", words: WORDS, remembered: ["acid", "corn"] };
  const lines = [
    "!! The key of bob has changed. Nothing is sent to bob until you decide.",
    "   known key:",
    "     1 acid   2 corn",
    "   new key:",
    "      1 afternoon    2 bracelet     3 cactus       4 dancer       5 eagle",
    "      6 fabric       7 galaxy       8 hammer       9 iceberg     10 jacket",
    "   Perhaps bob has a new computer or has lost the old key.",
    "   Perhaps someone else claims to be bob.",
    "   Ask bob by voice for the words of the key. If they match the new key,",
    "   type /trust bob. If not, do nothing, and nothing is sent.",
  ];
  const alice = atTerminal().begins("bob");
  alice.screen.splice(0);
  alice.happens(changed).shows(...lines);
  for (const line of lines) assert(line.length <= 80, line);
  const bright = new PeerChat(new PeerView({ colour: true })).happens(changed).screen;
  // NO_COLOR may be set.
  const loud = Deno.noColor ? "" : "\x1b[1m\x1b[31m";
  for (const line of bright) assert(line.startsWith(loud), line);
});

Deno.test("alice asks for users, groups and counters; empty lists say how to fill them", () => {
  const alice = atTerminal().begins();
  alice.screen.splice(0);
  alice.types("/list", "/rooms", "/stats").happens(
    users(),
    { type: "rooms", rooms: [] },
    { type: "stats", counts: [] },
    users("bob", "-carol"),
    { type: "rooms", rooms: [{ name: "lab1", members: 2, joined: true }, { name: "lab2", members: 1, joined: false }] },
    { type: "stats", counts: [["said", 12], ["repeated datagrams", 7]] },
  ).shows(
    "> /list",
    "> /rooms",
    "> /stats",
    "-- no users found so far; /add HOST:PORT looks for one at an address --",
    "-- no groups so far; /group NAME FRIEND… creates one --",
    "-- nothing counted so far --",
    "online: bob",
    "offline: carol",
    "lab1  2 members, joined",
    "lab2  1 member",
    "  said                12",
    "  repeated datagrams   7",
  );
});

Deno.test("commands, names and groups of peers are completed, but no name that could steer the terminal", () => {
  const alice = atTerminal().begins("bob", "bob@10.0.0.5:3001", "-carol", "b\x1b[2J").happens(
    { type: "joined", room: "lab1", members: 1 },
    { type: "rooms", rooms: [{ name: "lab2", members: 2, joined: false }] },
    { type: "members", room: "lab1", names: ["bert"] },
  );
  const complete = (before: string) => completions(before, alice.controller.state, PEER_MODE);
  assertEquals(complete("/s"), ["/say", "/secure", "/send", "/stats", "/stop"]);
  assertEquals(complete("/h"), ["/help"]);
  assertEquals(complete("/to b"), ["bert", "bob", "bob@10.0.0.5:3001"]);
  assertEquals(complete("/group b"), []);
  assertEquals(complete("/group x bob c"), ["carol"]);
  assertEquals(complete("/join "), ["lab1", "lab2"]);
  assertEquals(complete("/say l"), ["lab1"]);
  assertEquals(complete("/leave l"), ["lab1"]);
  assertEquals(complete("/secure bob o"), ["off"]);
  assertEquals(complete("/trust c"), ["carol"]);
  assertEquals(complete("/help t"), ["table", "to", "trust"]);
  for (const before of ["J", "JOIN l", "/history b", "/toall b", "hello b", "/to bob b", "", "/add b"]) {
    assert(!complete(before).some((word) => !word.startsWith("/")), before);
  }
});

Deno.test("help between peers lists what peers have, and is no wider than a terminal", () => {
  const help = helpText(undefined, PEER_MODE);
  for (const name of Object.keys(PEER_COMMANDS)) assert(help.some((line) => line.includes(`  /${name}`)), name);
  assert(!help.some((line) => /\/toall|\/history|JOIN|lobby|ROOM|server/.test(line)));
  assertEquals(helpText("/secure", PEER_MODE), [
    "/secure NAME [off]",
    "  Only the two of you can then read it. You are both shown words: compare them",
    "  by voice to be sure that no one is in the middle.",
    "  /secure NAME off: anyone on the network can read the conversation again.",
    "  Example: /secure bob",
  ]);
  assertEquals(helpText("history", PEER_MODE), [
    "there is no /history between peers, since no server keeps the messages",
  ]);
  const more = Object.keys(PEER_COMMANDS).flatMap((name) => helpText(name, PEER_MODE));
  for (const line of [...help, ...more]) assert(line.length <= 80, line);
  for (const { example, usage } of Object.values(PEER_COMMANDS)) {
    assert(peerAction(example, NOWHERE).type !== "mistake", usage);
  }
});

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\x1b[2J", "a\r\nb", "\u202e", "\u2028", "", " ", "日本", "__proto__", "bob", "bob@10.0.0.5:3001"),
);
const names = fc.array(nasty, { maxLength: 12 });
const target: fc.Arbitrary<Target> = fc.oneof(fc.record({ user: nasty }), fc.record({ room: nasty }));
const said = fc.record({ seq: fc.nat(), from: nasty, to: target, text: nasty, time: fc.constant(NOW) });
const flag = fc.boolean();
const id = fc.constantFrom("m1", "m2", "?\n");
const is = <Type extends string>(type: Type) => fc.constant(type);
const peerEvent: fc.Arbitrary<PeerEvent> = fc.oneof(
  fc.record({ type: is("message"), message: said, own: flag }),
  fc.record({ type: is("delivered"), id, to: nasty, time: fc.constant(NOW) }),
  fc.record({ type: is("failed"), id, to: fc.option(target, { nil: undefined }), why: nasty }),
  fc.record({ type: is("queued"), id, to: nasty }),
  fc.record({ type: fc.constantFrom("online" as const, "offline" as const, "insecure" as const), name: nasty }),
  fc.record({ type: is("users"), users: fc.array(fc.record({ name: nasty, online: flag })) }),
  fc.record({ type: is("rooms"), rooms: fc.array(fc.record({ name: nasty, members: fc.nat(), joined: flag })) }),
  fc.record({ type: is("joined"), room: nasty, members: fc.nat() }),
  fc.record({ type: is("left"), room: nasty }),
  fc.record({ type: is("denied"), why: nasty }),
  fc.record({ type: fc.constantFrom("memberJoined" as const, "memberLeft" as const), room: nasty, name: nasty }),
  fc.record({ type: is("members"), room: nasty, names }),
  fc.record({ type: is("secure"), name: nasty, words: names, ours: names, known: flag }),
  fc.record({ type: is("changedKey"), name: nasty, words: names, remembered: names }),
  fc.record({ type: is("notice"), text: nasty }),
  fc.record({ type: is("stats"), counts: fc.array(fc.tuple(nasty, fc.nat())) }),
);
const typedLine = fc.tuple(
  fc.constantFrom("", "/", "//", ...Object.keys(PEER_COMMANDS).map((name) => `/${name} `), "/group a ", "/history "),
  nasty,
).map((parts) => parts.join(""));
const step = fc.oneof(peerEvent, typedLine);

function take(alice: PeerChat, steps: readonly (PeerEvent | string)[]): PeerChat {
  for (const each of steps) typeof each === "string" ? alice.type(each) : alice.happens(each);
  return alice;
}

Deno.test("every line between peers has an action, and its receiver has a name", () => {
  fc.assert(fc.property(typedLine, fc.constantFrom(PLACE, NOWHERE), (line, place) => {
    const action = peerAction(line, place);
    if (action.type === "say") {
      assert(action.text.trim() !== "");
      if (sameTarget(action.to, place.here)) return;
      const name = "user" in action.to ? action.to.user.split("@", 1)[0]! : action.to.room;
      assert(name !== "" && encodeText(name).length <= 64 && sanitized(name) === name && !/[\s@]/.test(name));
    } else if (action.type === "ask" && action.question.type === "add") {
      const { host, port } = action.question;
      assert(host !== "" && !/[\s:]/.test(host) && port >= 1 && port <= 65535);
    }
  }));
});

Deno.test("whatever peers send and users type, each shown line is one line and cannot steer the terminal", () => {
  const views: [string, () => PeerChat][] = [["plain", () => new PeerChat(SCRIPT_VIEW, true)], [
    "terminal",
    atTerminal,
  ]];
  for (const [name, open] of views) {
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), nasty, (steps, me) => {
      const alice = open();
      alice.controller.begin(me, NOW);
      alice.drain();
      take(alice, steps);
      assertEquals(sanitized(alice.controller.prompt), alice.controller.prompt);
      for (const line of alice.screen) assertEquals(line, sanitized(line), name);
    }));
  }
});

Deno.test("between peers, colours add nothing but colours", () => {
  // deno-lint-ignore no-control-regex
  const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));
  fc.assert(fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
    const [grey, bright] = [false, true].map((colour) => take(new PeerChat(new PeerView({ colour })), steps));
    assertEquals(plain(bright!.screen), grey!.screen);
  }));
});

Deno.test("a script's line of any event between peers has no line break", () => {
  fc.assert(fc.property(peerEvent, (each) => {
    for (const line of scriptLines(each)) assertEquals(line, sanitized(line));
  }));
});

const PEER: PeerPlan = {
  type: "peer",
  asked: [],
  table: undefined,
  name: "alice",
  udp: 0,
  tableRefreshMs: 30_000,
  data: undefined,
  history: true,
  downloads: undefined,
  page: false,
  trace: false,
  traceFile: undefined,
};

Deno.test("the command line of a peer: with an address book or without one", () => {
  const table = (host: string, port: number) => ({ ...PEER, table: { host, port } });
  const plans: [string, PeerPlan][] = [
    ["peer --name alice", PEER],
    ["--name alice peer", PEER],
    ["peer 10.0.0.1 --name alice", table("10.0.0.1", 2002)],
    ["peer localhost 3002 --name=alice", table("localhost", 3002)],
    ["peer --name alice --udp 3001 --data keys --trace", { ...PEER, udp: 3001, data: "keys", trace: true }],
    ["peer --name alice --udp 0", PEER],
    ["peer 10.0.0.1 --name alice --table-refresh 5", { ...table("10.0.0.1", 2002), tableRefreshMs: 5000 }],
    [`peer --name ${"ö".repeat(32)}`, { ...PEER, name: "ö".repeat(32) }],
  ];
  for (const [line, plan] of plans) assertEquals(parseClientArgs(line.split(" ")), plan, line);
});

Deno.test("a mistake in a peer's command line is answered with the rule", () => {
  const name = 'a name is 1 to 64 bytes without blanks, "@" and characters that are not seen';
  const others = "--udp and the address book's HOST can be left out";
  const faults: [string[], string][] = [
    [["peer"], `peer requires --name; ${others}; for example: client peer --name alice`],
    [
      ["peer", "10.0.0.1", "2002"],
      `peer requires --name; ${others}; for example: client peer 10.0.0.1 2002 --name alice`,
    ],
    [["peer", "--name", "a b"], `--name "a b": ${name}`],
    [["peer", "--name", "bob@home"], `--name "bob@home": ${name}`],
    [["peer", "--name", "bob\x07"], `--name "bob\\u0007": ${name}`],
    [["peer", "--name", "ö".repeat(33)], `--name "${"ö".repeat(33)}": ${name}`],
    [["peer", "--name="], "--name needs a value: --name NAME"],
    [["peer", "a", "0", "--name", "b"], 'the port must be a whole number from 1 to 65535, not "0"'],
    [["peer", "a", "1", "2", "--name", "b"], 'expected HOST and PORT after peer, found "2" after them'],
    [["peer", "--name", "b", "--udp", "70000"], '--udp must be a whole number from 0 to 65535, not "70000"'],
    [
      ["peer", "--name", "b", "--password-file", "x"],
      'peer has no option --password-file; chat, im, mailbox have it: "client help chat" shows more',
    ],
    [
      ["peer", "--name", "b", "--table-refresh", "5"],
      "--table-refresh requires peer HOST; for example: client peer 192.168.1.7 --name alice",
    ],
    [
      ["peer", "a", "--name", "b", "--table-refresh", "90"],
      '--table-refresh must be a whole number from 1 to 80, not "90"',
    ],
    [
      ["chat", "--udp", "3001"],
      'chat has no option --udp; peer has it: "client help peer" shows more',
    ],
  ];
  for (const [args, message] of faults) {
    assertEquals(assertThrows(() => parseClientArgs(args), UserError)!.message, message);
  }
});

Deno.test("the command lines of server clients", () => {
  const kept = { data: undefined, history: true, downloads: undefined };
  const unset = {
    plain: false,
    guest: undefined,
    name: undefined,
    passwordFile: undefined,
    traceFile: undefined,
    tls: undefined,
    noTls: false,
  };
  const join = { ...unset, ...kept, page: false, trace: false };
  assertEquals(parseClientArgs([]), { type: "chat", host: "127.0.0.1", port: 2001, ...join });
  assertEquals(parseClientArgs(["mailbox", "a", "2004"]), { type: "mailbox", host: "a", port: 2004, ...join });
  const named = { type: "im" as const, host: "a", port: 2001, ...join, name: "bob b" };
  assertEquals(parseClientArgs(["a", "2001", "--name", "bob b"]), named);
  const sealed = { type: "chat" as const, host: "a", port: 2443, ...join };
  assertEquals(parseClientArgs(["chat", "a", "--tls"]), { ...sealed, tls: "trusted" });
  assertEquals(parseClientArgs(["chat", "a", "--tls-cert", "c.pem"]), { ...sealed, tls: { cert: "c.pem" } });
  assertEquals(parseClientArgs(["chat", "a", "--no-tls"]), { ...sealed, port: 2001, noTls: true });
  assertThrows(() => parseClientArgs(["chat", "a", "--no-tls", "--tls"]), UserError, "--no-tls excludes --tls");
  assertEquals(parseClientArgs(["forget", "a:2"]), { type: "forget", host: "a", port: 2, data: undefined });
});

Deno.test("a place is HOST, HOST PORT or HOST:PORT, with the handout's usual port", () => {
  const place = (line: string) => {
    const plan = parseClientArgs(line.split(" ")) as JoinPlan;
    return [plan.type, plan.host, plan.port];
  };
  assertEquals(place("lab-server"), ["im", "lab-server", 2001]);
  assertEquals(place("10.0.0.1:5000"), ["im", "10.0.0.1", 5000]);
  assertEquals(place("chat 10.0.0.1:5000"), ["chat", "10.0.0.1", 5000]);
  assertEquals(place("mailbox 10.0.0.1"), ["mailbox", "10.0.0.1", 2004]);
  assertEquals(place("lobby fd00::1"), ["lobby", "fd00::1", 2003]);
  assertEquals(place("lobby [fd00::1]:7"), ["lobby", "fd00::1", 7]);
  assertEquals(place("rooms [fd00::1]"), ["rooms", "fd00::1", 12345]);
  const peer = parseClientArgs(["peer", "10.0.0.1:3002", "--name", "alice"]) as PeerPlan;
  assertEquals(peer.table, { host: "10.0.0.1", port: 3002 });
  const refused = (line: string) => assertThrows(() => parseClientArgs(line.split(" ")), UserError)!.message;
  assertEquals(refused("a:1 2"), "the port is given twice: a:1 and 2");
  assertEquals(refused(":2001"), 'expected HOST:PORT, found ":2001" without a host');
  assertEquals(refused("chat a:x"), 'the port must be a whole number from 1 to 65535, not "x"');
  assertEquals(refused("lobby"), "expected HOST after lobby, found nothing; for example: client lobby 192.168.1.7");
});

Deno.test("a misspelt command, and help for one, say what was probably meant", () => {
  const refused = (line: string) => assertThrows(() => parseClientArgs(line.split(" ")), UserError)!.message;
  assertEquals(refused("chatt"), 'there is no command "chatt"; did you mean chat? For a host of that name: chatt:2001');
  assertEquals(refused("help pear"), 'there is no help for "pear"; did you mean "client help peer"?');
});

Deno.test("the first page of help fits a terminal of 24 lines; each command has a page of its own", () => {
  const page = (...args: string[]) => (parseClientArgs(args) as PrintPlan).text;
  assert(page("--help").split("\n").length <= 24, page("--help"));
  assertEquals(page("-h"), page("help"));
  for (const { name } of CLIENT.commands) {
    assertStringIncludes(page("--help"), `client ${CLIENT.commands.find((each) => each.name === name)!.synopsis[0]}`);
    for (const line of page("help", name).split("\n")) assert(line.length <= 80, line);
  }
  assertEquals(page("mailbox", "--help"), page("help", "mailbox"));
  assertEquals(page("check", "-h"), page("help", "check"));
  assertEquals(page("-V"), page("--version"));
});

Deno.test("the client's help explains how peers find and trust each other, in eighty columns", () => {
  const plan = parseClientArgs(["peer", "--help"]);
  const help = plan.type === "print" ? plan.text : "";
  for (const word of ["client peer", "--udp PORT", "multicast", "/group NAME FRIEND…", "/secure NAME", "--data DIR"]) {
    assert(help.includes(word), word);
  }
  for (const line of help.split("\n")) assert(line.length <= 80, line);
});

Deno.test("a script pipes messages to its peers: no prompt, no question for a name, one line per event", async () => {
  const { out, errors } = await runPiped(
    startPiped("peer", "at once"),
    "/to bob hi\nhello\n/group lab1 bob\nhi all\n/secure bob\n",
  );
  assertEquals(out.split("\n"), [
    "online bob",
    "delivered bob 1",
    "joined lab1",
    "members lab1 bob",
    "delivered bob 2",
    "secure bob: acid apple",
    "from bob: at most 1 waited",
    "",
  ]);
  assertEquals(
    errors,
    '"hello" was not sent, since you are in no conversation; /to NAME or /join GROUP enters one, for example: /to bob\n',
  );
});

Deno.test("a script is faster than its peers: of ten thousand lines, never more than 256 wait", async () => {
  const count = 10_000;
  const lines = Array.from({ length: count }, (_, i) => `${i}\n`).join("");
  const { out } = await runPiped(startPiped("peer", "late"), `/to bob\n${lines}/exit\nnever said\n`);
  const shown = out.split("\n");
  assertEquals(shown.filter((line) => line.startsWith("delivered bob ")).length, count);
  assertEquals(shown.slice(-2), ["from bob: at most 256 waited", ""]);
});
