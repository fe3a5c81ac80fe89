import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Key, KeyDecoder } from "../lib/terminal/keys.ts";

const encoder = new TextEncoder();

// Joins consecutive texts: how the decoder cuts them is not part of its contract.
function glued(keys: readonly Key[]): string[] {
  const said: string[] = [];
  let text = "";
  for (const key of keys) {
    if (key.kind === "text") text += key.text;
    else {
      if (text !== "") said.push(`text ${text}`);
      text = "";
      said.push(key.kind === "key" ? key.name : `paste ${key.text}${key.cut ? " (cut)" : ""}`);
    }
  }
  return text === "" ? said : [...said, `text ${text}`];
}

function decoded(bytes: Uint8Array, sizes: (index: number) => number): string[] {
  const decoder = new KeyDecoder();
  const keys: Key[] = [];
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const size = Math.max(1, sizes(index));
    keys.push(...decoder.push(bytes.subarray(start, start + size), 0));
    start += size;
  }
  keys.push(...decoder.flush());
  return glued(keys);
}

const spoken: [string, string, string[]][] = [
  ["words and Enter", "hi there\r", ["text hi there", "enter"]],
  ["Enter as a newline, and as both in one", "\n\r\n\r\r\n", ["enter", "enter", "enter", "enter"]],
  ["umlauts, Japanese and an emoji", "ä日👍", ["text ä日👍"]],
  ["both kinds of Backspace", "\x7f\x08", ["backspace", "backspace"]],
  ["Tab and Ctrl-A, Ctrl-C, Ctrl-Z", "\t\x01\x03\x1a", ["tab", "ctrl-a", "ctrl-c", "ctrl-z"]],
  ["arrows of both kinds", "\x1b[A\x1b[B\x1bOC\x1bOD", ["up", "down", "right", "left"]],
  ["Home and End in five ways", "\x1b[H\x1bOF\x1b[1~\x1b[4~\x1b[7~", ["home", "end", "home", "end", "home"]],
  ["Delete, PgUp, PgDn", "\x1b[3~\x1b[5~\x1b[6~", ["delete", "page-up", "page-down"]],
  ["Ctrl-Left, Alt-Left, Shift-Left", "\x1b[1;5D\x1b[1;3D\x1b[1;2D", ["ctrl-left", "alt-left", "left"]],
  ["Ctrl-Right of older terminals", "\x1b[5C\x1bO5C\x1bOc", ["ctrl-right", "ctrl-right", "ctrl-right"]],
  ["Alt-B, Alt-F, Alt-D, Alt-Backspace", "\x1bb\x1bF\x1bd\x1b\x7f", ["alt-b", "alt-f", "alt-d", "alt-backspace"]],
  ["Enter of the keypad", "\x1bOM", ["enter"]],
  ["a paste with line breaks and keys in it", "\x1b[200~a\rb\x1b[A\x03\x1b[201~c", ["paste a\rb\x1b[A\x03", "text c"]],
  ["a paste with half an end in it", "\x1b[200~\x1b[20\x1b[201~", ["paste \x1b[20"]],
  ["a paste whose end follows an ESC", "\x1b[200~\x1b\x1b[201~x", ["paste \x1b", "text x"]],
  ["the end of a paste that never began", "\x1b[201~x", ["text x"]],
  ["function keys, focus, cursor reports", "\x1b[15~\x1b[[A\x1bOP\x1b[I\x1b[12;40R\x1b[>0;276;0cx", ["text x"]],
  ["mouse reports, old and new", "\x1b[M !!\x1b[<0;10;10Mx", ["text x"]],
  ["a window title and a device answer", "\x1b]0;rm -rf\x07\x1bP1$r0m\x1b\\x", ["text x"]],
  ["a title broken off by an arrow key", "\x1b]0;title\x1b[Ax", ["up", "text x"]],
  ["Ctrl-C in the middle of a sequence", "\x1b[1;\x03\x1b]0;\x03", ["ctrl-c", "ctrl-c"]],
  ["ESC twice, then ESC and Enter", "\x1b\x1b\x1b\r", ["escape", "escape", "escape", "enter"]],
  ["a lone ESC at the end", "a\x1b", ["text a", "escape"]],
  ["half a sequence at the end", "a\x1b[1;5", ["text a"]],
];

for (const [what, bytes, keys] of spoken) {
  Deno.test(`a terminal sends ${what}: the same keys in one read and byte by byte`, () => {
    assertEquals(decoded(encoder.encode(bytes), () => bytes.length * 4), keys);
    assertEquals(decoded(encoder.encode(bytes), () => 1), keys);
  });
}

Deno.test("random bytes, cut anywhere, give the same keys as in one read", () => {
  // Bytes that begin and end sequences come often, or no sequence would ever be complete.
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x1b, 0x5b, 0x4f, 0x7e, 0x32, 0x30, 0x31, 0x3b, 0x4d, 0x5d),
  );
  const chunk = fc.oneof(
    fc.array(byte, { maxLength: 20 }),
    fc.constantFrom("\x1b[200~", "\x1b[201~", "ä", "👍").map((text) => [...encoder.encode(text)]),
  );
  fc.assert(fc.property(
    fc.array(chunk, { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    (chunks, sizes) => {
      const bytes = Uint8Array.from(chunks.flat());
      const whole = decoded(bytes, () => bytes.length);
      assertEquals(decoded(bytes, (index) => sizes[index % sizes.length]!), whole);
      for (const key of whole) {
        // deno-lint-ignore no-control-regex
        if (key.startsWith("text ")) assert(!/[\x00-\x1f\x7f]/.test(key), `text with a control character: ${key}`);
      }
    },
  ));
});

Deno.test("a sequence that never ends gives no text, and the next Ctrl-C works", () => {
  const decoder = new KeyDecoder();
  const digits = encoder.encode("1;".repeat(5000));
  decoder.push(encoder.encode("\x1b["), 0);
  for (let round = 0; round < 20; round++) assertEquals(decoder.push(digits, 0), []);
  assertEquals(glued(decoder.push(encoder.encode("\x03ok"), 0)), ["ctrl-c", "text ok"]);
});

Deno.test("a paste longer than the bound is cut and marked; keys after it are typed", () => {
  const decoder = new KeyDecoder({ pasteBytes: 8 });
  const keys = decoder.push(encoder.encode(`\x1b[200~${"x".repeat(100_000)}\x1b[201~y`), 0);
  assertEquals(glued(keys), ["paste xxxxxxxx (cut)", "text y"]);
  assertEquals(glued(decoder.push(encoder.encode("\x1b[200~12345678\x1b[201~"), 0)), ["paste 12345678"]);
});

Deno.test("the decoder has a time to be woken, and silence ends what is unfinished", () => {
  const decoder = new KeyDecoder({ escapeMs: 100, pasteMs: 5000 });
  assertEquals(decoder.wakeAt, Infinity);
  decoder.push(encoder.encode("\x1b"), 7);
  assertEquals(decoder.wakeAt, 107);
  assertEquals(decoder.tick(106), []);
  assertEquals(glued(decoder.tick(107)), ["escape"]);
  decoder.push(encoder.encode("\x1b[200~half"), 1000);
  assertEquals(decoder.wakeAt, 6000);
  assertEquals(glued(decoder.tick(6000)), ["paste half"]);
  assertEquals(decoder.wakeAt, Infinity);
});
