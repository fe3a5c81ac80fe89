import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { Outputs } from "../lib/core/machine.ts";
import { sanitized } from "../lib/core/text.ts";
import type { Target } from "../lib/chat/entry.ts";
import type { ChatAction, ChatQuestion, CommandContext } from "../lib/terminal/commands.ts";
import { sameTarget } from "../lib/terminal/chat_state.ts";
import { CHAT_COMMANDS, CHAT_MODE } from "../lib/terminal/chat_commands.ts";
import type { ScreenOutput, View } from "../lib/terminal/view.ts";
import { ChatState } from "../lib/terminal/chat_state.ts";
import { SCRIPT_VIEW, scriptLines } from "../lib/terminal/script_view.ts";
import { FileNotices } from "../lib/terminal/file_notices.ts";
import { MAILBOX_MODE } from "../lib/terminal/mailbox_commands.ts";
import { completions, helpText } from "../lib/terminal/help.ts";
import { ChatView } from "../lib/terminal/chat_view.ts";
import { MailboxView } from "../lib/terminal/mailbox_view.ts";
import type { FileEvent } from "../lib/protocols/transfer/event.ts";
import type { DirectEvent } from "../lib/peers/direct.ts";
import type { ClientEvent } from "../lib/protocols/native/client_event.ts";
import { at, ChatTranscript } from "./support/chat_transcript.ts";
import { runPiped, startPiped } from "./support/piped_child.ts";

const NOW = at("08:33:46");
const BOB = { user: "bob" };
const LAB = { room: "lab1" };
const LOBBY = { room: "lobby" };
const { parse: chatAction } = CHAT_MODE;
const { parse: mailboxAction } = MAILBOX_MODE;
type Action = ChatAction<ChatQuestion>;
const RETURN = "--> [type message and press ENTER or type 'B' to return to menu]";

/** The chat of alice with a server. */
class ServerChat extends ChatTranscript<ChatQuestion, ClientEvent | DirectEvent> {
  /** The number of the last message that was heard. */
  seq = 0;

  constructor(view: View<ClientEvent | DirectEvent>, style = CHAT_MODE, interactive = view !== SCRIPT_VIEW) {
    super(view, style, interactive, NOW);
  }

  comesIn(...rooms: string[]): this {
    return this.happens({
      type: "loggedIn",
      name: "alice",
      rooms: ["lobby", ...rooms],
      again: false,
      storeChanged: false,
      searches: true,
    }, { type: "conversations", list: [] });
  }

  /** The server denies the last questions, in order. */
  denies(...whys: string[]): this {
    const questions = this.questions.slice(-whys.length);
    return this.happens(...whys.map((why, at) => ({ type: "denied" as const, why, question: questions[at] })));
  }

  hears(from: string, to: Target, text: string, time = this.now): this {
    return this.happens({ type: "message", message: { seq: ++this.seq, from, to, text, time }, own: from === "alice" });
  }
}

const chat = () => new ServerChat(new ChatView({ colour: false }));
const mailbox = () => new ServerChat(new MailboxView({ colour: false }), MAILBOX_MODE);
const users = (...names: string[]): ClientEvent => ({
  type: "users",
  users: names.map((name) => ({ name: name.replace("-", ""), online: !name.startsWith("-") })),
});
const rooms = (...names: string[]): ClientEvent => ({
  type: "rooms",
  rooms: names.map((name) => ({ name, members: 3, joined: true })),
});

const PLACE: CommandContext = { here: LOBBY, rooms: new Set(["lobby", "lab1"]), now: NOW };
const MENU: CommandContext = { ...PLACE, here: undefined };

Deno.test("typed lines are parsed: commands, and text for the current conversation", () => {
  const actions: [string, Action][] = [
    ["hello everyone", { type: "say", to: LOBBY, text: "hello everyone" }],
    ["  two blanks", { type: "say", to: LOBBY, text: "  two blanks" }],
    ["//list", { type: "say", to: LOBBY, text: "/list" }],
    [" ", { type: "nothing" }],
    ["/list", { type: "ask", question: { type: "users" } }],
    ["/rooms ", { type: "ask", question: { type: "rooms" } }],
    ["/to bob hi  there ", { type: "say", to: BOB, text: "hi  there " }],
    ["/to  bob  hi", { type: "say", to: BOB, text: " hi" }],
    ["/to bob", { type: "go", to: BOB }],
    ["/to bob ", { type: "go", to: BOB }],
    ["/toall hi", { type: "say", to: LOBBY, text: "hi" }],
    ["/say lab1 hi", { type: "say", to: LAB, text: "hi" }],
    ["/join lab1", { type: "ask", question: { type: "join", room: "lab1" } }],
    ["/leave lab1 ", { type: "ask", question: { type: "leave", room: "lab1" } }],
    ["/history bob", { type: "ask", question: { type: "history", of: BOB, limit: 20 } }],
    ["/history lab1 1000", { type: "ask", question: { type: "history", of: LAB, limit: 1000 } }],
    ["/help", { type: "help", topic: undefined }],
    ["/help to", { type: "help", topic: "to" }],
    ["/exit", { type: "exit" }],
  ];
  for (const [line, action] of actions) assertEquals(chatAction(line, PLACE), action, line);
});

