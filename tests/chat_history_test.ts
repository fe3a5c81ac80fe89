import { assertEquals } from "@std/assert";
import type { Target } from "../lib/chat/entry.ts";
import type { ConversationView } from "../lib/chat/event.ts";
import type { ClientEvent, ShownMessage } from "../lib/protocols/native/client_event.ts";
import { CHAT_MODE } from "../lib/terminal/chat_commands.ts";
import { ChatView } from "../lib/terminal/chat_view.ts";
import type { ChatAction, ChatQuestion, CommandContext } from "../lib/terminal/commands.ts";
import { helpText } from "../lib/terminal/help.ts";
import { MAILBOX_MODE } from "../lib/terminal/mailbox_commands.ts";
import { MailboxView } from "../lib/terminal/mailbox_view.ts";
import { SCRIPT_VIEW } from "../lib/terminal/script_view.ts";
import { UnreadMessages } from "../lib/terminal/unread.ts";
import type { View } from "../lib/terminal/view.ts";
import { at, ChatTranscript } from "./support/chat_transcript.ts";

const NOW = at("08:33:46");
const BOB = { user: "bob" };
const LAB = { room: "lab1" };
const LOBBY = { room: "lobby" };
const PLACE: CommandContext = { here: LOBBY, rooms: new Set(["lobby", "lab1"]), now: NOW };

/** The chat of alice, who finds her conversations as the server tells them. */
class LateChat extends ChatTranscript<ChatQuestion, ClientEvent> {
  constructor(view: View<ClientEvent> = new ChatView({ colour: false }), mode = CHAT_MODE) {
    super(view, mode, view !== SCRIPT_VIEW, NOW);
    const rooms = ["lobby", "lab1"];
    this.happens(
      { type: "loggedIn", name: "alice", rooms, again: false, storeChanged: true, searches: true },
      { type: "users", users: ["alice", "bob"].map((name) => ({ name, online: true })) },
    );
    this.screen.splice(0);
    this.done.splice(0);
  }

  finds(...list: ConversationView[]): this {
    return this.happens({ type: "conversations", list });
  }

  hears(seq: number, from: string, to: Target, text: string): this {
    return this.happens({ type: "message", message: said(seq, from, to, text, this.now), own: from === "alice" });
  }

  /** The server answers the `back` last of the questions for history. */
  remembers(messages: readonly ShownMessage[], more = false, back = 1): this {
    const question = this.questions.at(-back)!;
    if (question.type !== "history") throw new Error(`${question.type} was asked`);
    return this.happens({ type: "history", of: question.of, messages, more, question });
  }

  /** A second after second passes. */
  waits(seconds: number): this {
    for (let second = 0; second < seconds; second++) this.controller.tick(this.now += 1000);
    this.drain();
    return this;
  }

  marked(...read: string[]): this {
    assertEquals(this.read.splice(0), read);
    return this;
  }
}

function said(seq: number, from: string, to: Target, text: string, time = NOW): ShownMessage {
  return { seq, from, to, text, time };
}

function state(of: Target, last: number, unread = 0, read = last - unread, received = 0): ConversationView {
  return { of, last, time: NOW, read, unread, received };
}

const fromBob = (seq: number, text = `number ${seq}`) => said(seq, "bob", { user: "alice" }, text);
const toBob = (seq: number, text = `number ${seq}`) => said(seq, "alice", BOB, text);

