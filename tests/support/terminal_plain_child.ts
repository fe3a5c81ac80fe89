import { openPlainUi } from "../../lib/terminal/plain_ui.ts";
import type { Prompt, Ui } from "../../lib/terminal/ui.ts";

// A small program with a plain face, for face_plain_test.ts: its only argument says how it answers a line.
const how = Deno.args[0];
const name: Prompt = { text: "name: ", secret: false };
const password: Prompt = { text: "password: ", secret: true };
const chat: Prompt = { text: "", secret: false };
let count = 0;

const face: Ui = openPlainUi({
  line(text) {
    count++;
    if (how === "login") {
      if (count > 1) face.show(`got ${text}`);
      face.ask(count === 1 ? password : chat);
    } else if (how === "later") {
      face.ask(null);
      face.show(text);
      // Sometimes in a later task, sometimes still in this one.
      if (count % 100 === 0) setTimeout(() => face.ask(chat));
      else queueMicrotask(() => face.ask(chat));
    } else if (how === "count") {
      face.ask(chat);
    } else if (how === "flood") {
      for (let n = 0; n < 20_000; n++) face.show(`${n} ${"x".repeat(40)}`);
      face.ask(chat);
    } else {
      face.show(JSON.stringify(text));
      face.ask(chat);
    }
  },
  end() {
    if (how === "flood") Deno.stderr.writeSync(new TextEncoder().encode("end\n"));
    else face.show(how === "count" ? `end after ${count}` : "end");
    // A read under way would hold the process on older runtimes.
    face.close().then(() => Deno.exit(0));
  },
  interrupt() {},
});
face.ask(how === "login" ? name : chat);