Deno.test("a mistake is answered with the typed line, the rule, and an example", () => {
  const mistakes: [string, string][] = [
    ["/to", '"/to": NAME is missing; usage: /to NAME [TEXT], for example: /to bob Hello!'],
    [
      "/history bob 0",
      '"/history bob 0": N must be a whole number from 1 to 1000; usage: /history NAME|ROOM [N], ' +
      "for example: /history bob 50",
    ],
    ["/join a b", '"/join a b": ROOM cannot contain spaces; usage: /join ROOM, for example: /join lab1'],
    ["/exit now", '"/exit now": /exit takes no argument'],
    ["/hist bob", "there is no command /hist; did you mean /history? To send it as text, add a slash: //hist"],
    ["/LIST", "there is no command /LIST; did you mean /list? To send it as text, add a slash: //LIST"],
    ["/quit", "there is no /quit; /exit leaves the chat"],
    ["/msg bob hi", "there is no /msg; /to NAME TEXT sends a message to one user, for example: /to bob Hello!"],
    ["/me waves", "there is no /me; type the sentence as it is, and it is shown after your name"],
    ["/nick bob", "there is no /nick; your name is that of your login, so /exit and log in with another"],
    ["/lst", "there is no command /lst; did you mean /list? To send it as text, add a slash: //lst"],
    [
      "/open bob x",
      "there is no command /open; the commands are /list /to /direct /toall /join /leave /say /who /rooms /history /search " +
      "/edit /withdraw /versions /send /accept /refuse /stop /files /passwd /help /exit. To send it as text, add a slash: //open",
    ],
  ];
  for (const [line, why] of mistakes) assertEquals(chatAction(line, PLACE), { type: "mistake", why }, line);
  for (const line of ["/toall", "/say lab1", "/say", "/join", "/leave", "/list x", "/exit now", "/", "/__proto__"]) {
    assertEquals(chatAction(line, PLACE).type, "mistake", line);
  }
  assertEquals(chatAction(`/join ${"x".repeat(65)}`, PLACE).type, "mistake");
  assertEquals(chatAction("hello", MENU).type, "mistake");
});

Deno.test("the mailbox takes the handout's words in capitals, in its menu in small letters too; anything else is text", () => {
  const join: Action = { type: "ask", question: { type: "join", room: "lab1" } };
  const letters: [string, Action][] = [
    ["R", { type: "menu", leave: false }],
    ["B", { type: "menu", leave: true }],
    ["E", { type: "exit" }],
  ];
  for (const place of [PLACE, MENU]) {
    assertEquals(mailboxAction("JOIN lab1", place), join);
    assertEquals(mailboxAction("J lab1", place), join);
    assertEquals(mailboxAction("CHAT bob ", place), { type: "go", to: BOB });
    for (const [letter, action] of letters) assertEquals(mailboxAction(letter, place), action);
    assertEquals(mailboxAction("/to bob hi", place), { type: "say", to: BOB, text: "hi" });
  }
  for (const text of ["r you there", "join lab1", "JOIN the club", "CHAT", "Em", "join", "j lab1"]) {
    assertEquals(mailboxAction(text, PLACE), { type: "say", to: LOBBY, text });
  }
  for (const [letter, action] of letters) {
    const small = letter.toLowerCase();
    assertEquals(mailboxAction(small, MENU), action);
    const asked = mailboxAction(small, PLACE);
    assertEquals(asked.type === "unsure" && [asked.line, asked.action], [small, action]);
  }
  assertEquals(mailboxAction("join lab1", MENU), join);
  assertEquals(mailboxAction("j lab1", MENU), join);
  assertEquals(
    mailboxAction("hello", MENU),
    {
      type: "mistake",
      why: `"hello" was not sent, since you are in no conversation; type 'JOIN' + group name or ` +
        "'CHAT' + user name first, for example: JOIN lobby",
    },
  );
});

Deno.test("MyChat is another name of the lobby in the mailbox, and stays it on the screen once it was used", () => {
  const lobby: Action = { type: "ask", question: { type: "join", room: "lobby" }, as: "MyChat" };
  assertEquals(mailboxAction("JOIN MyChat", MENU), lobby);
  assertEquals(mailboxAction("/say MyChat hi", PLACE), { type: "say", to: LOBBY, text: "hi" });
  assertEquals(mailboxAction("/history MyChat", PLACE), {
    type: "ask",
    question: { type: "history", of: LOBBY, limit: 20 },
  });
  mailbox().comesIn().happens(
    rooms("lobby"),
    { type: "users", users: [{ name: "bob", online: false }, { name: "carol", online: false, seen: false }] },
  ).types("JOIN MyChat").happens({ type: "joined", room: "lobby", members: 3 }).types("R").happens(
    rooms("lobby", "lab1"),
    users("alice"),
  ).types("/history MyChat").happens({ type: "history", of: LOBBY, messages: [], more: false }).shows(
    "#####[you: alice]#####",
    "--> [available group chats]",
    "1. lobby",
    "--> [available users]",
    "1. bob (offline)",
    "--> [type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit]",
    "JOIN MyChat",
    "#####[GROUP CHAT]#####",
    "--> [Access granted]",
    "--> [you joined 'MyChat' group]",
    RETURN,
    "R",
    "--> [available group chats]",
    "1. MyChat",
    "2. lab1",
    "--> [available users]",
    "--> [type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit]",
    "/history MyChat",
    "--> [no messages in MyChat]",
  );
});

Deno.test("a small letter in a conversation is asked about once in a terminal; a script means the command", () => {
  const alice = mailbox().comesIn().happens(rooms("lobby"), users("alice", "bob")).types("CHAT bob");
  alice.screen.splice(0);
  alice.done.splice(0);
  alice.types("b").did().shows(
    "b",
    "--> ['b' means: go back to the menu; type it again for that, or send it as text by /to bob b]",
  );
  alice.types("/to bob b").did("say bob: b").types("b").did('ask "rooms"', 'ask "users"');
  const script = new ServerChat(SCRIPT_VIEW, MAILBOX_MODE).comesIn().types("CHAT bob", "e");
  script.did("leave");
});

Deno.test("a script reads one line per event, and nothing else", () => {
  const alice = new ServerChat(SCRIPT_VIEW);
  alice.comesIn("lab1").types("/list", "/rooms", "/history bob", "/join lab2", "/leave lab1", "/send").did(
    'ask "users"',
    'ask "rooms"',
    'ask "history" {"user":"bob"} 20',
    'ask "join" "lab2"',
    'ask "leave" "lab1"',
  );
  alice.screen.splice(0);
  const said = { seq: 1, from: "bob", to: { user: "alice" }, text: "line\r\nbreak", time: at("08:12:09", 8) };
  alice.happens(
    users("alice", "-bob"),
    {
      type: "rooms",
      rooms: [{ name: "lobby", members: 2, joined: true }, { name: "lab3", members: 1, joined: false }],
    },
    { type: "history", of: BOB, messages: [said, { ...said, from: "alice", text: "yes" }], more: true },
    { type: "joined", room: "lab2", members: 1 },
    { type: "left", room: "lab1" },
  ).shows(
    "alice (online)",
    "bob (offline)",
    "lobby 2 members, joined",
    "lab3 1 members",
    "08:12:09 bob: line break",
    "08:12:09 alice: yes",
    "joined lab2",
    "left lab1",
  );
  alice.hears("bob", { user: "alice" }, "hi\x1b[2J").hears("bob", LAB, "hello\nall").hears("alice", BOB, "from home")
    .hears("alice", LAB, "here too")
    .happens(
      { type: "sent", id: "r-1", to: BOB, time: NOW, seq: 1 },
      { type: "delivered", id: "r-1", to: "bob", time: NOW },
      { type: "failed", id: "r-2", to: LAB, why: "not\na member" },
      { type: "failed", id: "r-3", to: undefined, why: "too old" },
      { type: "online", name: "bob" },
      { type: "offline", name: "bob" },
      { type: "denied", why: "no such room" },
      { type: "closing" },
    ).shows(
      "from bob: hi␛[2J",
      "lab1 bob: hello all",
      "to bob: from home",
      "lab1 alice: here too",
      "sent r-1",
      "delivered bob r-1",
      "failed lab1 r-2: not a member",
      "failed - r-3: too old",
      "online bob",
      "offline bob",
      "err no such room",
      "err the server is stopping",
    );
});