Deno.test("search, edit and withdraw are parsed; a mistake names the rule", () => {
  const search = (given: Record<string, unknown>): ChatAction<ChatQuestion> => ({
    type: "ask",
    question: { type: "search", limit: 20, ...given } as ChatQuestion,
  });
  const actions: [string, ChatAction<ChatQuestion>][] = [
    ["/search lunch", search({ words: "lunch" })],
    ["/search  in:lab1 lunch from:bob  at noon", search({ words: "lunch at noon", from: "bob", of: LAB })],
    ["/search lunch in:bob", search({ words: "lunch", of: BOB })],
    ["/search http://x:80 of:y", search({ words: "http://x:80 of:y" })],
    [
      "/search lunch after:2026-03-01 before:09:30",
      search({ words: "lunch", since: at("00:00:00", 1), until: at("09:30:00") }),
    ],
    ["/edit see you at 4", { type: "amend", to: LOBBY, nth: 1, text: "see you at 4" }],
    ["/edit 2 see you", { type: "amend", to: LOBBY, nth: 2, text: "see you" }],
    ["/edit 1 2 of us", { type: "amend", to: LOBBY, nth: 1, text: "2 of us" }],
    ["/withdraw", { type: "amend", to: LOBBY, nth: 1, text: undefined }],
    ["/withdraw 3 ", { type: "amend", to: LOBBY, nth: 3, text: undefined }],
    ["/versions", { type: "versions", in: LOBBY, nth: 1, from: undefined }],
    ["/versions 2", { type: "versions", in: LOBBY, nth: 2, from: undefined }],
    ["/versions bob", { type: "versions", in: LOBBY, nth: 1, from: "bob" }],
    ["/versions bob 3", { type: "versions", in: LOBBY, nth: 3, from: "bob" }],
  ];
  for (const mode of [CHAT_MODE, MAILBOX_MODE]) {
    for (const [line, action] of actions) assertEquals(mode.parse(line, PLACE), action, line);
  }
  const mistakes: [string, string][] = [
    ["/search", "a word to search for is missing"],
    ["/search from:bob", "a word to search for is missing"],
    ["/search x from:", "a value is missing after from:"],
    ["/search x in:a in:b", "in: is given twice"],
    ["/search x before:2026-02-30", "before: takes a day such as 2026-03-01 or a time of today such as 14:30, not"],
    ["/search x after:24:00", "after: takes a day such as 2026-03-01 or a time of today such as 14:30, not 24:00"],
    ["/edit", "TEXT is missing"],
    ["/edit 42", "TEXT is missing after N"],
    ["/withdraw 0", "N must be a whole number from 1 to 1000"],
    ["/versions 0", "N must be a whole number from 1 to 1000"],
    ["/versions 1 2", "N must be a whole number from 1 to 1000"],
    ["/versions bob x", "N must be a whole number from 1 to 1000"],
    ["/withdraw 1 2", "N must be a whole number from 1 to 1000"],
  ];
  for (const [line, why] of mistakes) {
    const action = CHAT_MODE.parse(line, PLACE);
    assertEquals(
      action.type === "mistake" && action.why.includes(`: ${why}`),
      true,
      `${line}: ${JSON.stringify(action)}`,
    );
  }
  const nowhere = CHAT_MODE.parse("/withdraw", { ...PLACE, here: undefined });
  assertEquals(nowhere.type === "mistake" && nowhere.why.includes("you are in no conversation"), true);
  for (const command of ["search", "edit", "withdraw", "versions"]) {
    assertEquals(helpText(command, CHAT_MODE).at(-1)!.startsWith(`  Example: /${command}`), true);
  }
});

