import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Scene, Screen } from "../lib/terminal/screen.ts";
import { Emulator } from "./support/emulator.ts";

// The output of a `Screen` goes to an emulated terminal, and only that is compared.
class Desk {
  readonly terminal: Emulator;
  readonly screen: Screen;
  scene: Scene = { prompt: "> ", text: "", cursor: 0 };

  constructor(columns: number, rows: number, colour = false) {
    this.terminal = new Emulator(columns, rows);
    this.screen = new Screen({ columns, rows, colour });
  }

  type(text: string, cursor = text.length, prompt = "> "): this {
    this.scene = { prompt, text, cursor };
    return this.show();
  }

  show(...lines: string[]): this {
    const shown = lines.map((line) => `${line}\r\n`).join("");
    this.terminal.write(this.screen.erase() + shown + this.screen.draw(this.scene));
    return this;
  }

  resize(columns: number): this {
    this.terminal.resize(columns);
    this.screen.resize(columns, this.terminal.height);
    return this.show();
  }

  expect(lines: string[], cursor: [number, number]): this {
    assertEquals({ lines: this.terminal.text, cursor: this.terminal.cursor }, { lines, cursor });
    return this;
  }
}

Deno.test("lines arrive while a user types: they appear above, the typed line stays whole below", () => {
  new Desk(20, 6)
    .type("hel").expect(["> hel"], [0, 5])
    .show("from bob: hi").expect(["from bob: hi", "> hel"], [1, 5])
    .type("hello", 1).expect(["from bob: hi", "> hello"], [1, 3])
    .show("one", "two").expect(["from bob: hi", "one", "two", "> hello"], [3, 3]);
});

Deno.test("a typed line longer than the row wraps, shrinks again, and leaves nothing behind", () => {
  new Desk(10, 6)
    .type("1234567").expect(["> 1234567"], [0, 9])
    .type("12345678").expect(["> 12345678"], [1, 0])
    .type("123456789").expect(["> 12345678", "9"], [1, 1])
    .type("1234567890abcdefghij", 3).expect(["> 12345678", "90abcdefgh", "ij"], [0, 5])
    .show("hi").expect(["hi", "> 12345678", "90abcdefgh", "ij"], [1, 5])
    .type("1234567890abcdefghij", 8).expect(["hi", "> 12345678", "90abcdefgh", "ij"], [2, 0])
    .type("x").expect(["hi", "> x"], [1, 3]);
});

Deno.test("a shown line as long as the row, or longer, is followed by the typed line in its own row", () => {
  new Desk(10, 6).type("ab")
    .show("0123456789").expect(["0123456789", "> ab"], [1, 4])
    .show("0123456789abc").expect(["0123456789", "0123456789", "abc", "> ab"], [3, 4]);
});

Deno.test("wide characters take two columns and go to the next row whole", () => {
  new Desk(9, 6)
    .type("日本語").expect(["> 日本語"], [0, 8])
    .type("日本語テ").expect(["> 日本語", "テ"], [1, 2])
    .type("日本語テ", 3).expect(["> 日本語", "テ"], [1, 0])
    .type("日本語テ", 1).expect(["> 日本語", "テ"], [0, 4])
    .show("日本").expect(["日本", "> 日本語", "テ"], [1, 4]);
});

Deno.test("a family, a flag and a letter with its accent are one character each", () => {
  new Desk(20, 4).type("👨‍👩‍👧🇩🇪e\u0301x", 12 + 2).expect(["> 👨‍👩‍👧🇩🇪e\u0301x"], [0, 7]);
});

Deno.test("the terminal is resized in the middle of a line: nothing is left over, nothing lost", () => {
  const lines = ["from bob: a line that is longer than most"];
  const desk = new Desk(50, 40).show(...lines).type("the quick brown fox jumps", 9);
  desk.expect([...lines, "> the quick brown fox jumps"], [1, 11]);
  desk.resize(10).expect(
    ["from bob: ", "a line tha", "t is longe", "r than mos", "t", "> the quic", "k brown fo", "x jumps"].map((line) =>
      line.trimEnd()
    ),
    [6, 1],
  );
  desk.resize(50).expect([...lines, "> the quick brown fox jumps"], [1, 11]);
});

