import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Prompt, Ui } from "../lib/terminal/ui.ts";
import { openTerminalUi } from "../lib/terminal/terminal_ui.ts";
import type { Device } from "../lib/terminal/device.ts";
import type { LineStore } from "../lib/terminal/prompt_input.ts";
import { HistoryFile } from "../lib/store/history_file.ts";
import { Emulator } from "./support/emulator.ts";
import { Folder } from "./support/programs.ts";

const CHAT: Prompt = { text: "> ", secret: false };
const PASSWORD: Prompt = { text: "password: ", secret: true };

// A user at an emulated terminal, and a receiver that records its calls.
class Desk implements Device {
  readonly inputIsTerminal = true;
  readonly outputIsTerminal = true;
  readonly terminal = new Emulator(40, 12);
  readonly told: string[] = [];
  raw = false;
  maySuspend = true;
  continues: () => void = () => {};
  closed = false;
  /** Pending writes; null: writes do not wait. */
  held: (() => void)[] | null = null;
  readonly #waiting: ((bytes: Uint8Array | null) => void)[] = [];
  readonly #written: number[] = [];
  readonly #resized = new Set<() => void>();
  readonly exits = new Set<() => void>();
  readonly ui: Ui;
  onWritten: () => void = () => {};
  answer: (line: string) => void = () => this.ui.ask(CHAT);