Deno.test("a hit of a search is shown with the lines before and after it, below its conversation", () => {
  const alice = new LateChat().finds().types("/search lunch");
  const found = [said(9, "bob", LOBBY, "lunch?"), fromBob(5, "lunch!")];
  const question = alice.questions.at(-1)! as Extract<ChatQuestion, { type: "search" }>;
  alice.happens({ type: "found", question, messages: found, more: false });
  alice.did(
    'ask "search" "lunch" 20',
    'ask "history" {"user":"bob"} 1 5',
    'ask "history" {"user":"bob"} 1 5',
    'ask "history" {"room":"lobby"} 1 9',
    'ask "history" {"room":"lobby"} 1 9',
  );
  alice.remembers([toBob(4, "hungry?")], true, 4).remembers([], false, 3).remembers(
    [said(7, "carol", LOBBY, "hi")],
    true,
    2,
  )
    .shows("lobby> /search lunch");
  alice.happens({ type: "denied", why: "too slow", question: alice.questions.at(-1) }).shows(
    '-- 2 hits for "lunch" --',
    "-- with bob --",
    "  08:33:46 you: hungry?",
    "> 08:33:46 bob: lunch!",
    "-- in lobby --",
    "  08:33:46 carol: hi",
    "> 08:33:46 bob: lunch?",
  );
  alice.types("/search dinner").happens({
    type: "found",
    question: alice.questions.at(-1)! as typeof question,
    messages: [],
    more: false,
  }).shows("lobby> /search dinner", '-- nothing found for "dinner" --');
  alice.types("/search x").happens({ type: "denied", why: "nothing can be searched", question: alice.questions.at(-1) })
    .shows("lobby> /search x", "nothing can be searched");
});

Deno.test("a script reads one line a hit, the oldest first; so does a search in the mailbox, with its surroundings", () => {
  const script = new LateChat(SCRIPT_VIEW).finds().types("/search lunch");
  const question = script.questions.at(-1)! as Extract<ChatQuestion, { type: "search" }>;
  const found: ClientEvent = {
    type: "found",
    question,
    messages: [said(9, "bob", LOBBY, "lunch?"), fromBob(5)],
    more: true,
  };
  script.happens(found).shows(
    "/search lunch",
    "found 2026-03-09 08:33:46 to alice bob: number 5",
    "found 2026-03-09 08:33:46 lobby bob: lunch?",
  );
  const mailbox = new LateChat(new MailboxView({ colour: false }), MAILBOX_MODE).finds().types("/search lunch");
  mailbox.happens({ ...found, question: mailbox.questions.at(-1)! as typeof question, messages: [fromBob(5)] });
  mailbox.remembers([toBob(4)], true, 2).remembers([toBob(6)]).shows(
    "/search lunch",
    '--> [the last 1 hits for "lunch"; for older ones, add before:DATE]',
    "--> [bob]",
    "   >> alice: number 4 [08:33:46]",
    ">> bob: number 5 [08:33:46]",
    "   >> alice: number 6 [08:33:46]",
  );
});

Deno.test("history marks own messages, older ones too, and numbers them in the open conversation", () => {
  const alice = new LateChat().finds(state(BOB, 9, 0, 9, 4)).types("/to bob", "/history bob");
  alice.happens({ type: "received", by: "bob", upTo: 6 });
  const page: ShownMessage[] = [
    toBob(3),
    fromBob(4),
    { ...toBob(5), edited: true },
    { ...toBob(6), withdrawn: true, text: "" },
    { ...toBob(7), failed: "nobody came for it" },
    toBob(8),
  ];
  alice.remembers(page).shows(
    "lobby> /to bob",
    "→ bob> /history bob",
    "-- the last 6 with bob --",
    "08:33:46 you → bob: number 3  ✓✓ #4",
    "08:33:46 bob → you: number 4",
    "08:33:46 you → bob: number 5 (edited)  ✓✓ #3",
    "08:33:46 you → bob: (withdrawn)",
    "08:33:46 you → bob: number 7  ✗ nobody came for it #2",
    "08:33:46 you → bob: number 8  ✓ #1",
  );
  alice.types("/join lobby").happens({ type: "joined", room: "lobby", members: 2 }).types("/history bob");
  alice.screen.splice(0);
  alice.remembers([toBob(8)]).shows("-- the last 1 with bob --", "08:33:46 you → bob: number 8  ✓");
  const mailbox = new LateChat(new MailboxView({ colour: false }), MAILBOX_MODE).finds(state(BOB, 9, 0, 9, 6));
  mailbox.types("CHAT bob", "/history bob").screen.splice(0);
  mailbox.remembers(page).shows(
    "--> [the last 6 with bob]",
    ">> alice: number 3 [08:33:46, received, #4]",
    ">> bob: number 4 [08:33:46]",
    ">> alice: number 5 (edited) [08:33:46, received, #3]",
    ">> alice: (withdrawn) [08:33:46]",
    ">> alice: number 7 [08:33:46, NOT delivered: nobody came for it, #2]",
    ">> alice: number 8 [08:33:46, sent, #1]",
  );
});