Deno.test("a user chats: rooms and users are told apart, and what becomes of a message stands at its line", () => {
  chat().comesIn("lab1").did('ask "users"').happens(users("alice", "bob", "-carol"))
    .types("hello everyone").did("say #lobby: hello everyone")
    .happens({ type: "sent", id: "m1", to: LOBBY, time: NOW, seq: 1 })
    .hears("bob", LOBBY, "hello alice")
    .hears("bob", LAB, "over here")
    .hears("bob", { user: "alice" }, "psst", at("23:59:59", 8))
    .hears("alice", BOB, "from my other window")
    .types("/to bob", "what is it?").did("say bob: what is it?")
    .happens(
      { type: "sent", id: "m2", to: BOB, time: NOW, seq: 1 },
      { type: "delivered", id: "m2", to: "bob", time: NOW },
    )
    .hears("bob", LOBBY, "lunch?")
    .types("one").happens(
      { type: "sent", id: "m3", to: BOB, time: NOW, seq: 1 },
    ).types("two").happens(
      { type: "delivered", id: "m3", to: "bob", time: at("08:40:00") },
      { type: "delivered", id: "r-9", to: "carol", time: at("23:00:00", 8) },
      { type: "failed", id: "m4", to: BOB, why: "nobody came for it in 30 days" },
      { type: "offline", name: "bob" },
    )
    .shows(
      "-- you are alice, in lobby, lab1; /help lists the commands --",
      "08:33:46 you: hello everyone  ✓",
      "08:33:46 bob: hello alice",
      "08:33:46 [lab1] bob: over here",
      "2026-03-08 23:59:59 bob → you: psst",
      "08:33:46 you → bob: from my other window  ✓",
      "lobby> /to bob",
      "08:33:46 you → bob: what is it?  ✓✓",
      "08:33:46 [lobby] bob: lunch?",
      "08:33:46 you → bob: one  ✓✓ 08:40",
      "08:33:46 you → bob: two  ✗ not delivered (nobody came for it in 30 days)",
      "(away) ✓✓ carol (sent earlier or elsewhere)",
      "-- bob is offline --",
    );
});

Deno.test("a user asks for users, rooms and history", () => {
  const alice = chat().comesIn().happens(users("alice"));
  alice.shows("-- you are alice, in lobby; /help lists the commands --");
  alice.types("/list", "/rooms", "/history lab1 2", "/history bob").happens(
    users("alice", "bob", "-carol"),
    {
      type: "rooms",
      rooms: [{ name: "lobby", members: 2, joined: true }, { name: "lab3", members: 1, joined: false }],
    },
    {
      type: "history",
      of: { user: "lab1" },
      messages: [{ seq: 1, from: "bob", to: { user: "alice" }, text: "hi", time: at("08:00:00") }],
      more: true,
    },
    { type: "history", of: BOB, messages: [], more: false },
  ).shows(
    "lobby> /list",
    "lobby> /rooms",
    "lobby> /history lab1 2",
    "lobby> /history bob",
    "online: alice (you), bob",
    "offline: carol",
    "lobby  2 members, joined",
    "lab3  1 member",
    "-- the last 1 with lab1; more: /history lab1 2 --",
    "08:00:00 bob → you: hi",
    "-- no messages with bob --",
  );
});

Deno.test("text after /join goes to the room at once; after a denial the previous conversation is back", () => {
  const alice = chat().comesIn().happens(users("alice"));
  alice.did('ask "users"').types("/join lab1", "hi").did('ask "join" "lab1"', "say #lab1: hi");
  alice.happens({ type: "joined", room: "lab1", members: 3 }).screen.splice(0);
  alice.types("/join #bad", "/join worse", "/leave lobby").denies(
    "no room has such a name",
    "nor such a one",
    "nobody leaves the lobby",
  );
  assertEquals(alice.controller.state.here, LAB);
  alice.types("/leave lab1").happens({ type: "left", room: "lab1" });
  alice.shows(
    "lab1> /join #bad",
    "#bad> /join worse",
    "worse> /leave lobby",
    "no room has such a name",
    "nor such a one",
    "nobody leaves the lobby",
    "lab1> /leave lab1",
    "-- left lab1 --",
  );
  assertEquals(alice.controller.state.here, LOBBY);
});

Deno.test("the connection is lost: waiting messages are mentioned once, and never after the reconnect", () => {
  const alice = chat().comesIn().happens(users("alice")).types("one", "two");
  alice.screen.splice(0);
  alice.connection((it) => it.lost("reset by the server", 1500));
  alice.types("three", "/join lab1");
  alice.connection((it) => it.lost("", 0));
  alice.connection((it) => it.attempt());
  alice.connection((it) => it.attempt());
  alice.connection((it) => it.connected());
  assertEquals([alice.controller.waiting, alice.controller.prompt], [3, "lobby> "]);
  alice.happens({
    type: "loggedIn",
    name: "alice",
    rooms: ["lobby"],
    again: true,
    storeChanged: false,
    searches: true,
  });
  for (const id of ["m1", "m2", "m3"]) alice.happens({ type: "sent", id, to: LOBBY, time: NOW, seq: 1 });
  alice.shows(
    "-- connection lost (reset by the server), trying again in 2 s --",
    "-- 2 messages wait for the connection, and so will new ones --",
    "08:33:46 you: three  ✓",
    "lobby> /join lab1",
    "no connection at the moment; try again when it is back",
    "-- connecting .. connected --",
    "-- reconnected --",
    "(now) 08:33:46 you: one  ✓",
    "(now) 08:33:46 you: two  ✓",
  );
  assertEquals(alice.controller.waiting, 0);
  alice.connection((it) => it.lost("again", 200));
  alice.types("four").shows(
    "-- connection lost (again), trying again --",
    "08:33:46 you: four",
    "-- your last message waits for the connection, and so will new ones --",
  );
});

