import { openChatTerminal } from "../../lib/terminal/chat_terminal.ts";

// A small client without a server, for chat_terminal_test.ts. bob reports its actions; `late` answers in a later task.
const [style, how] = Deno.args;
let id = 0;
let name = "";
let waiting = 0;
let most = 0;

const answer = (reply: () => void) => how === "late" ? setTimeout(reply) : queueMicrotask(reply);

function bob(text: string): void {
  const said = { seq: 1, from: "bob", to: { user: name }, text, time: 0 };
  ui.event({ type: "message", message: said, own: false });
}

const ui = openChatTerminal({
  name(text) {
    name = text;
    ui.problem("wrong at first");
    ui.remark("the login waits: \x1b[2J");
    queueMicrotask(() => ui.askPassword());
  },
  password(text) {
    ui.chat();
    ui.event({ type: "loggedIn", name, rooms: ["lobby"], again: false, storeChanged: false, searches: true });
    bob(`name ${name}, password ${text}`);
  },
  say(to) {
    const sent = `m${++id}`;
    most = Math.max(most, ++waiting);
    answer(() => {
      waiting--;
      ui.event({ type: "sent", id: sent, to, time: 0, seq: 1 });
    });
    return { id: sent };
  },
  ask(question) {
    if (question.type !== "join") return;
    answer(() => ui.event({ type: "joined", room: question.room, members: 1 }));
  },
  file() {},
  paths: () => [],
  leave() {
    // After the answers.
    setTimeout(() => {
      bob(how === "late" ? `good bye, at most ${most} waited` : "good bye");
      ui.close().then(() => Deno.exit(0));
    });
  },
  interrupt() {},
}, style === "mailbox" ? "mailbox" : "chat");
ui.askName();