Deno.test("an own message is edited or withdrawn by its number, which the server is asked for", () => {
  const alice = new LateChat().finds().types("/to bob", "/edit better");
  alice.did('ask "history" {"user":"bob"} 250').remembers([toBob(3), { ...toBob(5), withdrawn: true }, fromBob(6)]);
  alice.did("edit 3: better");
  alice.happens({ type: "edited", of: 3, from: "alice", to: BOB, text: "better", time: NOW, own: true });
  alice.types("/withdraw 2").remembers([toBob(8), fromBob(9)], true).did(
    'ask "history" {"user":"bob"} 250',
    'ask "history" {"user":"bob"} 250 8',
  );
  alice.remembers([toBob(3, "better")]).did("withdraw 3");
  alice.happens({ type: "withdrawn", of: 3, from: "alice", to: BOB, own: true });
  alice.types("/edit 3 x").remembers([toBob(8)]).did('ask "history" {"user":"bob"} 250');
  alice.shows(
    "lobby> /to bob",
    "→ bob> /edit better",
    '✓ edited: "number 3" is now "better"',
    "→ bob> /withdraw 2",
    '✓ withdrawn: "better"',
    "→ bob> /edit 3 x",
    "nothing is changed: you have sent only 1 to bob",
  );
});

Deno.test("the texts that a message had are shown: of an own one by its number, of another user's by the name", () => {
  const alice = new LateChat().finds().types("/to bob", "/versions 2");
  alice.did('ask "history" {"user":"bob"} 250').remembers([toBob(3), fromBob(4), toBob(5)]).did('ask "versions" 3');
  const texts = [{ text: "see you at 3", time: NOW - 60_000 }, { text: "see you at 4", time: NOW }];
  alice.happens({ type: "versions", of: 3, texts });
  alice.types("/versions bob").remembers([toBob(3), fromBob(4)]).did(
    'ask "history" {"user":"bob"} 250',
    'ask "versions" 4',
  );
  alice.happens({ type: "versions", of: 4, texts: [{ text: "fine", time: NOW }] });
  alice.types("/versions bob 2").remembers([toBob(3), fromBob(4)]).did('ask "history" {"user":"bob"} 250');
  alice.shows(
    "lobby> /to bob",
    "→ bob> /versions 2",
    "-- 2 texts, the first one first: --",
    "08:32:46 see you at 3",
    "08:33:46 see you at 4",
    "→ bob> /versions bob",
    "-- it was not edited: --",
    "08:33:46 fine",
    "→ bob> /versions bob 2",
    "nothing is shown: bob has sent only 1 to you",
  );
  const script = new LateChat(SCRIPT_VIEW).finds().types("/versions").remembers([said(7, "alice", LOBBY, "x")]);
  script.screen.splice(0);
  const question = script.questions.at(-1)!;
  script.happens({ type: "denied", why: "there is no message 7 that you can see", question });
  script.shows("err there is no message 7 that you can see");
  script.types("/versions").remembers([said(7, "alice", LOBBY, "x")]).happens({ type: "versions", of: 7, texts });
  assertEquals(script.screen.splice(0).slice(1).map((line) => line.replace(/\d+-\d\d-\d\d \d\d:\d\d:\d\d/, "TIME")), [
    "version 7 TIME: see you at 3",
    "version 7 TIME: see you at 4",
  ]);
});