Deno.test("the server is away for long: each reason is shown once, and the stars start over with each attempt", () => {
  const alice = mailbox().comesIn().happens(rooms("lobby"), users("alice"));
  alice.screen.splice(0);
  alice.connection((it) => it.lost("nothing heard for 32 s", 900));
  for (
    const why of ["no answer within 15 s", "no answer within 15 s", "there is no network", "no answer within 15 s"]
  ) {
    for (let stars = 0; stars < 75; stars++) alice.connection((it) => it.attempt());
    alice.connection((it) => it.lost(why, 20_000));
  }
  alice.connection((it) => it.attempt());
  alice.connection((it) => it.connected());
  alice.happens(
    { type: "loggedIn", name: "alice", rooms: ["lobby"], again: true, storeChanged: false, searches: true },
    {
      type: "closing",
    },
  );
  alice.connection((it) => it.lost("bye", 0));
  alice.shows(
    "--> [connection lost (nothing heard for 32 s), trying again in 1 s]",
    "--> [still no connection (no answer within 15 s), trying again]",
    "--> [still no connection (there is no network), trying again]",
    "--> [still no connection (no answer within 15 s), trying again]",
    "--> [connecting to server]*[connected to server]",
    "--> [reconnected]",
    "--> [the server is stopping]",
    "--> [connection lost, trying again]",
  );
});

Deno.test("a silent server is mentioned once, if something waits for it and no other event comes", () => {
  const alice = chat().comesIn().happens(users("alice", "bob"));
  alice.screen.splice(0);
  const passes = (seconds: number) => {
    for (let second = 0; second < seconds; second++) alice.connection((it) => it.tick(alice.now += 1000));
  };
  passes(60);
  alice.types("one");
  passes(4);
  alice.hears("bob", LOBBY, "hello", NOW);
  passes(5);
  alice.shows("08:34:46 you: one", "08:33:46 bob: hello");
  passes(60);
  alice.shows("-- no answer from the server for 5 s; your messages wait --");
  alice.happens({ type: "sent", id: "m1", to: LOBBY, time: NOW, seq: 1 });
  passes(60);
  alice.types("two");
  alice.connection((it) => it.lost("", 0));
  passes(60);
  alice.shows(
    "(now) 08:34:46 you: one  ✓",
    "08:36:55 you: two",
    "-- connection lost, trying again --",
    "-- your last message waits for the connection, and so will new ones --",
  );
});

Deno.test("what goes to a user directly is marked, on both sides and only as long as it does", () => {
  const alice = chat().comesIn().happens(users("alice", "bob"));
  alice.screen.splice(0);
  const message = { seq: 0, from: "bob", to: { user: "alice" }, text: "psst", time: NOW, isDirect: true };
  alice.happens(
    { type: "direct", name: "bob", state: "on", words: { theirs: ["oak"], ours: ["elm"] } },
    { type: "message", message, own: false },
  ).types("/to bob hi", "hello").happens({ type: "delivered", id: "m1", to: "bob", time: NOW });
  alice.happens({ type: "direct", name: "bob", state: "off", why: "it was ended" }).types("/to bob again").shows(
    "-- connected with bob directly: private messages are encrypted and do not go through the server --",
    "-- if the server may lie, compare keys: bob oak, you elm --",
    "08:33:46 bob → you: psst (direct)",
    "08:33:46 you → bob: hi (direct)  ✓✓",
    "08:33:46 you: hello",
    "-- not connected with bob directly: it was ended; messages go through the server --",
    "08:33:46 you → bob: again",
  );
});

Deno.test("who joins a room and who leaves it is told in one line each, and many names are folded", () => {
  const joined = ["bob", "carol", "dave", "erin"];
  const alice = chat().comesIn().happens(
    { type: "membersChanged", room: "tea", joined: ["bob"], left: [] },
    { type: "membersChanged", room: "tea", joined: ["bob", "carol"], left: ["dave"] },
    { type: "membersChanged", room: "tea", joined, left: [...joined, "frank"] },
  );
  alice.shows(
    "-- you are alice, in lobby; /help lists the commands --",
    "-- bob joined tea --",
    "-- bob and carol joined tea --",
    "-- dave left tea --",
    "-- bob, carol, dave and 1 other joined tea --",
    "-- bob, carol, dave and 2 others left tea --",
  );
});

Deno.test("entering a conversation with an unknown user gives a warning, once all users are known", () => {
  const alice = mailbox().types("CHAT bbo").comesIn().happens(rooms("lobby"), users("alice", "-bob"));
  alice.screen.splice(0);
  alice.types("CHAT bob", "CHAT bbo").happens({ type: "online", name: "carol" }).types("CHAT carol").shows(
    "CHAT bob",
    "--> [you chat with 'bob']",
    RETURN,
    "CHAT bbo",
    "--> [you chat with 'bbo']",
    RETURN,
    '--> [no user called "bbo" is known; /list shows all known users]',
    "--> [carol is online]",
    "CHAT carol",
    "--> [you chat with 'carol']",
    RETURN,
  );
});

Deno.test("the connection is lost before the menu comes: one denial is shown", () => {
  const alice = mailbox().comesIn();
  alice.denies("rooms: not answered", "users: not answered").shows(
    "#####[you: alice]#####",
    "--> [rooms: not answered]",
  );
});

