import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Prompt } from "../lib/terminal/ui.ts";
import type { Device } from "../lib/terminal/device.ts";
import { InputLines } from "../lib/terminal/input_lines.ts";
import { openPlainUi } from "../lib/terminal/plain_ui.ts";
import { runPiped, startPiped } from "./support/piped_child.ts";

const encoder = new TextEncoder();
const PROMPT: Prompt = { text: "", secret: false };
const PASSWORD: Prompt = { text: "password: ", secret: true };

Deno.test("a script pipes name, password and a line at once: prompts are printed, no line is lost", async () => {
  const { out, errors, code } = await runPiped(startPiped("plain", "login"), "jacky\n12345\n/list\n");
  assertEquals({ out, errors, code }, { out: "name: password: got 12345\ngot /list\nend\n", errors: "", code: 0 });
});

Deno.test("a script's lines end with \\r\\n, are empty, cut anywhere, and the last one has no line break", async () => {
  const { out } = await runPiped(startPiped("plain", "echo"), "\ufeffone\r\n\r\ntw", "o\r", "\n日", "本");
  assertEquals(out, '"one"\n""\n"two"\n"日本"\nend\n');
});

Deno.test("a script is faster than the program: ten thousand lines come one by one, then the end", async () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join("");
  assertEquals((await runPiped(startPiped("plain", "later"), lines)).out, `${lines}end\n`);
});

Deno.test("the input is empty: the end comes at the first prompt", async () => {
  assertEquals((await runPiped(startPiped("plain", "login"))).out, "name: end\n");
});

Deno.test("a line longer than the bound is skipped and named on standard error; the others are passed on", async () => {
  const { out, errors } = await runPiped(
    startPiped("plain", "count"),
    `a\n${"x".repeat(65_536)}\n`,
    `${"y".repeat(65_537)}\nb`,
  );
  assertEquals(out, "end after 3\n");
  assertEquals(errors, "line 3 of the input is longer than 65536 bytes; it is skipped\n");
});

Deno.test("the reader of the output closes it: the program ends quietly", async () => {
  const process = startPiped("plain", "flood");
  const writer = process.stdin.getWriter();
  await writer.write(encoder.encode("go\n"));
  const reader = process.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [status, errors] = await Promise.all([process.status, new Response(process.stderr).text()]);
  assertEquals([status.code, errors], [0, "end\n"]);
  await writer.abort().catch(() => {});
});

// A plain UI on fake streams, which record what it reads, writes and does to the terminal.
class Desk implements Device {
  inputIsTerminal = true;
  outputIsTerminal = false;
  readonly log: string[] = [];
  reads = 0;
  #waiting: ((bytes: Uint8Array | null) => void) | null = null;
  read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    return new Promise((resolve) =>
      this.#waiting = (bytes) => {
        if (bytes !== null) buffer.set(bytes);
        resolve(bytes?.length ?? null);
      }
    );
  }
  write(bytes: Uint8Array): Promise<number> {
    this.log.push(`out ${new TextDecoder().decode(bytes)}`);
    return Promise.resolve(bytes.length);
  }
  writeNow(): void {}
  complain(text: string): void {
    this.log.push(`err ${text}`);
  }
  setRaw(raw: boolean): void {
    this.log.push(raw ? "raw" : "cooked");
  }
  size(): { columns: number; rows: number } {
    return { columns: 80, rows: 24 };
  }
  onResize(): () => void {
    return () => {};
  }
  onExit(): () => void {
    return () => {};
  }
  suspend(): boolean {
    return false;
  }

  closeInput(): void {
    this.#waiting?.(null);
  }
  async type(text: string): Promise<void> {
    this.#waiting!(encoder.encode(text));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
}