Deno.test("a message is edited once the server has it, and not at all when the connection is lost before", () => {
  const alice = new LateChat(SCRIPT_VIEW).finds().types("hi", "/edit ho");
  assertEquals(alice.controller.isAmending, true);
  alice.did("say #lobby: hi").happens({ type: "sent", id: "m1", to: LOBBY, seq: 4, time: NOW });
  alice.did('ask "history" {"room":"lobby"} 250').remembers([said(4, "alice", LOBBY, "hi")]).did("edit 4: ho");
  assertEquals(alice.controller.isAmending, true);
  alice.happens({ type: "edited", of: 4, from: "alice", to: LOBBY, text: "ho", time: NOW, own: true });
  assertEquals(alice.controller.isAmending, false);
  alice.types("again", "/edit never");
  alice.screen.splice(0);
  alice.controller.lost("gone", 0);
  alice.drain();
  assertEquals(alice.screen.splice(0).at(-1), "err nothing is changed: the connection was lost");
  alice.types("/withdraw").shows("/withdraw", "err no connection at the moment; try again when it is back");
  assertEquals(alice.controller.isAmending, false);
});

Deno.test("a change that the server or the client refuses is an error, and the next one is possible", () => {
  const alice = new LateChat().finds().types("/withdraw");
  alice.happens({ type: "denied", why: "the connection was lost", question: alice.questions.at(-1) });
  alice.types("/edit x");
  alice.screen.splice(0);
  alice.remembers([]).shows("nothing is changed: you have sent no message in lobby");
  alice.types("/edit x").remembers([said(3, "alice", LOBBY, "y")]).screen.splice(0);
  alice.controller.amendAnswered({ why: "too long" });
  alice.drain();
  alice.shows("nothing is changed: too long");
  alice.types("/edit x").remembers([said(3, "alice", LOBBY, "y")]).happens({ type: "denied", why: "it was withdrawn" });
  assertEquals(alice.controller.isAmending, false);
});

Deno.test("what others edit and withdraw is shown with what it was, wherever that is known", () => {
  const alice = new LateChat().finds();
  alice.hears(3, "bob", LOBBY, "lunhc?").hears(4, "bob", LAB, "over here").hears(5, "bob", { user: "alice" }, "psst");
  alice.screen.splice(0);
  const edited = (of: number, to: Target, text: string): ClientEvent => ({
    type: "edited",
    of,
    from: "bob",
    to,
    text,
    time: NOW,
    own: false,
  });
  const events: ClientEvent[] = [
    edited(3, LOBBY, "lunch?"),
    edited(3, LOBBY, "dinner?"),
    edited(4, LAB, "there"),
    edited(5, { user: "alice" }, "hey"),
    edited(1, LOBBY, "older"),
    { type: "withdrawn", of: 3, from: "bob", to: LOBBY, own: false },
    { type: "withdrawn", of: 2, from: "bob", to: LAB, own: false },
  ];
  alice.happens(...events).shows(
    '08:33:46 bob edited "lunhc?": lunch?',
    '08:33:46 bob edited "lunch?": dinner?',
    '08:33:46 [lab1] bob edited "over here": there',
    '08:33:46 bob → you edited "psst": hey',
    "08:33:46 bob edited an earlier message: older",
    '08:33:46 bob withdrew "dinner?"',
    "08:33:46 [lab1] bob withdrew an earlier message",
  );
  const mailbox = new LateChat(new MailboxView({ colour: false }), MAILBOX_MODE).finds().types("JOIN lobby");
  mailbox.happens({ type: "joined", room: "lobby", members: 2 }).hears(3, "bob", LOBBY, "lunhc?").screen.splice(0);
  mailbox.happens(edited(3, LOBBY, "lunch?"), events.at(-1)!).shows(
    '>> bob edited "lunhc?": lunch?',
    "--> [lab1] >> bob withdrew an earlier message",
  );
});