Deno.test("alice opens her mailbox: the screen of the handout", () => {
  const alice = mailbox();
  for (let stars = 0; stars < 3; stars++) alice.connection((it) => it.attempt());
  alice.connection((it) => it.connected());
  alice.comesIn().happens(rooms("lobby"), users("alice", "bob", "-carol"))
    .types("JOIN lobby").happens({ type: "joined", room: "lobby", members: 3 })
    .types("hello everyone").happens({ type: "sent", id: "m1", to: LOBBY, time: NOW, seq: 1 })
    .hears("bob", LOBBY, "hello alice");
  alice.shows(
    "--> [connecting to server]***[connected to server]",
    "#####[you: alice]#####",
    "--> [available group chats]",
    "1. lobby",
    "--> [available users]",
    "1. bob (online)",
    "2. carol (offline)",
    "--> [type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit]",
    "JOIN lobby",
    "#####[GROUP CHAT]#####",
    "--> [Access granted]",
    "--> [you joined 'lobby' group]",
    RETURN,
    "hello everyone",
    "--> [Message sent - 08:33:46]",
    ">> bob: hello alice",
  );
});

Deno.test("alice chats with bob, who receives later; messages of other conversations carry their names", () => {
  const alice = mailbox().comesIn().happens(rooms("lobby"), users("alice", "bob"));
  alice.screen.splice(0);
  alice.types("CHAT bob", "are you there?").happens({ type: "sent", id: "m1", to: BOB, time: NOW, seq: 1 })
    .hears("bob", LOBBY, "to all")
    .hears("bob", { user: "alice" }, "yes")
    .happens({ type: "delivered", id: "m1", to: "bob", time: at("08:33:50") })
    .types("good").happens({ type: "sent", id: "m2", to: BOB, time: NOW, seq: 1 })
    .types("B").happens(rooms("lobby"), users("alice", "bob"))
    .hears("bob", { user: "alice" }, "bye")
    .happens({ type: "delivered", id: "m2", to: "bob", time: at("09:00:00") }, { type: "offline", name: "bob" })
    .types("hello?", "e").did(
      ...[
        'ask "rooms"',
        'ask "users"',
        "say bob: are you there?",
        "say bob: good",
        'ask "rooms"',
        'ask "users"',
        "leave",
      ],
    );
  alice.shows(
    "CHAT bob",
    "--> [you chat with 'bob']",
    RETURN,
    "are you there?",
    "--> [Message sent - 08:33:46]",
    "--> [lobby] >> bob: to all",
    ">> bob: yes",
    "--> [Message received - 08:33:50]",
    "good",
    "--> [Message sent - 08:33:46]",
    "B",
    "--> [available group chats]",
    "1. lobby",
    "--> [available users]",
    "1. bob (online)",
    "--> [type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit]",
    "--> [bob] >> bob: bye",
    '--> [Message received by bob - 09:00:00 - "good"]',
    "--> [bob is offline]",
    "hello?",
    `--> ["hello?" was not sent, since you are in no conversation; type 'JOIN' + group name or ` +
      "'CHAT' + user name first, for example: JOIN lobby]",
    "e",
  );
});

Deno.test("alice was away: missed messages show their time, new ones do not", () => {
  const alice = mailbox().comesIn().happens(rooms("lobby"), users("alice", "bob")).types("CHAT bob");
  alice.screen.splice(0);
  alice.hears("bob", { user: "alice" }, "one", at("08:12:09")).hears("bob", { user: "alice" }, "two", at("22:00:00", 7))
    .hears("bob", LOBBY, "three", at("08:12:10")).hears("bob", { user: "alice" }, "four", at("08:34:00"))
    .happens({ type: "failed", id: "r-1", to: BOB, why: "nobody came for it" })
    .shows(
      ">> bob: one [08:12:09]",
      ">> bob: two [2026-03-07 22:00:00]",
      "--> [lobby] >> bob: three [08:12:10]",
      ">> bob: four",
      "--> [Message NOT delivered to 'bob': nobody came for it]",
    );
});

Deno.test("there is no server: the stars end, and the last line gives the reason", () => {
  const alice = mailbox();
  alice.connection((it) => it.attempt());
  alice.connection((it) => it.notConnected("no answer in 15 s"));
  alice.shows(
    "--> [connecting to server]*",
    "--> [couldn't connect to server]",
    "--> [no answer in 15 s]",
  );
  alice.connection((it) => it.connected());
  alice.connection((it) => it.notConnected("the name is taken"));
  alice.shows("--> [the name is taken]");
  const script = new ServerChat(SCRIPT_VIEW, MAILBOX_MODE);
  script.connection((it) => it.notConnected("no answer in 15 s"));
  script.shows("err couldn't connect to server: no answer in 15 s");
});

Deno.test("a script at the mailbox types words and commands, and reads plain lines", () => {
  new ServerChat(SCRIPT_VIEW, MAILBOX_MODE).comesIn().types("JOIN lobby", "hi", "B", "/to bob hi", "E")
    .happens({ type: "joined", room: "lobby", members: 2 }, rooms("lobby"), users("alice", "-bob"))
    .did('ask "join" "lobby"', "say #lobby: hi", 'ask "rooms"', 'ask "users"', "say bob: hi", "leave")
    .shows(
      ...["JOIN lobby", "hi", "B", "/to bob hi", "E"],
      ...["joined lobby", "lobby 3 members, joined", "alice (online)", "bob (offline)"],
    );
});

Deno.test("a server of the handout does not answer: nothing is counted as waiting", () => {
  const alice = chat().types("/list", "hi");
  assertEquals(alice.controller.waiting, 0);
  alice.comesIn().happens(users("alice")).types("hi");
  assertEquals(alice.controller.waiting, 1);
  alice.controller.handout();
  assertEquals(alice.types("hi").controller.waiting, 0);
});

Deno.test("commands, names and rooms are completed, but no name that could steer the terminal", () => {
  const alice = chat().comesIn("lab1").happens(
    users("alice", "bob", "-bobby", "b\x1b[2J", "b c"),
    rooms("lobby", "lab2"),
  );
  const complete = (before: string, style = CHAT_MODE) => completions(before, alice.controller.state, style);
  assertEquals(complete("/l"), ["/leave", "/list"]);
  assertEquals(complete("/to b"), ["bob", "bobby"]);
  assertEquals(complete("/join la"), ["lab1", "lab2"]);
  assertEquals(complete("/leave "), ["lab1", "lab2", "lobby"]);
  assertEquals(complete("/history l"), ["lab1", "lab2", "lobby"]);
  assertEquals(complete("/help hi"), ["history"]);
  assertEquals(complete("/help J", MAILBOX_MODE), ["JOIN"]);
  assertEquals(complete("/to bob b"), []);
  assertEquals(complete("JOIN la"), []);
  assertEquals(complete("JOIN la", MAILBOX_MODE), ["lab1", "lab2"]);
  assertEquals(complete("C", MAILBOX_MODE), ["CHAT"]);
});