  constructor(
    options: {
      colour?: boolean;
      escapeMs?: number;
      words?: readonly string[];
      echoes?: (line: string) => boolean;
      history?: LineStore;
    } = {},
  ) {
    const words = options.words;
    this.ui = openTerminalUi({
      line: (text) => {
        this.told.push(`line ${text}`);
        this.answer(text);
      },
      end: () => this.told.push("end"),
      interrupt: () => this.told.push("interrupt"),
      ...(options.echoes && { echoes: options.echoes }),
      ...(words && { complete: () => Promise.resolve(words) }),
    }, {
      device: this,
      colour: options.colour ?? false,
      escapeMs: options.escapeMs ?? 60_000,
      history: options.history,
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const bytes = await new Promise<Uint8Array | null>((resolve) => this.#waiting.push(resolve));
    if (bytes !== null) buffer.set(bytes);
    return bytes?.length ?? null;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.held) await new Promise<void>((resolve) => this.held!.push(resolve));
    // At most seven bytes at once, so that the rest must be written again.
    const part = bytes.subarray(0, 7);
    this.#written.push(...part);
    if (part.length === bytes.length) {
      this.terminal.write(new TextDecoder().decode(Uint8Array.from(this.#written.splice(0))));
      this.onWritten();
    }
    return part.length;
  }

  writeNow(text: string): void {
    this.terminal.write(text);
  }

  complain(text: string): void {
    this.told.push(`error ${text}`);
  }

  setRaw(raw: boolean): void {
    this.raw = raw;
  }

  size(): { columns: number; rows: number } {
    return { columns: this.terminal.columns, rows: this.terminal.height };
  }

  onResize(listener: () => void): () => void {
    this.#resized.add(listener);
    return () => this.#resized.delete(listener);
  }

  onExit(listener: () => void): () => void {
    this.exits.add(listener);
    return () => this.exits.delete(listener);
  }

  suspend(continued: () => void): boolean {
    this.told.push(`suspended, raw ${this.raw}`);
    this.continues = continued;
    return this.maySuspend;
  }

  closeInput(): void {
    this.closed = true;
    this.#waiting.shift()?.(null);
  }

  /** Types, and waits until the screen is up to date. */
  async type(text: string): Promise<void> {
    this.#waiting.shift()!(new TextEncoder().encode(text));
    await this.settled();
  }

  async hangUp(): Promise<void> {
    this.#waiting.shift()!(null);
    await this.settled();
  }

  async resize(columns: number, height = this.terminal.height): Promise<void> {
    this.terminal.resize(columns);
    this.terminal.height = height;
    for (const listener of this.#resized) listener();
    await this.settled();
  }

  // Nothing here waits for a timer: after one task all microtasks have run. A MessageChannel has no task of its own once
  // node:worker_threads is loaded.
  settled(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve));
  }
}

function desk(
  name: string,
  play: (desk: Desk) => Promise<void>,
  options?: ConstructorParameters<typeof Desk>[0],
): void {
  Deno.test(name, async () => {
    const desk = new Desk(options);
    await play(desk);
    await desk.ui.close();
    assertEquals([desk.raw, desk.terminal.pasting, desk.closed, desk.exits.size], [false, false, true, 0]);
  });
}

desk("a user logs in: the name stays on the screen, of the password only its prompt", async (desk) => {
  desk.answer = () => desk.ui.ask(PASSWORD);
  desk.ui.ask({ text: "name: ", secret: false });
  await desk.type("jacky\r");
  desk.answer = () => desk.ui.ask(CHAT);
  await desk.type("hunter");
  assertEquals(desk.terminal.text, ["name: jacky", "password:"]);
  await desk.type("2\r");
  assertEquals(desk.terminal.text, ["name: jacky", "password:", ">"]);
  await desk.type("\x1b[A");
  assertEquals(desk.terminal.text.at(-1), "> jacky");
  assertEquals(desk.told, ["line jacky", "line hunter2"]);
});

desk(
  "lines arrive while a user types, also at a slow terminal: none is lost or reordered",
  async (desk) => {
    desk.ui.ask(CHAT);
    await desk.type("hel");
    desk.held = [];
    for (let n = 0; n < 5; n++) {
      desk.ui.show(`line ${n}`);
      await desk.type("l");
    }
    const held = desk.held;
    desk.held = null;
    for (const release of held) release();
    await desk.settled();
    assertEquals(desk.terminal.text, [
      "line 0",
      "line 1",
      "line 2",
      "line 3",
      "line 4",
      "> hellllll",
    ]);
  },
);

desk("lines typed ahead wait unseen for the next prompts, in order, one each", async (desk) => {
  desk.ui.ask(CHAT);
  desk.answer = () => desk.ui.ask(null);
  await desk.type("one\rtwo\rthree\rdraft");
  assertEquals(desk.told, ["line one"]);
  assertEquals(desk.terminal.text, ["> one"]);
  desk.ui.ask(PASSWORD);
  await desk.settled();
  assertEquals(desk.told, ["line one", "line two"]);
  desk.answer = () => desk.ui.ask(CHAT);
  desk.ui.ask(CHAT);
  assertEquals(desk.told.length, 2, "a line was passed on from within ask");
  await desk.settled();
  assertEquals(desk.told, ["line one", "line two", "line three"]);
  assertEquals(desk.terminal.text, ["> one", "password:", "> three", "> draft"]);
});

desk("too much is typed ahead: the bell rings, one line says so, the rest is passed on", async (desk) => {
  for (let n = 0; n < 40; n++) await desk.type("x".repeat(2000));
  assert(desk.terminal.bells > 0);
  assertEquals(desk.terminal.text.join(" ").match(/typed ahead/g)?.length, 1);
  desk.ui.ask(CHAT);
  await desk.type("\x15ok\r");
  assertEquals(desk.told, ["line ok"]);
});

desk("Ctrl-C works at once, also without a prompt; Ctrl-D on an empty line ends", async (desk) => {
  await desk.type("x\x03");
  assertEquals(desk.told, ["interrupt"]);
  desk.ui.ask(CHAT);
  await desk.type("\x04\x7f\x04");
  assertEquals(desk.told, ["interrupt", "end"]);
});

desk("a half-typed line is kept while its prompt is gone; a half-typed secret is not", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("half");
  desk.ui.ask(PASSWORD);
  await desk.type("sec");
  desk.ui.ask(CHAT);
  await desk.type("!");
  assertEquals(desk.terminal.text, ["> half!"]);
  desk.ui.ask(PASSWORD);
  await desk.type("ret\r");
  assertEquals(desk.told, ["line ret"]);
});

desk("a paste of three lines is entered, and the last one stays for editing", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("zero \x1b[200~one\rtwo\nthree\x1b[201~");
  assertEquals(desk.told, ["line zero one", "line two"]);
  assertEquals(desk.terminal.text, ["> zero one", "> two", "> three"]);
});

desk("a paste of seven lines asks first: y sends them", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("\x1b[200~1\r2\r3\r4\r5\r6\r7\x1b[201~");
  assertEquals(desk.terminal.text, ["send 7 lines? [y/N]"]);
  assertEquals(desk.told, []);
  await desk.type("y");
  assertEquals(desk.told, ["line 1", "line 2", "line 3", "line 4", "line 5", "line 6"]);
  assertEquals(desk.terminal.text.at(-1), "> 7");
});

const COMMANDS: Prompt = { ...CHAT, commands: "escaped" };
const WITH_COMMANDS = "\x1b[200~hello\r/exit\r//me\r/to bob \x1b]0;x\x07\r\x1b[201~";

for (
  const [answer, told] of [
    ["y", ["line hello", "line //exit", "line //me", "line //to bob ]0;x"]],
    ["r", ["line hello", "line /exit", "line //me", "line /to bob ]0;x"]],
    ["n", []],
  ] as const
) {
  desk(`a paste with lines that begin with a slash shows them and asks: ${answer}`, async (desk) => {
    desk.ui.ask(COMMANDS);
    await desk.type(WITH_COMMANDS);
    assertEquals(desk.terminal.text, [
      'pasted lines that begin with "/":',
      "  /exit",
      "  /to bob ␛]0;x␇",
      "send 4 lines as text? [y/N, r: run]",
    ]);
    assertEquals(desk.told, []);
    await desk.type(answer);
    assertEquals(desk.told, told);
  });
}

desk(
  "one pasted command, text with a slash inside, and slashes where there are no commands need no question",
  async (desk) => {
    desk.ui.ask(COMMANDS);
    await desk.type("\x1b[200~/join lab\r\x1b[201~");
    await desk.type("see \x1b[200~/etc/hosts\ror a/b\r\x1b[201~");
    desk.ui.ask(CHAT);
    await desk.type("\x1b[200~a\r/etc\r\x1b[201~");
    assertEquals(desk.told, ["line /join lab", "line see /etc/hosts", "line or a/b", "line a", "line /etc"]);
  },
);

for (
  const [key, bytes] of [["n", "n"], ["Enter", "\r"], ["Ctrl-C", "\x03"], ["a second paste", "\x1b[200~y\x1b[201~"]]
) {
  desk(`a paste of seven lines asks: ${key} drops them and says so, the line typed before stays`, async (desk) => {
    desk.ui.ask(CHAT);
    await desk.type("draft\x1b[200~1\r2\r3\r4\r5\r6\r7\r\x1b[201~");
    await desk.type(bytes!);
    assertEquals(desk.terminal.text, ["paste dropped: 7 lines", "> draft"]);
    assertEquals(desk.told, []);
  });
}

desk("Tab completes with candidates that come later; the second Tab lists them", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("/to b\t");
  assertEquals(desk.terminal.text, ["> /to bob"]);
  await desk.type("\t");
  await desk.type("!");
  assertEquals(desk.terminal.text, ["bob  bobby", "> /to bob!"]);
}, { words: ["bob", "bobby"] });