Deno.test("the prompt counts what was never shown here, and another device that reads lowers the count", () => {
  const alice = new LateChat().hears(11, "bob", { user: "alice" }, "missed").hears(12, "bob", LAB, "also");
  alice.finds(state(LAB, 12, 4), state(BOB, 11, 3, 7), state({ user: "carol" }, 5));
  const prompt = () => alice.controller.prompt;
  assertEquals(prompt(), "lobby (lab1 3, bob 2)> ");
  alice.hears(13, "bob", { user: "alice" }, "more");
  assertEquals(prompt(), "lobby (bob 2, lab1 3)> ");
  alice.happens({ type: "read", of: LAB, upTo: 12 }, { type: "read", of: BOB, upTo: 11 });
  assertEquals(prompt(), "lobby> ");
  alice.happens({
    type: "loggedIn",
    name: "alice",
    rooms: ["lobby"],
    again: true,
    storeChanged: false,
    searches: true,
  });
  alice.finds(state(BOB, 13, 1, 11), state(LAB, 30, 18));
  assertEquals(prompt(), "lobby (lab1 18)> ");
  alice.happens({ type: "loggedIn", name: "alice", rooms: ["lobby"], again: true, storeChanged: true, searches: true });
  alice.finds();
  assertEquals(prompt(), "lobby> ");
});

Deno.test("an opened conversation shows what was never on this screen, with a line above the new, and is read then", () => {
  const alice = new LateChat().finds(state(BOB, 9, 2, 6), state(LAB, 8, 0)).types("/to bob").waits(2).marked();
  alice.did('ask "history" {"user":"bob"} 4').remembers([fromBob(5), toBob(7), fromBob(8), fromBob(9)], true);
  alice.waits(2).marked("bob 9").shows(
    "lobby (bob 2)> /to bob",
    "-- the last 4 with bob; more: /history bob 8 --",
    "08:33:46 bob → you: number 5",
    "08:33:46 you → bob: number 7  ✓ #1",
    "-- new --",
    "08:33:46 bob → you: number 8",
    "08:33:46 bob → you: number 9",
  );
  // Another conversation is opened before the answer comes.
  const busy = new LateChat().finds(state(BOB, 9, 2), state(LAB, 12, 1)).types("/to bob", "/join lab1");
  busy.did('ask "history" {"user":"bob"} 4', 'ask "join" "lab1"').remembers([fromBob(9)], true, 2);
  busy.did('ask "history" {"room":"lab1"} 3').remembers([said(12, "bob", LAB, "hi")], true).waits(1).marked("#lab1 12");
  assertEquals(busy.controller.prompt, "lab1 (bob 2)> ");
  // What is on the screen already is not shown again.
  alice.hears(10, "bob", LAB, "over here").types("/join lab1").did('ask "join" "lab1"').waits(1).marked("#lab1 10");
});

Deno.test("the lobby is open at login: what is unread there is shown, once the server has told it", () => {
  new LateChat().hears(9, "bob", LOBBY, "hi").waits(3).marked().finds(state(LOBBY, 9, 3, 5))
    .did('ask "history" {"room":"lobby"} 4').remembers([]).waits(1).marked("#lobby 9");
});

Deno.test("messages are read in the open conversation of an attended terminal: once a second, and on leaving it", () => {
  const alice = new LateChat().finds().hears(3, "bob", LOBBY, "one").hears(4, "bob", LOBBY, "two").marked();
  alice.waits(1).marked("#lobby 4").waits(5).marked();
  alice.hears(5, "bob", LOBBY, "three").types("/to bob").marked("#lobby 5");
  alice.hears(6, "bob", LOBBY, "four").hears(7, "bob", { user: "alice" }, "five").waits(1).marked("bob 7");
  alice.controller.lost("gone", 1000);
  alice.hears(8, "bob", { user: "alice" }, "six").waits(3).marked();
  alice.hears(9, "bob", { user: "alice" }, "seven");
  alice.happens({ type: "loggedIn", name: "alice", rooms: [], again: true, storeChanged: false, searches: true });
  alice.waits(1).marked().finds(state(BOB, 9, 2, 7)).types("/exit").marked("bob 9");
});

