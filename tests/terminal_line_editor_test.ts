import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Key } from "../lib/terminal/keys.ts";
import { type EditorAction, History, LineEditor } from "../lib/terminal/line_editor.ts";

// "hello <left> <ctrl-w>": names in angle brackets are keys; a space after one is skipped.
function type(editor: LineEditor, script: string): EditorAction {
  let last: EditorAction = { kind: "nothing" };
  for (const [, name, text] of script.matchAll(/<([a-z-]+)> ?|([^<]+)/g)) {
    last = editor.press(name === undefined ? { kind: "text", text: text! } : { kind: "key", name });
  }
  return last;
}

function shown(editor: LineEditor): string {
  return `${editor.text.slice(0, editor.cursor)}|${editor.text.slice(editor.cursor)}`;
}

const scripts: [string, string, string][] = [
  ["words in the middle of a line", "one three<ctrl-left> two <left> <right>", "one two |three"],
  [
    "a family, a flag and an accent, and goes back over each in one step",
    "👨‍👩‍👧🇩🇪e\u0301x<left> <left> <left>",
    "👨‍👩‍👧|🇩🇪e\u0301x",
  ],
  ["Backspace behind a family: all of it goes", "a👨‍👩‍👧<backspace>", "a|"],
  ["Delete before a flag: all of it goes", "🇩🇪🇫🇷<home> <delete>", "|🇫🇷"],
  ["an accent alone behind a letter in the middle", "eb<left>\u0301<backspace>", "|b"],
  ["Ctrl-W over a word with signs", "/to bob:alice  <ctrl-w>", "/to |"],
  ["Alt-Backspace over a word with signs", "/to bob:alice  <alt-backspace>", "/to bob:|"],
  ["Ctrl-W twice and Ctrl-Y: both words come back", "a bb cc<ctrl-w> <ctrl-w> <ctrl-y>", "a bb cc|"],
  ["Ctrl-U, Ctrl-K and Ctrl-Y", "drop keep<ctrl-left> <ctrl-u> <end> <ctrl-y>", "keepdrop |"],
  ["Ctrl-A, Alt-D, Ctrl-E", "one two<ctrl-a> <alt-d> <ctrl-e>", " two|"],
  ["Alt-F over a Japanese word with a mark", "日本語 x<home> <alt-f>", "日本語| x"],
  ["Left at the beginning and Right at the end", "a<left> <left> <left>b<right> <right> <right>c", "bac|"],
  ["a tab and line breaks in a text", "a\tb\r\nc\nd", "a bcd|"],
  ["control characters and a mark that turns the direction", "a\x1b[2J\u009b\u202eb", "a[2Jb|"],
  ["keys that mean nothing", "a<page-up> <insert> <ctrl-g> <alt-x> <escape>b", "ab|"],
];

for (const [what, script, result] of scripts) {
  Deno.test(`typing ${what}`, () => {
    const editor = new LineEditor();
    type(editor, script);
    assertEquals(shown(editor), result);
  });
}

Deno.test("Enter submits the whole line wherever the cursor is, and the editor is empty", () => {
  const editor = new LineEditor();
  assertEquals(type(editor, "hello<home> <enter>"), { kind: "submit", line: "hello" });
  assertEquals(shown(editor), "|");
  assertEquals(type(editor, "<enter>"), { kind: "submit", line: "" });
});

Deno.test("Ctrl-D ends on an empty line and deletes on any other", () => {
  const editor = new LineEditor();
  assertEquals(type(editor, "ab<home> <ctrl-d>"), { kind: "redraw" });
  assertEquals(shown(editor), "|b");
  assertEquals(type(editor, "<ctrl-d> <ctrl-d>"), { kind: "end" });
});

Deno.test("Ctrl-C interrupts and Ctrl-L clears the screen, and the line stays", () => {
  const editor = new LineEditor();
  assertEquals(type(editor, "ab<ctrl-c>"), { kind: "interrupt" });
  assertEquals(type(editor, "<ctrl-l>"), { kind: "clear-screen" });
  assertEquals(shown(editor), "ab|");
});

Deno.test("Up and Down walk through earlier lines and back to the draft", () => {
  const editor = new LineEditor({ history: new History() });
  type(editor, "one<enter>two<enter>two<enter>   <enter>draft");
  const walk = ["up", "up", "up", "down", "down", "down"].map((name) => {
    const { kind } = type(editor, `<${name}>`);
    return `${kind} ${editor.text}`;
  });
  assertEquals(walk, ["redraw two", "redraw one", "bell one", "redraw two", "redraw draft", "bell draft"]);
});

Deno.test("an editor without a history recalls and finds nothing", () => {
  const editor = new LineEditor();
  type(editor, "secret<enter>");
  for (const key of ["<up>", "<ctrl-p>", "<ctrl-r>"]) assertEquals(type(editor, key), { kind: "nothing" });
  assertEquals(shown(editor), "|");
});