desk("Tab completes a path with blanks in it", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("/send bob My Doc\t");
  assertEquals(desk.terminal.text, ["> /send bob My Documents/"]);
}, { words: ["My Documents/"] });

desk("an arrow key that comes in pieces is an arrow key", async (desk) => {
  desk.ui.ask(CHAT);
  for (const piece of ["a", "\x1b", "[", "D", "b"]) await desk.type(piece);
  assertEquals(desk.terminal.text, ["> ba"]);
});

desk("ESC and silence end the search and restore the draft", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("one\rdraft\x12one");
  assertEquals(desk.terminal.text.at(-1), "search one: one");
  const written = new Promise<void>((resolve) => desk.onWritten = resolve);
  await desk.type("\x1b");
  await written;
  assertEquals(desk.terminal.text.at(-1), "> draft");
}, { escapeMs: 1 });

desk("a line with line breaks of any kind is shown as several lines", async (desk) => {
  desk.ui.show("one\rtwo\nthree\r\nfour");
  await desk.settled();
  assertEquals(desk.terminal.text, ["one", "two", "three", "four"]);
});

desk("colours pass where they are enabled, and end with the line", async (desk) => {
  const shown: string[] = [];
  const write = desk.terminal.write;
  desk.terminal.write = (output) => {
    shown.push(output);
    write.call(desk.terminal, output);
  };
  desk.ui.show("\x1b[31mbob: hi\x1b[2J");
  await desk.settled();
  assertEquals(shown, ["\x1b[31mbob: hi␛[2J\x1b[0m\r\n"]);
}, { colour: true });

desk("text from others cannot steer the terminal, and no colours pass where they are disabled", async (desk) => {
  desk.ui.show("\x1b[31mbob\x1b[0m: \x1b[2J\x1b]0;title\x07 hi\u202e");
  await desk.settled();
  assertEquals(desk.terminal.text, ["bob: ␛[2J␛]0;title␇ hi\ufffd"]);
});

