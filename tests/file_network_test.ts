import { assert } from "@std/assert";
import { join } from "@std/path";
import { contains, exists, randomBytes, sizeOf } from "./support/file_bytes.ts";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { HASHED_USERS } from "./support/test_server.ts";
import { Folder, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

// Files between separate hosts: real programs, pulled cables, separate networks.
const test = await hostsTest();

test("a cable is pulled during a transfer: it resumes once the cable is back", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "desk");
  await hosts.switch("switch", { alice: "10.97.0.1/24", bob: "10.97.0.2/24", desk: "10.97.0.9/24" });
  await using desk = server(hosts, folder);
  await desk.printed(/^im listening/m);
  const film = randomBytes(160_000_000);
  Deno.writeFileSync(join(folder.path, "film.bin"), film);
  await using alice = client(hosts, folder, "alice", "10.97.0.9");
  await using bob = client(hosts, folder, "bob", "10.97.0.9");
  await offered(alice, bob);
  const part = join(folder.path, "bob", "film.bin.part");
  await until(() => sizeOf(part) > 4_000_000, "the first part of it");
  await hosts.ip("bob", "link", "set", "dev", "switch", "down");
  // Bytes in flight still arrive, then nothing more.
  let size = -1;
  await until(
    () => {
      const before = size;
      size = sizeOf(part);
      return size === before;
    },
    "it stands still",
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const stopped = sizeOf(part);
  assert(stopped < film.length, "the cable was pulled too late");
  await hosts.ip("bob", "link", "set", "dev", "switch", "up");
  await until(() => sizeOf(part) > stopped || exists(join(folder.path, "bob", "film.bin")), "it goes on");
  await received(folder, bob, film);
  await sent(alice);
});

test("between two separate networks a file goes through the server, and both clients are told", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "desk");
  await hosts.cable({ host: "desk", address: "10.97.1.9/24" }, { host: "alice", address: "10.97.1.1/24" });
  await hosts.cable({ host: "desk", address: "10.97.2.9/24" }, { host: "bob", address: "10.97.2.1/24" });
  await using desk = server(hosts, folder);
  await desk.printed(/^im listening/m);
  const film = randomBytes(5_000_000);
  Deno.writeFileSync(join(folder.path, "film.bin"), film);
  await using alice = client(hosts, folder, "alice", "10.97.1.9");
  await using bob = client(hosts, folder, "bob", "10.97.2.9");
  await offered(alice, bob);
  await received(folder, bob, film);
  await sent(alice);
  for (const who of [alice, bob]) assert(who.err.includes("through the chat"), who.err);
});

function server(hosts: Hosts, folder: Folder): Running {
  const args = ["2001", folder.write("users.txt", HASHED_USERS), "--data", "server"];
  return new Running(hosts.inside("desk"), "server", args, folder.path);
}

function client(hosts: Hosts, folder: Folder, name: string, server: string): Running {
  folder.write("password", "12345\n");
  const who = ["--name", name, "--data", `data-${name}`, "--downloads", name, "--password-file", "password"];
  return new Running(hosts.inside(name), "client", ["chat", server, "2001", ...who], folder.path);
}

async function offered(alice: Running, bob: Running): Promise<void> {
  await bob.type("/list\n");
  await bob.printed(/^jacky/m);
  await alice.type("/send bob film.bin\n");
  const [, n] = await bob.printed(/^file (\d+) from alice: film\.bin/m);
  await bob.type(`/accept ${n}\n`);
}

async function received(folder: Folder, bob: Running, film: Uint8Array): Promise<void> {
  await until(() => /^file \d+ received: /m.test(bob.out), "it is received");
  assert(contains(join(folder.path, "bob", "film.bin"), film));
}

async function sent(alice: Running): Promise<void> {
  await until(() => /^file \d+ sent$/m.test(alice.out), "alice is told");
}