Deno.test("the history keeps its newest lines", () => {
  const history = new History({ limit: 3 });
  for (const line of ["a", "b", "b", "", "c", "d"]) history.add(line);
  assertEquals([history.at(0), history.at(1), history.at(2), history.length], ["b", "c", "d", 3]);
});

Deno.test("Ctrl-R searches from the newest line on; ESC restores the draft, Enter submits the line found", () => {
  const editor = new LineEditor({ history: new History() });
  type(editor, "/to bob one<enter>/list<enter>/to bob two<enter>draft<ctrl-r>bob");
  assertEquals([editor.searching, editor.text], ["bob", "/to bob two"]);
  type(editor, "<ctrl-r>");
  assertEquals(editor.text, "/to bob one");
  assertEquals(type(editor, "<ctrl-r>"), { kind: "bell" });
  type(editor, "<escape>");
  assertEquals([editor.searching, editor.text], [null, "draft"]);
  assertEquals(type(editor, "<ctrl-r>li<enter>"), { kind: "submit", line: "/list" });
});

Deno.test("Tab with one candidate completes it with a space, a folder without", () => {
  const editor = new LineEditor();
  assertEquals(type(editor, "/to bo<tab>"), { kind: "complete", before: "/to bo" });
  editor.offer("/to bo", ["bob"]);
  assertEquals(shown(editor), "/to bob |");
  type(editor, "fi<tab>");
  editor.offer("/to bob fi", ["files/"]);
  assertEquals(shown(editor), "/to bob files/|");
});

Deno.test("Tab with several candidates completes what they share, a second Tab lists them", () => {
  const editor = new LineEditor();
  const words = ["/to", "/toall"];
  type(editor, "/<tab>");
  assertEquals(editor.offer("/", words), { kind: "redraw" });
  assertEquals(shown(editor), "/to|");
  type(editor, "<tab>");
  assertEquals(editor.offer("/to", words), { kind: "list", words });
  type(editor, "x<backspace> <tab>");
  assertEquals(editor.offer("/to", words), { kind: "bell" });
});

Deno.test("candidates that come too late, or none, change nothing", () => {
  const editor = new LineEditor();
  type(editor, "bo<tab>x");
  assertEquals(editor.offer("bo", ["bob"]), { kind: "nothing" });
  assertEquals(editor.offer("box", []), { kind: "bell" });
  assertEquals(shown(editor), "box|");
});

Deno.test("a line longer than the bound is cut at a whole character, and the bell rings", () => {
  const editor = new LineEditor({ lineBytes: 8 });
  assertEquals(type(editor, "日本語"), { kind: "bell" });
  assertEquals(shown(editor), "日本|");
  assertEquals(type(editor, "ab"), { kind: "redraw" });
  assertEquals(type(editor, "c"), { kind: "bell" });
  assertEquals(type(editor, "<enter>"), { kind: "submit", line: "日本ab" });
});

Deno.test("random keys: the line is bounded, without control characters, the cursor between characters", () => {
  const names = "left right home end up down ctrl-left ctrl-right backspace delete ctrl-u ctrl-k ctrl-w ctrl-y alt-d " +
    "alt-backspace ctrl-r escape tab enter ctrl-d";
  const key: fc.Arbitrary<Key> = fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }).map((text): Key => ({ kind: "text", text })),
    fc.constantFrom("e", "\u0301", "👨", "\u200d", "🇩", "🇪", "\n").map((text): Key => ({ kind: "text", text })),
    fc.constantFrom(...names.split(" ")).map((name): Key => ({ kind: "key", name })),
  );
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  fc.assert(fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
    const editor = new LineEditor({ history: new History({ limit: 3 }), lineBytes: 40 });
    for (const each of keys) {
      const action = editor.press(each);
      if (action.kind === "complete") editor.offer(action.before, ["👍👍", "👍x\n"]);
      const { text, cursor } = editor;
      assert(new TextEncoder().encode(text).length <= 40);
      assert(!/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text));
      assert(
        cursor === text.length || segmenter.segment(text).containing(cursor)?.index === cursor,
        `${cursor} in ${text}`,
      );
    }
  }));
});

Deno.test("motion and deletion in a line of the full length take no noticeable time", () => {
  const editor = new LineEditor();
  editor.press({ kind: "text", text: "x".repeat(8192) + " " + "y".repeat(8191) });
  const begin = performance.now();
  for (let round = 0; round < 20; round++) type(editor, "<ctrl-left> <ctrl-w> <ctrl-y> <end>");
  assertEquals(editor.text.length, 16384);
  assert(performance.now() - begin < 5000, "80 keys took more than five seconds");
});
