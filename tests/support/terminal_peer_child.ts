import { openPeerTerminal } from "../../lib/terminal/chat_terminal.ts";

// A small peer without a network, for peer_terminal_test.ts. bob receives everything; `late` answers in a later task.
const [how] = Deno.args;
let id = 0;
let waiting = 0;
let most = 0;

const answer = (reply: () => void) => how === "late" ? setTimeout(reply) : reply();

const ui = openPeerTerminal({
  say() {
    const said = `${++id}`;
    most = Math.max(most, ++waiting);
    answer(() => {
      waiting--;
      ui.event({ type: "delivered", id: said, to: "bob", time: 0 });
    });
    return { id: said };
  },
  ask(question) {
    if (question.type === "group") {
      ui.event({ type: "joined", room: question.room, members: 2 });
      ui.event({ type: "members", room: question.room, names: question.members });
    } else if (question.type === "secure") {
      ui.event({ type: "secure", name: question.user, words: ["acid", "apple"], ours: ["zinc"], known: false });
    }
  },
  file() {},
  paths: () => [],
  leave() {
    // After the answers.
    setTimeout(() => {
      const said = { seq: 1, from: "bob", to: { user: "alice" }, text: `at most ${most} waited`, time: 0 };
      ui.event({ type: "message", message: said, own: false });
      ui.close().then(() => Deno.exit(0));
    });
  },
  interrupt() {},
});
ui.event({ type: "online", name: "bob" });
ui.chat("alice");
