import { assertEquals } from "@std/assert";
import { completePath } from "../lib/store/paths.ts";
import { Folder } from "./support/programs.ts";

Deno.test("paths are completed from the disk, folders with a slash, hidden files only on request", () => {
  using folder = new Folder();
  for (const name of ["slides.pdf", "slide", ".slips"]) folder.write(name, "");
  Deno.mkdirSync(`${folder.path}/sled`);
  const from = (begun: string) =>
    completePath(`${folder.path}/${begun}`).map((path) => path.slice(folder.path.length + 1));
  assertEquals(from("sl"), ["sled/", "slide", "slides.pdf"]);
  assertEquals(from("slides"), ["slides.pdf"]);
  assertEquals(from(".s"), [".slips"]);
  assertEquals(from(""), ["sled/", "slide", "slides.pdf"]);
  assertEquals(from("x"), []);
  assertEquals(completePath("/nowhere/at/all"), []);
});