Deno.test("nobody is at the terminal: what comes stays unread below a line, until a key is pressed", () => {
  const alice = new LateChat().finds().waits(200).hears(3, "bob", LOBBY, "one").hears(4, "bob", LOBBY, "two").waits(5);
  alice.marked().shows("-- new --", "08:37:06 bob: one", "08:37:06 bob: two");
  alice.controller.key(alice.now);
  alice.waits(1).marked("#lobby 4").hears(5, "bob", LOBBY, "three").waits(1).marked("#lobby 5");
  assertEquals(alice.screen.splice(0).length, 1);
});

Deno.test("messages from before the login are below a line; a script and the mailbox have no such line", () => {
  const missed: ClientEvent = { type: "message", message: said(3, "bob", LOBBY, "one", NOW - 1000), own: false };
  new LateChat().finds().happens(missed, missed).shows("-- new --", "08:33:45 bob: one", "08:33:45 bob: one");
  new LateChat(SCRIPT_VIEW).finds().happens(missed).shows("lobby bob: one");
  const mailbox = new LateChat(new MailboxView({ colour: false }), MAILBOX_MODE).finds().happens(missed);
  assertEquals(mailbox.screen.splice(0).at(-1), "--> [lobby] >> bob: one [08:33:45]");
});

Deno.test("a script marks nothing as read", () => {
  new LateChat(SCRIPT_VIEW).finds(state(BOB, 9, 3)).hears(10, "bob", LOBBY, "one").types("/to bob").waits(3).marked()
    .did();
});

Deno.test("partial reading elsewhere keeps what may be unread; nothing is counted twice in any order", () => {
  const counts = (unread: UnreadMessages) => unread.counts(undefined).map(({ name, count }) => `${name} ${count}`);
  const unread = new UnreadMessages();
  unread.told(state(BOB, 20, 5, 10));
  unread.read(BOB, 15);
  assertEquals(counts(unread), ["bob 5"]);
  unread.message(BOB, 21);
  assertEquals(counts(unread), ["bob 5"]);
  unread.read(BOB, 20);
  assertEquals(counts(unread), []);
  unread.told(state(BOB, 21, 1, 20));
  assertEquals(counts(unread), []);
  unread.message(BOB, 19);
  assertEquals([counts(unread), unread.readHere(BOB), unread.readHere(BOB)], [[], 21, undefined]);
  assertEquals(counts(unread), []);
  unread.told(state(BOB, 30, 2, 25));
  assertEquals(counts(unread), ["bob 2"]);
  unread.message(BOB, 30);
  assertEquals(counts(unread), ["bob 1"]);
});

Deno.test("a message that offers a file, and is shown as one, is not counted as never shown after a reconnect", () => {
  const alice = new LateChat().finds().hears(11, "bob", { user: "alice" }, "have a look");
  alice.controller.offered(
    { type: "message", message: said(12, "bob", { user: "alice" }, "an offer"), own: false },
    NOW,
  );
  alice.finds(state(BOB, 12, 2));
  assertEquals(alice.controller.prompt, "lobby> ");
});

Deno.test("a message that is withdrawn is unread no more, whether it was shown or only counted by the server", () => {
  const alice = new LateChat().hears(11, "bob", { user: "alice" }, "missed").finds(state(BOB, 11, 3, 7));
  const withdraws = (of: number) =>
    alice.happens({ type: "withdrawn", of, from: "bob", to: { user: "alice" }, own: false });
  const prompts = [11, 9, 5].map((of) => (withdraws(of), alice.controller.prompt));
  assertEquals(prompts, ["lobby (bob 2)> ", "lobby (bob 1)> ", "lobby (bob 1)> "]);
});
