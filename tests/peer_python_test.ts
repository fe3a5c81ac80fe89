import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { Folder, type Programs, Running } from "./support/programs.ts";
import { pythonTest as test } from "./support/python.ts";
import { Random } from "./support/random.ts";
import { openTable, peerAt } from "./support/table_programs.ts";
import { becomes, until } from "./support/wire.ts";

// What docs/protocols/peers.md promises to small programs: tests/peers/thirty_lines.py needs nothing that is not on that page.
const MESSAGES = 20;

test("a Python program that asks us talks with us, all at once; it leaves, and that is said; another one comes", async () => {
  using folder = new Folder();
  await using table = await openTable(folder);
  await using bob = peerAt(table.port, folder, "bob");
  const port = await table.portOf("bob");
  await using pat = student("pat", port);
  await shown(bob, "online pat");
  await shown(pat, "online bob");
  await talk(bob, pat);

  await pat.endInput();
  await shown(bob, "offline pat");
  assertEquals(await pat.over(), 0);
  await assertTold(bob, pat);

  // The next program with that name is a new peer.
  await using again = student("pat", port);
  await shown(again, "online bob");
  await again.type("I am back.\n");
  await shown(bob, "from pat: I am back.");
  // Many pieces.
  const long = "long ".repeat(3000).trimEnd();
  await bob.type(`/to pat ${long}\n`);
  await bob.printed(new RegExp(`^delivered pat ${MESSAGES + 1}$`, "m"));
  await again.endInput();
  assertEquals(await again.over(), 0);
  assertEquals(again.out.replaceAll("long ", ""), "online bob\ndelivered 1\nfrom bob: long\n");
});

test("a Python program that reaches nobody is asked by ours and answers; when ours leaves, it ends", async () => {
  using folder = new Folder();
  await using table = await openTable(folder);
  using relay = new Relay();
  await using pat = student("pat", relay.near);
  await until(() => relay.counts.lost > 0, "pat has asked where nobody is yet");
  await using bob = peerAt(table.port, folder, "bob");
  await bob.type(`/add 127.0.0.1:${relay.far}\n`);
  await shown(bob, "online pat");
  await shown(pat, "online bob");
  await talk(bob, pat);

  await bob.type("/exit\n");
  assertEquals(await bob.over(), 0);
  assertEquals(await pat.over(), 1);
  assertEquals(pat.err, "bob is gone\n");
  await assertTold(bob, pat);
});

test("over a relay that loses a fifth and repeats a tenth everything comes once, in order, and is delivered", async () => {
  using folder = new Folder();
  await using table = await openTable(folder);
  await using bob = peerAt(table.port, folder, "bob");
  using relay = new Relay(await table.portOf("bob"), { random: new Random(1), loss: 0.2, repeat: 0.1 });
  await using pat = student("pat", relay.near);
  await shown(bob, "online pat");
  await shown(pat, "online bob");
  // In small batches, since messages sent together share datagrams.
  await talk(bob, pat, MESSAGES / 2);

  await pat.endInput();
  assertEquals(await pat.over(), 0);
  await assertTold(bob, pat);
  // The network was as bad as intended.
  const { carried, lost, repeated } = relay.counts;
  assert(lost > carried / 10 && repeated > carried / 40, JSON.stringify(relay.counts));
});

test("a Python program that dies and begins anew: what it never answered is told as failed", async () => {
  using folder = new Folder();
  await using table = await openTable(folder);
  await using bob = peerAt(table.port, folder, "bob", "--trace");
  // It uses the same address both times.
  using relay = new Relay(await table.portOf("bob"));
  await using pat = student("pat", relay.near);
  await shown(bob, "online pat");
  await bob.type("/to pat Are you well?\n");
  await shown(bob, "delivered pat 1");

  pat.process.kill("SIGSTOP");
  await bob.type("/to pat And now?\n");
  await until(() => bob.err.includes(`"text":"And now?"`), "it is under way");
  pat.process.kill("SIGKILL");
  await using again = student("pat", relay.near);
  await bob.printed(/^failed pat 2: .+$/m);
  await shown(again, "online bob");
  await bob.type("/to pat Here again?\n");
  await shown(bob, "delivered pat 3");
  assertEquals([heard(pat, "from bob:"), heard(again, "from bob:")], [["Are you well?"], ["Here again?"]]);
});