Deno.test("any line, cursor, shown lines and sizes: the screen has exactly the lines and the typed line", () => {
  const text = fc.array(fc.constantFrom("a", "b ", "日", "👍", "é", "word"), { maxLength: 30 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("type" as const), cells: text, cursor: fc.nat(30) }),
    fc.record({ kind: fc.constant("show" as const), cells: text }),
    fc.record({ kind: fc.constant("resize" as const), columns: fc.integer({ min: 4, max: 30 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 30 }), fc.array(step, { maxLength: 12 }), (columns, steps) => {
      const desk = new Desk(columns, 60).show();
      const lines: string[] = [];
      for (const each of steps) {
        if (each.kind === "resize") desk.resize(each.columns);
        else if (each.kind === "show") {
          lines.push(`:${each.cells.join("")}`);
          desk.show(lines.at(-1)!);
        } else desk.type(each.cells.join(""), each.cells.slice(0, each.cursor).join("").length);
      }
      // At 5000 columns, the rows that the terminal wrapped are whole lines again.
      const wide = new Emulator(desk.terminal.columns, 60);
      wide.rows = desk.terminal.rows;
      [wide.row, wide.column] = desk.terminal.cursor;
      wide.resize(5000);
      const typed = `> ${desk.scene.text}`;
      assertEquals(wide.text, [...lines, typed].map((line) => line.trimEnd()));
      const before = `> ${desk.scene.text.slice(0, desk.scene.cursor)}`;
      assertEquals(wide.cursor, [lines.length, [...before].reduce((sum, c) => sum + (/[日👍]/u.test(c) ? 2 : 1), 0)]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a line taller than the terminal shows the rows around its cursor, and is erased completely", () => {
  const desk = new Desk(10, 4).show("hi");
  const text = Array.from({ length: 100 }, (_, index) => String(index).padStart(10, "-")).join("");
  const bottom = () => desk.terminal.text.slice(-4).map((row) => row.replace(/^-+/, ""));
  desk.type(text, text.length, "");
  assertEquals(bottom(), ["hi", "97", "98", "99"]);
  desk.type(text, 0, "");
  assertEquals(bottom(), ["0", "1", "2", "3"]);
  assertEquals(desk.terminal.cursor[1], 0);
  desk.type(text, 505, "");
  assertEquals(bottom(), ["48", "49", "50", "51"]);
  assertEquals(desk.terminal.cursor[1], 5);
  desk.type("x", 1, "").show("bye");
  assertEquals(desk.terminal.text.slice(-2), ["bye", "x"]);
});

Deno.test("a hidden line draws its prompt only, whatever is typed", () => {
  const desk = new Desk(30, 4);
  const scene = { prompt: "password: ", text: "hunter2", cursor: 7, hidden: true };
  const drawing = desk.screen.draw(scene);
  assert(!/hunter2|\*/.test(drawing));
  desk.terminal.write(drawing);
  desk.expect(["password:"], [0, 10]);
  assertEquals(desk.screen.entered(scene), "password: ");
});

Deno.test("a prompt with a colour in its name cannot steer the terminal", () => {
  const desk = new Desk(30, 4);
  desk.type("x", 1, "\x1b[2J> ");
  assertEquals(desk.terminal.text, ["␛[2J> x"]);
});

Deno.test("without colour no attribute is sent; with it the prompt is bold and the text is not", () => {
  const scene = { prompt: "> ", text: "hi", cursor: 1 };
  // deno-lint-ignore no-control-regex
  assert(!/\x1b\[\d*m/.test(new Screen({ columns: 20, rows: 4 }).draw(scene)));
  assert(new Screen({ columns: 20, rows: 4, colour: true }).draw(scene).startsWith("\x1b[1m> \x1b[0mhi"));
});

Deno.test("clearing the screen leaves the typed line alone at the top", () => {
  const desk = new Desk(20, 4).type("hello").show("one");
  desk.terminal.write(desk.screen.clear() + desk.screen.draw(desk.scene));
  desk.expect(["> hello"], [0, 7]);
});
