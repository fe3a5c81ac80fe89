import { assertEquals } from "@std/assert";
import { dial, expect, expectPiece, type Script } from "../lib/check/step.ts";
import { encodeText } from "../lib/core/text.ts";
import { Stage } from "./support/stage.ts";

const linked = (...script: Script) => new Stage([dial("bob tcp"), ...script]).opens(0, "bob tcp");

Deno.test("a piece is all that comes between two silences, in however many parts", () => {
  const script = () => linked(expectPiece("bob tcp", "FILE"), expectPiece("bob tcp", "client_a.txt"));
  const apart = script().comes(10, "bob tcp", "FI").comes(20, "bob tcp", "LE").comes(120, "bob tcp", "client_a.txt");
  assertEquals(apart.until(400).verdict.step, undefined);
  const glued = script().comes(10, "bob tcp", "FILE").comes(30, "bob tcp", "client_a.txt").until(9000);
  assertEquals(glued.failure?.got, "FILEclient_a.txt");
});

Deno.test("bytes are taken by their count; a piece that follows them without silence is none", () => {
  const script = () => linked(expect("bob tcp", encodeText("0123")), expectPiece("bob tcp", "hi"));
  const apart = script().comes(10, "bob tcp", "01").comes(200, "bob tcp", "23").comes(300, "bob tcp", "hi").until(900);
  assertEquals(apart.verdict.step, undefined);
  const glued = script().comes(10, "bob tcp", "0123hi").until(9000);
  assertEquals(glued.failure?.got, "hi, without silence before it");
  const other = script().comes(10, "bob tcp", "01x3hi").until(9000);
  assertEquals(other.failure?.got, "byte 3 is another: 01x3hi");
});