const PYTHON: Programs = {
  name: "a student's",
  command: (_program, args) => {
    const path = join(dirname(fromFileUrl(import.meta.url)), "peers", "thirty_lines.py");
    return { path: "python3", args: [path, ...args] };
  },
};

function student(name: string, port: number): Running {
  return new Running(PYTHON, "client", [name, "0", "127.0.0.1", `${port}`], ".");
}

/** Forwards datagrams between the sender to its near port and the peer behind its far one. */
class Relay {
  readonly counts = { carried: 0, lost: 0, repeated: 0 };
  readonly #near = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #far = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  #nearOne: Deno.Addr | undefined;
  #farOne: Deno.Addr | undefined;

  /** Without a given address, the far side must send first. */
  constructor(port?: number, readonly how?: { random: Random; loss: number; repeat: number }) {
    if (port !== undefined) this.#farOne = { transport: "udp", hostname: "127.0.0.1", port };
    this.#carry(this.#near, this.#far, (from) => (this.#nearOne = from, this.#farOne));
    this.#carry(this.#far, this.#near, (from) => (this.#farOne = from, this.#nearOne));
  }

  get near(): number {
    return (this.#near.addr as Deno.NetAddr).port;
  }

  get far(): number {
    return (this.#far.addr as Deno.NetAddr).port;
  }

  async #carry(from: Deno.DatagramConn, to: Deno.DatagramConn, where: (from: Deno.Addr) => Deno.Addr | undefined) {
    for await (const [datagram, sender] of from) {
      const address = where(sender);
      if (!address || this.how?.random.chance(this.how.loss)) {
        this.counts.lost++;
        continue;
      }
      this.counts.carried++;
      await to.send(datagram, address).catch(() => {});
      if (this.how?.random.chance(this.how.repeat)) {
        this.counts.repeated++;
        await to.send(datagram, address).catch(() => {});
      }
    }
  }

  [Symbol.dispose](): void {
    this.#near.close();
    this.#far.close();
  }
}

/** Both send everything at once, in batches, and wait until it was shown. */
async function talk(bob: Running, pat: Running, breaths = 1): Promise<void> {
  const each = MESSAGES / breaths;
  const speak = async (who: Running, line: (n: number) => string, delivered: () => number) => {
    for (let said = 0; said < MESSAGES; said += each) {
      await who.type(numbered(line).slice(said, said + each).join(""));
      await until(() => delivered() === said + each, `${said + each} are delivered:\n${who.out}${who.err}`);
    }
  };
  await Promise.all([
    speak(bob, (n) => `/to pat bob says ${n}\n`, () => heard(bob, "delivered pat").length),
    speak(pat, (n) => `pat says ${n}: ü "\n`, () => heard(pat, "delivered").length),
  ]);
}

/** Every line once, in order, and no other line. */
async function assertTold(bob: Running, pat: Running): Promise<void> {
  await becomes(() => heard(bob, "from pat:"), numbered((n) => `pat says ${n}: ü "`));
  assertEquals(heard(bob, "delivered pat"), numbered(String));
  assertEquals(heard(pat, "from bob:"), numbered((n) => `bob says ${n}`));
  const delivered = heard(pat, "delivered").map(Number);
  assertEquals(delivered, delivered.toSorted((a, b) => a - b));
  assertEquals(new Set(delivered).size, MESSAGES);
  assertEquals(heard(pat, "online"), ["bob"]);
  assertEquals(heard(bob, "online"), ["pat"]);
  assertEquals([...heard(bob, "failed"), ...heard(pat, "failed")], []);
}

/** The remainder of each printed line with this beginning, in order. */
function heard(who: Running, beginning: string): string[] {
  const lines = who.out.split("\n").filter((line) => line.startsWith(`${beginning} `));
  return lines.map((line) => line.slice(beginning.length + 1));
}

async function shown(who: Running, line: string): Promise<void> {
  await until(() => `\n${who.out}`.includes(`\n${line}\n`), `"${line}" in:\n${who.out}${who.err}`);
}

function numbered(line: (n: number) => string): string[] {
  return Array.from({ length: MESSAGES }, (_, i) => line(i + 1));
}