Deno.test("help lists all commands or explains one; the mailbox's help has its words too", () => {
  const help = helpText(undefined, CHAT_MODE);
  assert(help.some((line) => line.includes("/history NAME|ROOM [N]")));
  assert(!help.some((line) => line.includes("JOIN GROUP")));
  assert(helpText(undefined, MAILBOX_MODE).some((line) => line.includes("JOIN GROUP")));
  assertEquals(helpText("/to", CHAT_MODE)[0], "/to NAME [TEXT]");
  assertEquals(helpText("constructor", CHAT_MODE)[0], "there is no command constructor; the commands are:");
  assertEquals(helpText("JOIN", MAILBOX_MODE), [
    "JOIN GROUP",
    "  enter a group; it is created if necessary; also J GROUP",
  ]);
  assertEquals(helpText("JOIN", CHAT_MODE)[0], "there is no command JOIN; the commands are:");
  assertEquals(helpText("join", MAILBOX_MODE)[0], "/join ROOM");
  const more = Object.keys(CHAT_COMMANDS).flatMap((name) => helpText(name, MAILBOX_MODE));
  for (const line of [...help, ...more]) assert(line.length <= 80, line);
});

Deno.test("a thousand sent messages are remembered", () => {
  const memory = new ChatState(CHAT_MODE);
  for (let i = 0; i <= 1000; i++) memory.sent(`${i}`, { to: LOBBY, text: `${i}` });
  assertEquals([memory.sentMessage("0"), memory.sentMessage("1")?.text], [undefined, "1"]);
  assertEquals([memory.isObvious("1000"), memory.isObvious("999")], [true, false]);
});

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\x1b[2J", "a\r\nb", "\u202e", "\u2028", "", " ", "日本", "__proto__"),
);
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ user: nasty }),
  fc.record({ room: nasty }),
);
const time = fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.constant(NOW));
const said = fc.record({ seq: fc.nat(), from: nasty, to: target, text: nasty, time });
const flag = fc.boolean();
const clientEvent: fc.Arbitrary<ClientEvent> = fc.oneof(
  fc.record({
    type: fc.constant("loggedIn" as const),
    name: nasty,
    rooms: fc.array(nasty),
    again: flag,
    storeChanged: flag,
    searches: flag,
  }),
  fc.record({ type: fc.constant("message" as const), message: said, own: flag }),
  fc.record({
    type: fc.constant("sent" as const),
    id: fc.constantFrom("m1", "m2", "?\n"),
    to: target,
    seq: fc.nat(),
    time,
  }),
  fc.record({ type: fc.constant("delivered" as const), id: fc.constantFrom("m1", "?\n"), to: nasty, time }),
  fc.record({
    type: fc.constant("failed" as const),
    id: fc.constantFrom("m1", "?\n"),
    to: fc.option(target, { nil: undefined }),
    why: nasty,
  }),
  fc.record({ type: fc.constantFrom("online" as const, "offline" as const), name: nasty }),
  fc.record({ type: fc.constant("users" as const), users: fc.array(fc.record({ name: nasty, online: flag })) }),
  fc.record({
    type: fc.constant("rooms" as const),
    rooms: fc.array(fc.record({ name: nasty, members: fc.nat(), joined: flag })),
  }),
  fc.record({ type: fc.constant("history" as const), of: target, messages: fc.array(said), more: flag }),
  fc.record({ type: fc.constant("joined" as const), room: nasty, members: fc.nat() }),
  fc.record({ type: fc.constant("left" as const), room: nasty }),
  fc.record({ type: fc.constant("denied" as const), why: nasty }),
  fc.record({ type: fc.constant("closing" as const) }),
);
const typedLine = fc.tuple(
  fc.constantFrom(
    "",
    "/",
    "//",
    "/to ",
    "/join ",
    "/history ",
    "/say ",
    "/help ",
    "JOIN ",
    "CHAT ",
    "R",
    "B",
    "/rooms",
  ),
  nasty,
).map((parts) => parts.join(""));

Deno.test("every line has an action, and every message has a receiver and a text", () => {
  const places = fc.constantFrom(PLACE, MENU);
  fc.assert(fc.property(typedLine, places, fc.constantFrom(chatAction, mailboxAction), (line, place, read) => {
    const action = read(line, place);
    if (action.type !== "say") return;
    assert(action.text.trim() !== "");
    const name = "user" in action.to ? action.to.user : action.to.room;
    assert(name.length > 0 && name.length <= 64 && !/\s/.test(name));
    if (sameTarget(action.to, place.here)) return;
    assert(line.startsWith("/"));
  }));
});

Deno.test("whatever others send and users type, each shown line is one line and cannot steer the terminal", () => {
  const step = fc.oneof(clientEvent, typedLine);
  const views: [string, () => ServerChat][] = [
    ["plain", () => new ServerChat(SCRIPT_VIEW, CHAT_MODE, true)],
    ["chat", chat],
    ["mailbox", mailbox],
  ];
  for (const [name, open] of views) {
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), nasty, (steps, why) => {
      const alice = open();
      for (const each of steps) {
        if (typeof each === "string") alice.type(each);
        else alice.happens(each);
        assertEquals(sanitized(alice.controller.prompt), alice.controller.prompt);
      }
      alice.connection((it) => it.attempt());
      alice.connection((it) => it.lost(why, 10));
      alice.connection((it) => it.notConnected(why));
      for (const line of alice.screen) assertEquals(line, sanitized(line), name);
    }));
  }
});

