import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { dirname, fromFileUrl, join } from "@std/path";
import { freePort } from "../lib/net/free_port.ts";
import { Folder, type Programs, Running } from "./support/programs.ts";
import { pythonTest as test } from "./support/python.ts";
import { openTable, peerAt } from "./support/table_programs.ts";
import { until } from "./support/wire.ts";

// Clients of the course, byte for byte as their teams wrote them (tests/peers/dialects.py), beside ours at one table.
const OFTEN = ["--table-refresh", "1"];

for (const dialect of ["A", "B"] as const) {
  test(`a client of dialect ${dialect}, there first or later: names and chat both ways, and its receiving thread lives`, async () => {
    using folder = new Folder();
    await using table = await openTable(folder, "--address-book-reply", "count", "--host", "127.0.0.1");
    await using first = course(dialect, table.port, "ann");
    await first.printed(/^table$/m);
    await using bob = peerAt(table.port, folder, "bob", ...OFTEN);
    await bob.printed(/^online ann \(plain\)$/m);
    await until(() => bob.err.includes("ann (plain) uses another program"), "it is said");
    await bob.type("/to ann hello 1 + 1!\n");
    await first.printed(dialect === "A" ? /^from bob@127\.0\.0\.1:\d+: hello 1 \+ 1!$/m : /^from \d+: hello 1 \+ 1!$/m);
    await bob.printed(/^unconfirmed ann \(plain\) 1$/m);
    await first.type("refresh\nnames\n");
    await first.printed(/^name bob$/m);
    await first.type(`say ${await table.portOf("bob")} good morning\n`);
    await bob.printed(/^from ann \(plain\): good morning \(unconfirmed\)$/m);

    // Another one comes later, and writes before our client has asked the table again.
    await using later = course(dialect, table.port, "cid");
    await later.printed(/^table \d+ \d+$/m);
    await later.type(`say ${await table.portOf("bob")} me too\n`);
    await bob.printed(/^from (cid|127\.0\.0\.1:\d+) \(plain\): me too \(unconfirmed\)$/m);
    await bob.printed(/^online cid \(plain\)$/m);

    await first.endInput();
    assertEquals(await first.over(), 0);
    await bob.printed(/^offline ann \(plain\)$/m);
    await bob.type("/group lab cid\n/secure cid\n");
    await until(
      () => /cid \(plain\) uses has no groups[^]*cid \(plain\) uses has no keys/.test(bob.err),
      "denied",
    );
    for (const each of [first, later]) assert(!each.out.includes("thread died"), each.out);
    assertEquals(bob.out.match(/^(delivered|failed) .*$/gm), null);
  });
}

test("a client of dialect C, which answers nothing: it shows one odd line, can be written to, and writes to us", async () => {
  using folder = new Folder();
  await using table = await openTable(folder, "--address-book-reply", "names", "--host", "127.0.0.1");
  await using ann = course("C", table.port, "ann");
  await ann.printed(/^table$/m);
  await using bob = peerAt(table.port, folder, "bob", ...OFTEN);
  await ann.printed(/^from : IDReq/m);
  // It may have this program once it has been silent for so long.
  while (!/^ann \(plain\) \(offline\)$/m.test(bob.out)) {
    await bob.type("/list\n");
    await delay(200);
  }
  await bob.type("/to ann 1+1\n");
  await ann.printed(/^from bob: 1＋1$/m);
  await ann.type("refresh\n");
  await ann.printed(/^table \d+$/m);
  await ann.type(`say ${await table.portOf("bob")} good morning\n`);
  await bob.printed(/^online ann \(plain\)$/m);
  await bob.printed(/^from ann \(plain\): good morning \(unconfirmed\)$/m);
  await bob.type("/to ann bye\n/table\n");
  await ann.printed(/^from bob: bye$/m);
  assertEquals(ann.out.match(/IDReq/g)!.length, 1);
  assert(!ann.out.includes("thread died"), ann.out);
  const [, own, entry] = await bob.printed(
    /^(table 127\.0\.0\.1 \d+ \(you\) -)\n(table 127\.0\.0\.1 \d+ ann \d\d:\d\d:\d\d)$/m,
  );
  assert(own !== entry);

  await using cid = course("C", table.port, "cid");
  await cid.printed(/^table \d+ \d+$/m);
  await cid.type(`say ${await table.portOf("bob")} me too\n`);
  await bob.printed(/^online cid \(plain\)\nfrom cid \(plain\): me too \(unconfirmed\)$/m);
});

