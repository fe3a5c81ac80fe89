import { assert, assertEquals } from "@std/assert";
import { LoadMeter, PlayLoad } from "../lib/check/load_meter.ts";
import { readThreads, ThreadTimes } from "../lib/check/thread_states.ts";
import {
  close,
  closed,
  dial,
  exits,
  expect,
  expectPiece,
  pause,
  type Script,
  send,
  silence,
  start,
  wait,
} from "../lib/check/step.ts";
import { Stage } from "./support/stage.ts";

const linked = (script: Script, isPaced = false) =>
  new Stage([dial("bob tcp"), script], {}, { isPaced }).opens(0, "bob tcp");

Deno.test("what the machine takes from a program is added to its time limits, its waits and its silences", () => {
  const answer = () => linked([expect("bob tcp", "hi")]);
  assertEquals(answer().until(4000).failure?.got, "nothing within 4000 ms");
  const held = answer().takes({ programMs: 700, checkMs: 200 });
  assert(!held.until(4899).isOver);
  assertEquals(held.until(4900).failure?.got, "nothing within 4000 ms");
  const quiet = linked([silence("bob tcp")]).takes({ programMs: 100 }, { checkMs: 50 });
  assert(!quiet.until(399).isOver);
  assertEquals(quiet.until(400).failure, undefined);
  const waiting = linked([wait(400), send("bob tcp", "hi")]).takes({ programMs: 300 });
  assertEquals([waiting.until(699).sent("bob tcp"), waiting.until(700).sent("bob tcp")], ["", "hi\n"]);
  const end = linked([close("bob tcp"), closed("bob tcp")]).takes({ programMs: 500 }).until(2499);
  assert(!end.isOver);
  assertEquals(new Stage([start("bob"), exits("bob")]).takes({ checkMs: 1 }).until(2000).isOver, false);
});

Deno.test("a pause between two parts is as long by the clock as it says, since a program may end what comes no further", () => {
  const stage = linked([pause(400), send("bob tcp", "hi")]).takes({ programMs: 300 }, { isWaiting: true });
  assertEquals([stage.until(399).sent("bob tcp"), stage.until(400).sent("bob tcp")], ["", "hi\n"]);
});

Deno.test("a program that waits for a processor at this moment is not judged until it has run", () => {
  const stage = linked([expect("bob tcp", "hi")]).takes({ isWaiting: true }, { isWaiting: true }, { programMs: 1000 });
  assert(!stage.until(4041).isOver);
  assertEquals(stage.comes(4500, "bob tcp", "hi\n").failure?.got, "it came 1.5 s late");
  const silent = linked([silence("bob tcp")]).takes({ isWaiting: true });
  assertEquals(silent.comes(260, "bob tcp", "hi").failure?.got, "hi");
});

Deno.test("what came late is late only by what the machine has not taken", () => {
  const stage = () => linked([expect("bob tcp", "hi")]);
  assertEquals(stage().takes({ programMs: 400 }).comes(2400, "bob tcp", "hi\n").failure, undefined);
  assertEquals(stage().takes({ programMs: 300 }).comes(2400, "bob tcp", "hi\n").failure?.got, "it came 100 ms late");
});

Deno.test("a time limit of the handout that holds by the clock is doubtful where the machine was late", () => {
  const stage = () => linked([expect("bob tcp", "hi", { most: 1000 })]);
  assertEquals(stage().comes(900, "bob tcp", "hi\n").play.end?.isDoubtful, false);
  const { failure, isDoubtful } = stage().takes({ programMs: 300 }).comes(1200, "bob tcp", "hi\n").play.end!;
  assertEquals([failure, isDoubtful], [undefined, true]);
});

Deno.test("silence that a busy machine may have made is doubtful", () => {
  const stage = (programMs: number) =>
    linked([expectPiece("bob tcp", "one"), expectPiece("bob tcp", "two")], true)
      .comes(10, "bob tcp", "one").takes({ programMs }).comes(110, "bob tcp", "two").until(9000).play.end;
  assertEquals([stage(40)?.failure, stage(40)?.isDoubtful], [undefined, false]);
  assertEquals([stage(60)?.failure, stage(60)?.isDoubtful], [undefined, true]);
});

Deno.test("pieces that a busy machine may have joined are doubtful where they fail", () => {
  const stage = (earliest: number, ...pieces: string[]) => {
    const stage = linked([expectPiece("bob tcp", "one"), expectPiece("bob tcp", "two")], true);
    pieces.forEach((piece, i) => stage.comes(110 + i, "bob tcp", piece, i === 0 ? earliest : 110));
    const { failure, isDoubtful } = stage.until(9000).play.end!;
    return [failure?.got, isDoubtful];
  };
  assertEquals(stage(100, "onetwo"), ["onetwo", false]);
  assertEquals(stage(50, "onetwo"), ["onetwo", true]);
  assertEquals(stage(100, "one", "two"), ["onetwo", false]);
  assertEquals(stage(50, "one", "two"), ["onetwo", true]);
});

