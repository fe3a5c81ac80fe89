import { openPeerTerminal } from "../../lib/terminal/chat_terminal.ts";

// A small peer without a network, for peer_face_test.ts: bob has everything. `late` answers in a later task.
const [how] = Deno.args;
let id = 0;
let waiting = 0;
let most = 0;

const answer = (reply: () => void) => how === "late" ? setTimeout(reply) : reply();

const face = openPeerTerminal({
  say() {
    const said = `${++id}`;
    most = Math.max(most, ++waiting);
    answer(() => {
      waiting--;
      face.event({ type: "delivered", id: said, to: "bob", time: 0 });
    });
    return { id: said };
  },
  ask(question) {
    if (question.type === "group") {
      face.event({ type: "joined", room: question.room, members: 2 });
      face.event({ type: "members", room: question.room, names: question.members });
    } else if (question.type === "secure") {
      face.event({ type: "secure", name: question.user, words: ["acid", "apple"], ours: ["zinc"], known: false });
    }
  },
  file() {},
  paths: () => [],
  leave() {
    // After what was said is answered.
    setTimeout(() => {
      const said = { seq: 1, from: "bob", to: { user: "alice" }, text: `at most ${most} waited`, time: 0 };
      face.event({ type: "message", message: said, own: false });
      face.close().then(() => Deno.exit(0));
    });
  },
  interrupt() {},
});
face.event({ type: "online", name: "bob" });
face.chat("alice");