Deno.test("colours add nothing but colours", () => {
  const step = fc.oneof(clientEvent, typedLine);
  // deno-lint-ignore no-control-regex
  const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));
  for (const View of [ChatView, MailboxView]) {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const [grey, bright] = [false, true].map((colour) =>
          new ServerChat(new View({ colour }), View === MailboxView ? MAILBOX_MODE : CHAT_MODE)
        );
        for (const alice of [grey!, bright!]) {
          for (const each of steps) typeof each === "string" ? alice.type(each) : alice.happens(each);
        }
        assertEquals(plain(bright!.screen), grey!.screen);
      }),
      { examples: [[[{ type: "users", users: [{ name: "", online: true }] }]]] },
    );
  }
});

Deno.test("a script's line of any event has no line break", () => {
  fc.assert(fc.property(clientEvent, (each) => {
    for (const line of scriptLines(each)) assertEquals(line, sanitized(line));
  }));
});

Deno.test("a script pipes its name, its password and messages: no prompt, one line per event, one good bye", async () => {
  const { out, errors } = await runPiped(
    startPiped("chat", "chat", "prompt"),
    "alice\n12345\nhello\n/nonsense\n/join lab1\nhi\n",
  );
  assertEquals(out.split("\n"), [
    "from bob: name alice, password 12345",
    "sent m1",
    "joined lab1",
    "sent m2",
    "from bob: good bye",
    "",
  ]);
  assertEquals(errors.split("\n").map((line) => line.split(";")[0]), [
    "wrong at first",
    "the login waits: ␛[2J",
    "there is no command /nonsense",
    "",
  ]);
});

Deno.test("a script is faster than the server: of thirty thousand lines, never more than 256 wait", async () => {
  const count = 30_000;
  const lines = Array.from({ length: count }, (_, i) => `${i}\n`).join("");
  const { out } = await runPiped(
    startPiped("chat", "mailbox", "late"),
    `alice\n12345\nJOIN lobby\n${lines}E\nnever said\n`,
  );
  const shown = out.split("\n");
  assertEquals(shown.filter((line) => line.startsWith("sent ")).length, count);
  assertEquals(shown.slice(-2), [`from bob: good bye, at most 256 waited`, ""]);
});

Deno.test("/who lists the current room or a given one; outside of rooms it requires a name", () => {
  const here = (to: Target | undefined) => ({ here: to, rooms: new Set<string>(), now: NOW });
  assertEquals(chatAction("/who", here({ room: "lab1" })), { type: "ask", question: { type: "who", room: "lab1" } });
  assertEquals(chatAction("/who lab2", here(BOB)), { type: "ask", question: { type: "who", room: "lab2" } });
  const mistake = chatAction("/who", here(BOB));
  assert(mistake.type === "mistake" && mistake.why.includes("you are not in a room; name one"));
  const clientEvent: ClientEvent = { type: "inRoom", room: "lab1", users: [{ name: "bob", online: true }] };
  assertEquals(scriptLines(clientEvent), ["members lab1 bob"]);
  const alice = new ServerChat(new ChatView({ colour: false })).comesIn("lab1");
  alice.screen.splice(0);
  alice.happens(clientEvent).shows("-- in lab1: --", "online: bob");
});

Deno.test("the further lines of a text are indented, none of them can steer the terminal; a script gets one line", () => {
  const said = { seq: 1, from: "bob", to: { room: "lab1" }, text: "def f():\n  \x1b[2J\n\n  return 1", time: 0 };
  const message = { type: "message", message: said, own: false } as const;
  const state = new ChatState(CHAT_MODE);
  const [first, ...rest] = new ChatView({ colour: false }).event(message, state, 0);
  assertMatch(first!, /^\d\d:\d\d:\d\d \[lab1\] bob: def f\(\):$/);
  assertEquals(rest, ["      ␛[2J", "", "      return 1"]);
  const history = {
    type: "history",
    of: { room: "lab1" },
    messages: [{ ...said, edited: true }],
    more: false,
  } as const;
  assertEquals(new ChatView({ colour: false }).event(history, state, 0).at(-1), "      return 1 (edited)");
  assertEquals(scriptLines(message), ["lab1 bob: def f():   ␛[2J    return 1"]);
});

Deno.test("a reply begins with the message that it is to, as far as that is known", () => {
  const alice = new ServerChat(new ChatView({ colour: false })).comesIn("lab1");
  alice.hears("bob", { room: "lab1" }, "who has oven 2?\nI need it");
  alice.screen.splice(0);
  const reply = (seq: number, to: number) => {
    const message = { seq, from: "bob", to: { room: "lab1" }, text: "found", time: 0, reply: to };
    alice.happens({ type: "message", message, own: false });
    return alice.screen.splice(0).at(-1)!.replace(/^.*?bob: /, "");
  };
  assertEquals(reply(90, 1), '[to "who has oven 2? I need it"] found');
  assertEquals(reply(91, 80), "[to an earlier message] found");
});

Deno.test("a file offer in the history: users see the sentence, scripts the whole text", () => {
  const text = "offers slides.pdf (3.1 MB) <partyline-file:AAAA:BBBB:1:-:slides.pdf>";
  const said = { seq: 1, from: "alice", to: { user: "bob" }, text, time: 0 };
  const history = { type: "history", of: { user: "alice" }, messages: [said], more: false } as const;
  for (const [view, whole] of [[new ChatView({ colour: false }), false], [SCRIPT_VIEW, true]] as const) {
    const state = new ChatState(CHAT_MODE);
    const shown = view.event(history, state, 0).at(-1)!;
    assertEquals([shown.includes("offers slides.pdf (3.1 MB)"), shown.includes("<partyline")], [true, whole]);
  }
});