Deno.test("what could control a terminal is shown as it is in a file, and visibly in a terminal", async () => {
  for (const [outputIsTerminal, shown] of [[false, "a\x1b[2Jb\u202ec"], [true, "a␛[2Jb�c"]] as const) {
    const desk = new Desk();
    Object.assign(desk, { inputIsTerminal: false, outputIsTerminal });
    const ui = openPlainUi({ line() {}, end() {}, interrupt() {} }, { device: desk });
    ui.show("a\x1b[2Jb\u202ec");
    await ui.close();
    assertEquals(desk.log, [`out ${shown}\n`]);
  }
});

Deno.test("a user types while the output goes to a file: prompts on standard error, the password not echoed", async () => {
  const desk = new Desk();
  const prompts: Prompt[] = [PASSWORD, { text: "> ", secret: false }];
  const ui = openPlainUi({
    line: (text) => {
      desk.log.push(`line ${text}`);
      ui.show("shown");
      ui.ask(prompts.shift() ?? null);
    },
    end: () => desk.log.push("end"),
    interrupt: () => desk.log.push("interrupt"),
  }, { device: desk });
  ui.ask({ text: "name: ", secret: false });
  await desk.type("jacky\n");
  await desk.type("hunter3\x7f2\x03\rnext\r");
  await ui.close();
  assertEquals(desk.log, [
    ...["err name: ", "line jacky", "err password: ", "raw", "out shown\n"],
    ...["interrupt", "cooked", "err \n", "line hunter2", "err > ", "line next", "out shown\nshown\n"],
  ]);
});

Deno.test("closing while a password is typed restores the terminal", async () => {
  const desk = new Desk();
  const ui = openPlainUi({ line() {}, end() {}, interrupt() {} }, { device: desk });
  ui.ask(PASSWORD);
  await desk.type("half");
  await ui.close();
  assertEquals(desk.log, ["err password: ", "raw", "cooked"]);
});

Deno.test("a script sees nothing of a growing line", async () => {
  const desk = new Desk();
  const ui = openPlainUi({ line() {}, end() {}, interrupt() {} }, { device: desk });
  ui.begin("connecting ");
  ui.more("*");
  ui.show("one");
  ui.finish("connected");
  await ui.close();
  assertEquals(desk.log, ["out one\n"]);
});

Deno.test("without a prompt, reading stops at the bound and resumes when there is room", async () => {
  const desk = new Desk();
  desk.inputIsTerminal = false;
  const ui = openPlainUi({ line() {}, end() {}, interrupt() {} }, { device: desk, readAheadBytes: 100 });
  await desk.type("x".repeat(60) + "\n");
  assertEquals(desk.reads, 2);
  await desk.type("x".repeat(60) + "\n");
  assertEquals(desk.reads, 2);
  ui.ask(PROMPT);
  await desk.type("");
  assertEquals(desk.reads, 3);
  await ui.close();
});

Deno.test("lines, cut anywhere, are the same lines", () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(10, 13, 97, 0xc3, 0xa4), fc.nat(255)), { maxLength: 80 });
  fc.assert(fc.property(bytes, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (given, sizes) => {
    const taken = (size: (index: number) => number) => {
      const lines = new InputLines(12);
      const tooLong: number[] = [];
      for (let start = 0, index = 0; start < given.length; start += size(index++)) {
        tooLong.push(...lines.push(Uint8Array.from(given.slice(start, start + size(index)))));
      }
      tooLong.push(...lines.end());
      const found: string[] = [];
      for (let line = lines.shift(); line !== undefined; line = lines.shift()) found.push(line);
      assertEquals(lines.heldBytes, 0);
      return { found, tooLong };
    };
    const whole = taken(() => 1000);
    assertEquals(taken((index) => sizes[index % sizes.length]!), whole);
    const breaks = given.filter((byte) => byte === 10).length;
    const last = given.length > 0 && given.at(-1) !== 10 ? 1 : 0;
    assertEquals(whole.found.length + whole.tooLong.length, breaks + last);
    for (const line of whole.found) assert(!line.includes("\n"));
  }));
});