desk("the terminal is resized in the middle of a line", async (desk) => {
  desk.ui.show("a line that was shown");
  desk.ui.ask(CHAT);
  await desk.type("a typed line of some length");
  await desk.resize(10);
  await desk.resize(60);
  assertEquals(desk.terminal.text, ["a line that was shown", "> a typed line of some length"]);
});

desk("Ctrl-L leaves the typed line alone on the screen", async (desk) => {
  desk.ui.show("one");
  desk.ui.ask(CHAT);
  await desk.type("two\x0c");
  assertEquals(desk.terminal.text, ["> two"]);
});

desk("a line grows without a prompt, and is a normal line in the end", async (desk) => {
  desk.ui.begin("--> [connecting]");
  for (const stars of ["*", "**", "***"]) {
    desk.ui.more("*");
    await desk.settled();
    assertEquals([desk.terminal.text, desk.terminal.cursor], [[`--> [connecting]${stars}`], [0, 16 + stars.length]]);
  }
  desk.ui.finish("[connected]");
  desk.ui.more("*");
  desk.ui.show("hello");
  await desk.settled();
  assertEquals(desk.terminal.text, ["--> [connecting]***[connected]", "hello"]);
});

desk(
  "a line grows above the one being typed, past the margin, while others are shown and the size changes",
  async (desk) => {
    desk.ui.ask(CHAT);
    await desk.type("half");
    desk.ui.begin("--> [connecting]");
    await desk.settled();
    assertEquals(desk.terminal.text, ["--> [connecting]", "> half"]);
    for (let n = 0; n < 50; n++) {
      desk.ui.more("*");
      if (n % 10 === 0) desk.ui.show(`line ${n}`);
      await desk.type("\x1b[D");
    }
    const lines = [0, 10, 20, 30, 40].map((n) => `line ${n}`);
    const line = `--> [connecting]${"*".repeat(50)}`;
    assertEquals(desk.terminal.text, [...lines, line.slice(0, 40), line.slice(40), "> half"]);
    assertEquals(desk.terminal.cursor, [7, 2]);
    await desk.resize(30);
    await desk.resize(100);
    assertEquals(desk.terminal.text, [...lines, line, "> half"]);
    await desk.type("a \r");
    assertEquals(desk.terminal.text, [...lines, "> a half", line, ">"]);
    desk.ui.finish("[connected]");
    await desk.settled();
    assertEquals(desk.terminal.text, [...lines, "> a half", `${line}[connected]`, ">"]);
  },
);

desk("a line that grows to exactly the width of the terminal leaves nothing behind", async (desk) => {
  desk.ui.begin("x".repeat(38));
  for (let n = 0; n < 4; n++) {
    desk.ui.ask(n % 2 === 0 ? CHAT : null);
    desk.ui.more("*");
    await desk.settled();
  }
  assertEquals(desk.terminal.text, ["x".repeat(38) + "**", "**"]);
  await desk.type("\x0c");
  desk.ui.ask(CHAT);
  await desk.type("");
  desk.ui.finish("");
  desk.ui.finish("");
  await desk.settled();
  assertEquals(desk.terminal.text.at(-1), ">");
});

desk("a growing line is sanitized, and stays as it is when the UI is closed", async (desk) => {
  desk.ui.begin("a\x1b[2J");
  await desk.settled();
  assertEquals(desk.terminal.text, ["a␛[2J"]);
  await desk.ui.close();
  assertEquals(desk.terminal.text, ["a␛[2J"]);
});

desk("closing shows everything, removes the prompt and restores the terminal", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("half");
  assertEquals([desk.raw, desk.terminal.pasting], [true, true]);
  desk.ui.show("bye");
  await desk.ui.close();
  assertEquals(desk.terminal.text, ["bye"]);
  assertEquals(desk.terminal.cursor, [1, 0]);
});

desk("the process ends by an error: the terminal is restored at once, and once", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("half");
  for (const listener of [...desk.exits, ...desk.exits]) listener();
  assertEquals([desk.raw, desk.terminal.pasting, desk.terminal.text], [false, false, []]);
});

desk("the terminal hangs up: the receiver is notified once", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.hangUp();
  assertEquals(desk.told, ["end"]);
});

const AWAY = { text: "✓✓ bob", where: "prompt" } as const;

