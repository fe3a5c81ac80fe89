import { openPlainUi } from "../../lib/terminal/plain_ui.ts";
import type { Prompt, Ui } from "../../lib/terminal/ui.ts";

// A small program with a plain UI, for terminal_plain_test.ts: its only argument says how it answers a line.
const how = Deno.args[0];
const name: Prompt = { text: "name: ", secret: false };
const password: Prompt = { text: "password: ", secret: true };
const chat: Prompt = { text: "", secret: false };
let count = 0;

const ui: Ui = openPlainUi({
  line(text) {
    count++;
    if (how === "login") {
      if (count > 1) ui.show(`got ${text}`);
      ui.ask(count === 1 ? password : chat);
    } else if (how === "later") {
      ui.ask(null);
      ui.show(text);
      // Sometimes in a later task, sometimes still in this one.
      if (count % 100 === 0) setTimeout(() => ui.ask(chat));
      else queueMicrotask(() => ui.ask(chat));
    } else if (how === "count") {
      ui.ask(chat);
    } else if (how === "flood") {
      for (let n = 0; n < 20_000; n++) ui.show(`${n} ${"x".repeat(40)}`);
      ui.ask(chat);
    } else {
      ui.show(JSON.stringify(text));
      ui.ask(chat);
    }
  },
  end() {
    if (how === "flood") Deno.stderr.writeSync(new TextEncoder().encode("end\n"));
    else ui.show(how === "count" ? `end after ${count}` : "end");
    // A read under way would hold the process on older runtimes.
    ui.close().then(() => Deno.exit(0));
  },
  interrupt() {},
});
ui.ask(how === "login" ? name : chat);
