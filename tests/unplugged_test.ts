import { assertEquals } from "@std/assert";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { USERS } from "./support/test_server.ts";
import { Folder, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

// Two hosts connected by a cable that can be pulled.
const test = await hostsTest();

test("a client whose cable is pulled is removed from the list", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("here", "there");
  await hosts.cable({ host: "here", address: "10.97.0.1/24" }, { host: "there", address: "10.97.0.2/24" });
  await using server = new Running(hosts.inside("here"), "server", [
    "2001",
    folder.write("users.txt", USERS),
    "--idle-ms",
    "200",
  ], folder.path);
  await server.printed(/^im listening on 0\.0\.0\.0:2001\n/);
  await using jacky = new Running(hosts.inside("there"), "client", ["10.97.0.1", "2001"], folder.path);
  await jacky.type("jacky\n12345\n");
  await jacky.printed(/201 Build/);
  // A silent client that answers probes stays online.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assertEquals(server.err.includes("jacky left"), false);
  await hosts.ip("there", "link", "set", "here", "down");
  await until(() => server.err.includes("jacky left: its machine does not answer any more"), "jacky has left", 60_000);
});