desk(
  "a line is broken between words, and what is longer than a row within; further rows are indented",
  async (desk) => {
    desk.ui.ask(CHAT);
    desk.ui.show("12:00:00 bob: the quick brown fox jumps over the lazy dog");
    desk.ui.show(`see ${"x".repeat(50)} there`);
    desk.ui.show(`La> ${"y".repeat(50)} z`, { whole: true });
    await desk.settled();
    assertEquals(desk.terminal.text, [
      "12:00:00 bob: the quick brown fox jumps",
      "    over the lazy dog",
      `see ${"x".repeat(36)}`,
      `    ${"x".repeat(14)} there`,
      `La> ${"y".repeat(36)}`,
      `${"y".repeat(14)} z`,
      ">",
    ]);
  },
);

desk("an own line is changed in its place while a line is typed, also where it then needs more rows", async (desk) => {
  desk.ui.ask(CHAT);
  desk.ui.show("12:00:00 you: one", { id: "1" });
  desk.ui.show("12:00:00 you: two and a half, and no more", { id: "2" });
  desk.ui.show("12:00:01 bob: three");
  await desk.type("typed");
  desk.ui.change("1", "12:00:00 you: one ✓", AWAY);
  desk.ui.change("2", "12:00:00 you: two and a half, and no more ✓✓", AWAY);
  await desk.settled();
  assertEquals(desk.terminal.text, [
    "12:00:00 you: one ✓",
    "12:00:00 you: two and a half, and no",
    "    more ✓✓",
    "12:00:01 bob: three",
    "> typed",
  ]);
  assertEquals(desk.terminal.cursor, [4, 7]);
});

desk("a line that has left the screen is not touched: the prompt's row says it until the next line", async (desk) => {
  desk.ui.ask(CHAT);
  desk.ui.show("you: one", { id: "1" });
  for (let n = 0; n < 11; n++) desk.ui.show(`line ${n}`);
  await desk.type("ty");
  desk.ui.change("1", "you: one ✓✓", AWAY);
  await desk.settled();
  assertEquals(desk.terminal.text.slice(0, 2), ["you: one", "line 0"]);
  assertEquals(desk.terminal.text.at(-1), "✓✓ bob > ty");
  await desk.type("ped\r");
  assertEquals(desk.terminal.text.slice(-2), ["> typed", ">"]);
  desk.ui.change("1", "you: one ✗", { text: "✗ not delivered: one", where: "line" });
  await desk.settled();
  assertEquals(desk.terminal.text.slice(-2), ["✗ not delivered: one", ">"]);
});

desk("a message is not left on the screen as it was typed, a command is", async (desk) => {
  desk.answer = (line) => {
    if (!line.startsWith("/")) desk.ui.show(`you: ${line}`, { id: line });
    desk.ui.ask(CHAT);
  };
  desk.ui.ask(CHAT);
  await desk.type("hello\r/list\r");
  desk.ui.change("hello", "you: hello ✓", AWAY);
  await desk.settled();
  assertEquals(desk.terminal.text, ["you: hello ✓", "> /list", ">"]);
}, { echoes: (line) => line.startsWith("/") });

desk("a change that comes before its line is written changes it all the same", async (desk) => {
  desk.ui.ask(CHAT);
  desk.held = [];
  desk.ui.show("you: one", { id: "1" });
  desk.ui.change("1", "you: one ✓", AWAY);
  desk.ui.change("1", "you: one ✓✓", AWAY);
  const held = desk.held;
  await desk.settled();
  desk.held = null;
  for (const release of held) release();
  await desk.settled();
  assertEquals(desk.terminal.text, ["you: one ✓✓", ">"]);
});

desk("Ctrl-C leaves the search, not the program", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("one\rdraft\x12on\x03");
  assertEquals(desk.terminal.text.at(-1), "> draft");
  assertEquals(desk.told, ["line one"]);
  await desk.type("\x03");
  assertEquals(desk.told, ["line one", "interrupt"]);
});

desk("Ctrl-Z gives the terminal back, and draws anew below what others wrote", async (desk) => {
  desk.ui.ask(CHAT);
  desk.ui.show("you: one", { id: "1" });
  await desk.type("half\x1a");
  assertEquals([desk.told, desk.terminal.pasting, desk.raw], [["suspended, raw false"], false, false]);
  assertEquals(desk.terminal.text, ["you: one"]);
  desk.terminal.write("$ fg\r\n");
  desk.continues();
  desk.ui.change("1", "you: one ✓✓", AWAY);
  await desk.settled();
  assertEquals(desk.terminal.text, ["you: one", "$ fg", "✓✓ bob > half"]);
  assertEquals([desk.terminal.pasting, desk.raw], [true, true]);
});

