import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { rowsOf, widthOf, wrapped } from "../lib/terminal/wrap.ts";

Deno.test("a line is broken between words, with colours, wide characters and blanks of its own", () => {
  assertEquals(wrapped("short", 20), ["short"]);
  assertEquals(wrapped("exactly twenty colum", 20), ["exactly twenty colum"]);
  assertEquals(wrapped("\x1b[2m12:00\x1b[0m bob: hello there, alice", 20), [
    "\x1b[2m12:00\x1b[0m bob: hello",
    "    there, alice",
  ]);
  assertEquals(wrapped("  /to NAME [TEXT]    send a message", 24), ["  /to NAME [TEXT]", "      send a message"]);
  assertEquals(wrapped("  /who [ROOM]  list the members of a room", 30), [
    "  /who [ROOM]  list the",
    "               members of a",
    "               room",
  ]);
  assertEquals(wrapped("漢字漢字 漢字漢字漢字漢字漢字漢字", 16), ["漢字漢字 漢字漢", "    字漢字漢字漢", "    字漢字"]);
  assertEquals(wrapped(`see https://example.org/${"x".repeat(20)}`, 20), [
    "see https://example.",
    "    org/xxxxxxxxxxxx",
    "    xxxxxxxx",
  ]);
});

Deno.test("whatever the line, no row is wider than the terminal, and nothing but blanks is lost", () => {
  const character = fc.constantFrom(..."ab  é字👍", "👨‍👩‍👧", "\x1b[31m", "\x1b[0m");
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 80 }), fc.integer({ min: 4, max: 40 }), (line, columns) => {
      // A joined emoji can be wider than a narrow terminal, where each of its parts is drawn by itself.
      const widest = Math.max(columns, 8);
      const rows = wrapped(line, widest);
      for (const row of rows) assert(widthOf(row) <= widest, JSON.stringify(row));
      for (const row of rows) assertEquals(rowsOf(row, widest), 1);
      assertEquals(rows.join("").replaceAll(" ", ""), line.replaceAll(" ", ""));
    }),
  );
});