test("all three dialects, and two Partylines, at one table: everybody talks with ours, ours with each other as ever", async () => {
  using folder = new Folder();
  await using table = await openTable(folder, "--address-book-reply", "names", "--host", "127.0.0.1");
  await using a = course("A", table.port, "ann");
  await using b = course("B", table.port, "ben");
  await using c = course("C", table.port, "cid");
  await until(() => table.size() === 3, "they are in the table");
  await using bob = peerAt(table.port, folder, "bob", ...OFTEN, "--trace", "--trace-file", "bob.jsonl");
  await using eve = peerAt(table.port, folder, "eve", ...OFTEN);
  for (const each of [bob, eve]) {
    for (const name of ["ann", "ben"]) await each.printed(new RegExp(`^online ${name} \\(plain\\)$`, "m"));
  }
  await bob.printed(/^online eve$/m);
  await eve.printed(/^online bob$/m);
  await bob.type("/to eve psst\n/to ann one\n/to ben two\n");
  await eve.printed(/^from bob: psst$/m);
  await bob.printed(/^delivered eve \d+$/m);
  await a.printed(/^from bob@\S+ one$/m);
  await b.printed(/^from \d+: two$/m);
  for (const [client, text] of [[a, "from a"], [b, "from b"], [c, "from c"]] as const) {
    await client.type("refresh\n");
    for (const name of ["bob", "eve"]) await client.type(`say ${await table.portOf(name)} ${text}\n`);
  }
  for (const each of [bob, eve]) {
    for (const [name, text] of [["ann", "from a"], ["ben", "from b"], ["cid", "from c"]]) {
      await each.printed(new RegExp(`^from ${name} \\(plain\\): ${text} \\(unconfirmed\\)$`, "m"));
    }
  }
  for (const each of [a, b, c]) assert(!each.out.includes("thread died"), each.out);
  // The trace shows the texts as they went over the wire.
  for (
    const traced of [
      / bob 127\.0\.0\.1:\d+> IDReq\\\\: \d+\\\\: 127\.0\.0\.1\\\\: \d+\\\\: \d+!X_GET_NAME\|\d+\|\+/,
      / bob 127\.0\.0\.1:\d+> P\\x05.*\{"type":"say","n":1,"text":"psst"\}$/m,
      / bob table> R:127\.0\.0\.1:\d+:bob$/m,
    ]
  ) await until(() => traced.test(bob.err), () => `${traced} in ${bob.err}`);
  await eve.type("/exit\n");
  assertEquals(await eve.over(), 0);
  await bob.printed(/^offline eve$/m);
  // Its file is whole once it has ended.
  await bob.type("/exit\n");
  assertEquals(await bob.over(), 0);
  const acks = Deno.readTextFileSync(join(folder.path, "bob.jsonl")).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert(acks.some(({ direction, base64 }) => direction === "down" && base64?.startsWith("UA")), "a datagram of ours");
});

const COURSE: Programs = {
  name: "the course's",
  command: (_program, args) => {
    const path = join(dirname(fromFileUrl(import.meta.url)), "peers", "dialects.py");
    return { path: "python3", args: [path, ...args] };
  },
};

function course(dialect: "A" | "B" | "C", table: string, name: string): Running {
  return new Running(COURSE, "client", [dialect, table, `${freePort()}`, name], ".");
}