Deno.test("each file event is a line, and transfers under way share one growing line", () => {
  const thing = { n: 1, name: "sl\x1b[2Jides.pdf", bytes: 2_000_000, files: undefined };
  const folder = { n: 2, name: "tree", bytes: 10, files: 3 };
  const events: FileEvent[] = [
    { type: "offered", ...thing, from: "bob", unanswered: 1, to: { user: "alice" } },
    { type: "offered", ...folder, from: "bob", unanswered: 1, to: { room: "lab1" } },
    { type: "progress", ...thing, with: "bob", sends: false, done: 500_000, rate: 250_000 },
    { type: "route", ...thing, with: "bob", sends: false, relayed: true, sealed: true },
    { type: "paused", ...thing, with: "bob", sends: false, why: "bob is not there" },
    { type: "received", ...thing, from: "bob", path: "/downloads/slides.pdf" },
    { type: "fileSent", ...folder, to: "bob" },
    { type: "fileFailed", ...folder, with: "bob", why: "bob has refused it" },
    { type: "files", files: [{ ...folder, sends: true, with: "lab1", state: "offered" }] },
  ];
  const see = (terminal: boolean) => {
    const lines: string[] = [];
    const outputs = new Outputs<ScreenOutput>();
    const notices = new FileNotices(terminal ? new ChatView({ colour: false }) : SCRIPT_VIEW, outputs, terminal);
    for (const event of events) notices.event(event, true, NOW);
    for (const output of outputs.take()) {
      if (output.type === "drop") lines.push("drops");
      else if (output.type === "show") lines.push(output.line);
      else lines.push(output.type === "notice" ? `notice ${output.line}` : `grows ${output.text}`);
    }
    return lines;
  };
  const name = "sl\u241b[2Jides.pdf";
  assertEquals(see(true), [
    `-- 08:33:46 bob offers ${name} (2.0 MB): /accept 1 or /refuse 1 --`,
    "-- 08:33:46 [lab1] bob offers the folder tree (3 files, 10 bytes): /accept 2 or /refuse 2 --",
    `grows ${name} from bob [#####---------------] 25 % 500 kB of 2.0 MB  250 kB/s  6 s left`,
    `notice -- ${name} comes from bob through the chat, since no direct connection can be made; it is encrypted from end to end --`,
    "drops",
    `notice -- ${name} is interrupted: bob is not there; it will resume by itself --`,
    `-- received ${name} as /downloads/slides.pdf --`,
    "-- bob received the folder tree --",
    "the folder tree (number 2): bob has refused it",
    "  2  to lab1: the folder tree (3 files, 10 bytes), offered",
  ]);
  const plain = see(false).filter((line) => !/^(grows|drops|notice)/.test(line));
  assertEquals(plain, [
    `file 1 from bob: ${name} (2.0 MB)`,
    "file 2 from bob: tree (3 files, 10 bytes)",
    "file 1 received: /downloads/slides.pdf",
    "file 2 sent",
    "file 2 failed: bob has refused it",
    "2  to lab1: the folder tree (3 files, 10 bytes), offered",
  ]);
});

Deno.test("a room that is entered shows its members and its last messages; a new one, and one that the user is in, do not", () => {
  const alice = chat().comesIn("lab1").happens(users("alice"));
  alice.did('ask "users"');
  alice.types("/join lab2").happens({ type: "joined", room: "lab2", members: 3 });
  alice.did('ask "join" "lab2"', 'ask "who" "lab2"', 'ask "history" {"room":"lab2"} 10');
  alice.types("/join new").happens({ type: "joined", room: "new", members: 1 }).did('ask "join" "new"');
  alice.types("/join lab1").happens({ type: "joined", room: "lab1", members: 3 }).did('ask "join" "lab1"');
  // Another device has entered it.
  alice.happens({ type: "joined", room: "lab3", members: 3 }).did();
  const script = new ServerChat(SCRIPT_VIEW).comesIn().types("/join lab2");
  script.happens({ type: "joined", room: "lab2", members: 3 }).did('ask "join" "lab2"');
});

Deno.test("a file for a user who is not known, or for a room that one is not in, is refused at once", () => {
  const alice = chat().comesIn().happens(users("alice", "bob"), rooms("lobby"), {
    type: "rooms",
    rooms: [{ name: "lab7", members: 2, joined: false }],
  });
  alice.screen.splice(0);
  alice.types("/send nobody x.txt", "/send lab7 x.txt").shows(
    "lobby> /send nobody x.txt",
    'nothing is offered: no user called "nobody" is known; /list shows all known users',
    "lobby> /send lab7 x.txt",
    "nothing is offered: you are not in lab7; /join lab7 first",
  );
});

Deno.test("an offer is one line: it is there when the message that carries it is, and says who received the file", () => {
  const alice = chat().comesIn().happens(users("alice", "bob"));
  alice.screen.splice(0);
  const offer = { n: 3, name: "slides.pdf", bytes: 2_000_000, files: undefined, skipped: 0 };
  const { controller } = alice;
  const file = (event: FileEvent, now = NOW) => (controller.file(event, now), alice.drain());
  file({ type: "offering", ...offer, to: BOB });
  controller.offerSent("o1", BOB, "[file]");
  alice.happens({ type: "sent", id: "o1", to: BOB }, { type: "delivered", id: "o1", to: "bob" });
  alice.hears("bob", LOBBY, "thanks");
  file({ type: "fileSent", ...offer, to: "bob" }, at("08:40:00"));
  alice.shows(
    "08:33:46 you → bob: offers slides.pdf (2.0 MB) as number 3  ✓✓ received 08:40",
    "08:33:46 bob: thanks",
  );
  const room = { ...offer, n: 4 };
  file({ type: "offering", ...room, to: LAB });
  controller.offerSent("o2", LAB, "[file]");
  file({ type: "fileSent", ...room, to: "bob" });
  file({ type: "fileSent", ...room, to: "carol" });
  alice.shows("08:33:46 [lab1] you: offers slides.pdf (2.0 MB) as number 4  ✓✓ received by bob, carol");
});

Deno.test("what bob receives marks what was said to him on another device, and only up to there", () => {
  const alice = chat().comesIn().happens(users("alice", "bob"));
  alice.screen.splice(0);
  alice.hears("alice", BOB, "one").hears("alice", BOB, "two").hears("alice", { user: "carol" }, "three");
  alice.happens({ type: "received", by: "bob", upTo: 1 });
  alice.shows("08:33:46 you → bob: one  ✓✓", "08:33:46 you → bob: two  ✓", "08:33:46 you → carol: three  ✓");
});

Deno.test("where the password cannot be changed, /passwd shows the server's reason and asks for none", () => {
  const alice = new ServerChat(new ChatView({ colour: false }));
  alice.happens({
    ...{ type: "loggedIn", name: "alice", rooms: ["lobby"], again: false, storeChanged: false, searches: true },
    fixedPassword: true,
  });
  alice.screen.splice(0);
  alice.done.splice(0);
  alice.types("/passwd").denies("alice has no account here");
  alice.did('ask "passwd" "" ""').shows("lobby> /passwd", "alice has no account here");
});
