import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { contains, randomBytes } from "./support/file_bytes.ts";
import { StoringServer } from "./support/native.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { HASHED_USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

// Files between the rooms handout's client, in a real process, and members of the room in `client chat`. Its pauses are longer than
// the handout's, since a machine that is busy with other tests joins what comes 0.1 s apart.
const PAUSE_S = 0.4;
const LIMITS = { roomsPauseMs: 400 };
const SIZES = [0, 20_000, 5_000_000];
const python = Deno.build.os !== "windows" && await new Deno.Command("python3", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success, () => false);
const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");

function test(name: string, run: (lab: Lab) => Promise<void>, limits: Record<string, number> = {}): void {
  Deno.test({
    name: python || required ? name : `${name} (no python3)`,
    ignore: !python && !required,
    fn: async () => {
      await using server = await StoringServer.open({
        users: HASHED_USERS,
        rooms: true,
        limits: { ...LIMITS, ...limits },
      });
      using folder = new Folder();
      folder.write("password", "12345\n");
      await run(new Lab(server, folder));
    },
  });
}

/** A server with guests and members, each in a folder of its own. */
class Lab {
  constructor(readonly server: StoringServer, readonly folder: Folder) {}

  guest(name: string): Running {
    Deno.mkdirSync(join(this.folder.path, name));
    const file = join(dirname(fromFileUrl(import.meta.url)), "peers", "rooms_client.py");
    const args = [file, "127.0.0.1", String(this.server.portOf("rooms")), name, "lab", join(this.folder.path, name)];
    const programs: Programs = {
      name: "python",
      command: () => ({ path: "python3", args: [...args, "--pause", String(PAUSE_S)] }),
    };
    return new Running(programs, "client", [], Deno.cwd());
  }

  /** A user in `client chat` who is in the room. */
  async member(name: string): Promise<Running> {
    const who = ["--name", name, "--password-file", "password", "--data", `data-${name}`, "--downloads", name];
    const client = new Running(
      SOURCES,
      "client",
      ["chat", "127.0.0.1", String(this.server.port), ...who],
      this.folder.path,
    );
    await client.type("/join lab\n");
    await client.printed(/^joined lab$/m);
    return client;
  }

  /** A file with random contents. */
  file(name: string, bytes: Uint8Array): string {
    const path = join(this.folder.path, name);
    Deno.writeFileSync(path, bytes);
    return path;
  }

  has(path: string, bytes: Uint8Array): boolean {
    return contains(join(this.folder.path, path), bytes);
  }
}

async function shown(program: Running, text: string): Promise<void> {
  await until(() => program.out.includes(text), () => `${text} in ${program.out}, ${program.err}`);
}

test("what a guest sends is offered to members, who accept it or not; other guests get it at once, and no offer", async (lab) => {
  await using carol = lab.guest("carol");
  await shown(carol, "New Group created");
  await using dave = lab.guest("dave");
  await shown(dave, "Welcome to chat room");
  await using bob = await lab.member("bob");
  await using jacky = await lab.member("jacky");
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    await carol.type(`/file ${lab.file(`f${size}.bin`, bytes)}\n`);
    const [, n] = await bob.printed(new RegExp(`^file (\\d+) from carol: f${size}.bin `, "m"));
    await jacky.printed(new RegExp(`^file ${n} from carol: f${size}.bin `, "m"));
    await bob.type(`/accept ${n}\n`);
    await jacky.type(`/${size === 0 ? "refuse" : "accept"} ${n}\n`);
    const [, path] = await bob.printed(new RegExp(`^file ${n} received: (.*)$`, "m"));
    assert(lab.has(path!, bytes));
    if (size > 0) {
      await jacky.printed(new RegExp(`^file ${n} received: `, "m"));
      assert(lab.has(`jacky/f${size}.bin`, bytes));
    }
    await shown(dave, `carol: client_f${size}.bin Received`);
    assert(lab.has(`dave/client_f${size}.bin`, bytes));
  }
  // Where it comes from is a notice, which a script has on its standard error.
  await until(() => bob.err.includes("comes from carol through the chat"), () => bob.err);
  await carol.type("and a text\n");
  await shown(dave, "<carol> and a text");
  assert(!dave.out.includes("offers"), dave.out);
});

test("what a member offers to the room reaches its guests whole, and the member hears of each; a folder is said to be one", async (lab) => {
  await using carol = lab.guest("carol");
  await shown(carol, "New Group created");
  await using dave = lab.guest("dave");
  await shown(dave, "Welcome to chat room");
  await using bob = await lab.member("bob");
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    lab.file(`m${size}.bin`, bytes);
    await bob.type(`/send lab m${size}.bin\n`);
    for (const guest of ["carol", "dave"]) {
      await shown(guest === "carol" ? carol : dave, `bob: client_m${size}.bin Received`);
      assert(lab.has(`${guest}/client_m${size}.bin`, bytes));
    }
    const [, n] = await bob.printed(new RegExp(`^file (\\d+) to lab: m${size}.bin `, "m"));
    await until(() => bob.out.split(`file ${n} sent\n`).length === 3, () => bob.out);
  }
  Deno.mkdirSync(join(lab.folder.path, "tree"));
  lab.file("tree/leaf.txt", new Uint8Array(6));
  await bob.type("/send lab tree\n");
  await shown(
    carol,
    "<bob> offers the folder tree (6 bytes), which is not sent here: a folder cannot be sent to this client",
  );
  await shown(bob, " failed: carol: a folder cannot be sent to this client");
  assert(!carol.out.includes("partyline-file"), carol.out);
});

test("the offers of a guest who leaves end with that reason, and its name offers nothing any more", async (lab) => {
  await using carol = lab.guest("carol");
  await shown(carol, "New Group created");
  await using bob = await lab.member("bob");
  await carol.type(`/file ${lab.file("gone.bin", randomBytes(20_000))}\n`);
  const [, n] = await bob.printed(/^file (\d+) from carol: gone\.bin /m);
  await carol.endInput();
  await bob.printed(/^file \d+ failed: carol has withdrawn it: carol has left$/m);
  await bob.type(`/accept ${n}\n`);
  await shown(bob, "gone.bin");
  assertEquals(lab.server.instance.hub.size.sessions, 1);
});

test(
  "a file that memory does not permit is refused with a reason, and a guest's further offers end its oldest",
  async (lab) => {
    await using carol = lab.guest("carol");
    await shown(carol, "New Group created");
    await using bob = await lab.member("bob");
    lab.file("large.bin", randomBytes(60_000));
    await bob.type("/send lab large.bin\n");
    await shown(carol, "<bob> offers large.bin (60 kB), which is not sent here: a file has at most 50 kB here");
    await bob.printed(/^file \d+ failed: carol: a file has at most /m);
    const numbers: string[] = [];
    for (const i of [1, 2, 3]) {
      await carol.type(`/file ${lab.file(`s${i}.bin`, randomBytes(40_000))}\n`);
      const [, n] = await bob.printed(new RegExp(`^file (\\d+) from carol: s${i}.bin `, "m"));
      numbers.push(n!);
    }
    await bob.type(`/accept ${numbers[0]}\n`);
    await bob.printed(new RegExp(`^file ${numbers[0]} failed: carol has withdrawn it: `, "m"));
    await bob.type(`/accept ${numbers[2]}\n`);
    await bob.printed(new RegExp(`^file ${numbers[2]} received: `, "m"));
  },
  { roomsFileBytes: 50_000, roomsHeldBytes: 100_000 },
);