desk("Ctrl-Z where the program cannot be stopped alone says so, and nothing is lost", async (desk) => {
  desk.maySuspend = false;
  desk.ui.ask(CHAT);
  await desk.type("half\x1a");
  assert(desk.terminal.text.join("\n").includes("cannot be suspended here"));
  assertEquals([desk.terminal.text.at(-1), desk.raw, desk.terminal.pasting], ["> half", true, true]);
});

Deno.test("whatever is shown, typed, changed and resized, no line is lost, doubled or cut", async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        show: fc.string({ minLength: 1, maxLength: 90, unit: fc.constantFrom(..."ab 字é") }),
        whole: fc.boolean(),
      }),
    },
    fc.record({ change: fc.nat(9), more: fc.constantFrom("✓", "✓✓", "✗ and a long reason why it was not") }),
    fc.record({ type: fc.constantFrom("a", "\x7f", "\x15", "\x15bb 字", `\x15${"x".repeat(30)}`) }),
    fc.record({ columns: fc.integer({ min: 8, max: 60 }), rows: fc.integer({ min: 8, max: 14 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 60 }), async (steps) => {
      const desk = new Desk();
      desk.ui.ask(CHAT);
      const lines: string[] = [];
      for (const each of steps) {
        if ("show" in each) {
          desk.ui.show(`<${lines.push(each.show)}> ${each.show}`, { id: `${lines.length - 1}`, whole: each.whole });
        } else if ("change" in each) {
          desk.ui.change(`${each.change}`, `<${each.change + 1}> ${lines[each.change]} ${each.more}`, {
            text: "",
            where: "prompt",
          });
        } else if ("type" in each) await desk.type(each.type);
        else await desk.resize(each.columns, each.rows);
        await desk.settled();
      }
      // Without blanks and marks, each line is there once, in order.
      const bare = (text: string) => text.replace(/[ ✓]|✗andalongreasonwhyitwasnot/g, "");
      await desk.type("\x05\x15");
      const shown = bare(bare(desk.terminal.text.join("")));
      assertEquals(shown, `${lines.map((line, at) => `<${at + 1}>${bare(line)}`).join("")}>`);
      await desk.ui.close();
    }),
    { numRuns: 150 },
  );
});

const kept: string[] = [];
desk("lines of earlier runs are there; lines of the chat are kept, names and passwords are not", async (desk) => {
  desk.ui.ask(CHAT);
  await desk.type("jacky\r");
  desk.ui.ask(PASSWORD);
  await desk.type("12345\r");
  desk.ui.ask(COMMANDS);
  await desk.type("/list\r");
  desk.ui.ask(COMMANDS);
  await desk.type("\x1b[A\x1b[A\x1b[A");
  assertEquals(desk.terminal.text.at(-1), "> /to bob earlier");
  assertEquals(kept, ["/list"]);
}, { history: { lines: ["/to bob earlier"], add: (line) => void kept.push(line) } });

Deno.test("the history file is its owner's alone, keeps no password, and drops the oldest lines", () => {
  using folder = new Folder();
  const path = `${folder.path}/data`;
  const first = new HistoryFile(path);
  assertEquals(first.lines, []);
  for (const line of ["hello", "/login jacky 12345", " /passwd x", "/register jacky", "/to bob what a /login"]) {
    first.add(line);
  }
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(first.path).mode! & 0o777, 0o600);
  assertEquals(new HistoryFile(path).lines, ["hello", "/to bob what a /login"]);
  Deno.writeTextFileSync(first.path, Array.from({ length: 2500 }, (_, n) => `line ${n}\n`).join(""), { mode: 0o644 });
  const again = new HistoryFile(path);
  assertEquals([again.lines.length, again.lines[0], again.lines.at(-1)], [1000, "line 1500", "line 2499"]);
  assertEquals(Deno.readTextFileSync(first.path).split("\n").length, 1001);
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(first.path).mode! & 0o777, 0o600);
  // A disk that cannot be written costs nothing else.
  new HistoryFile(`${first.path}/no folder`).add("lost");
});