Deno.test("what failed between pauses while the machine was busy must fail once more", () => {
  const stage = (programMs: number, second: string) => {
    const stage = linked([expectPiece("bob tcp", "one"), expect("bob tcp", "two")], true).takes({}, { programMs });
    return stage.comes(110, "bob tcp", "one", 110).comes(300, "bob tcp", second, 300).until(9000).play.end;
  };
  const joined = (programMs: number) => {
    const stage = linked([expectPiece("bob tcp", "one")], true).takes({}, { programMs });
    return stage.comes(110, "bob tcp", "onetwo", 100).until(9000).play.end;
  };
  assertEquals([joined(0)?.failure?.got, joined(0)?.isUnconfirmed], ["onetwo", false]);
  assertEquals([joined(30)?.isDoubtful, joined(30)?.isUnconfirmed], [false, true]);
  // The program, too, may have read two pieces as one, and answers otherwise or not at all.
  const other = (programMs: number) => stage(programMs, "three\n");
  assertEquals([other(30)?.failure?.got, other(30)?.isUnconfirmed, other(0)?.isUnconfirmed], ["three", true, false]);
  assertEquals(stage(30, "two")?.isUnconfirmed, false);
});

Deno.test("silence within bytes that are counted does not matter", () => {
  const stage = linked([expectPiece("bob tcp", "3"), expect("bob tcp", new Uint8Array([1, 2, 3]))], true)
    .comes(10, "bob tcp", "3").comes(110, "bob tcp", "\x01").takes({ programMs: 80 })
    .comes(210, "bob tcp", "\x02").comes(310, "bob tcp", "\x03").until(9000);
  assertEquals([stage.play.end?.failure, stage.play.end?.isDoubtful], [undefined, false]);
});

Deno.test("a machine that takes a minute tells nothing", () => {
  const stage = linked([expect("bob tcp", "hi")]).takes({ programMs: 30_000 }, { programMs: 30_000 }).until(99_000);
  assertEquals([stage.failure?.got, stage.play.end?.isDoubtful], ["this machine was too busy to tell", true]);
});

Deno.test("of threads, the longest wait counts, and one that wants to run and does not is stuck", () => {
  const at = (one: string, two: string) =>
    readThreads(`${one} 4 7 (a) b) ${"R 1 2\n"}${two} 4 8 (x) S 1 2\nnonsense\n`);
  const times = new ThreadTimes();
  assertEquals(times.waitedMs(at("5 3000000", "5 1000000")), 3);
  assertEquals([...times.busy.keys()], [7]);
  const { busy } = times;
  assertEquals(times.waitedMs(at("5 3000000", "5 6000000")), 5);
  assertEquals(times.isStuck(busy), true);
  times.waitedMs(at("6 3000000", "5 6000000"));
  assertEquals(times.isStuck(busy), false);
});

Deno.test({
  name: "this machine tells what it has taken from a program and from those that it has started",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const meter = new LoadMeter();
    const sh = new Deno.Command("sh", {
      args: ["-c", "sleep 60; true"],
      detached: true,
      stdin: "null",
      stdout: "null",
    });
    const child = sh.spawn();
    try {
      let threads = await meter.threads([child.pid]);
      while (threads!.size < 2) threads = await meter.threads([child.pid]);
      assert(threads!.has(child.pid), "the shell; the other one is sleep");
      assertEquals((await new PlayLoad(meter).measure([child.pid])).isWaiting, false);
      assertEquals((await meter.threads([2 ** 22 + 1]))!.size, 0);
    } finally {
      Deno.kill(-child.pid, "SIGKILL");
      await Promise.all([child.status, meter.close()]);
    }
  },
});

Deno.test("what is wrong is doubtful where a program has lost a second since it started: a time limit of its own may be over", () => {
  const stage = (atStart: number, later: number) =>
    new Stage([dial("bob tcp"), expect("bob tcp", "303")]).takes({ programMs: atStart }).opens(10, "bob tcp")
      .takes({ programMs: later }).comes(900, "bob tcp", "304\n").play.end;
  assertEquals([stage(3000, 900)?.failure?.got, stage(3000, 900)?.isDoubtful], ["304", false]);
  assertEquals([stage(0, 1000)?.failure?.got, stage(0, 1000)?.isDoubtful], ["304", true]);
});

Deno.test("between pauses it is doubtful only where that was lost until a program had read what was sent last", () => {
  const stage = (...programMs: number[]) => {
    const stage = linked([send("bob tcp", "one"), expectPiece("bob tcp", "two")], true);
    return stage.takes(...programMs.map((programMs) => ({ programMs }))).until(30_000).play.end;
  };
  const got = "nothing within 4000 ms";
  assertEquals([stage(999, 0, 9000)?.failure?.got, stage(999, 0, 9000)?.isDoubtful], [got, false]);
  assertEquals([stage(1000)?.failure?.got, stage(1000)?.isDoubtful], [got, true]);
});
