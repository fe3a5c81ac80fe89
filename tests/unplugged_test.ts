import { assertEquals } from "@std/assert";
import { USERS } from "./support/lab.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { until } from "./support/wire.ts";

// Two hosts of our own, in network namespaces, with a cable that can be pulled: root on Linux only.
const [HERE, THERE] = ["plhere", "plthere"].map((name) => `${name}${Deno.pid % 100_000}`);
const why = await missing();
const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");

Deno.test({
  name: `a client whose cable is pulled leaves the list by itself${why && !required ? ` (skipped: ${why})` : ""}`,
  ignore: why !== undefined && !required,
  async fn() {
    assertEquals(why, undefined);
    using folder = new Folder();
    await ip("netns", "add", HERE!);
    await ip("netns", "add", THERE!);
    try {
      await ip("-n", HERE!, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", THERE!);
      for (const [host, address] of [[HERE!, "10.97.0.1/24"], [THERE!, "10.97.0.2/24"]] as const) {
        await ip("-n", host, "addr", "add", address, "dev", "cable");
        await ip("-n", host, "link", "set", "cable", "up");
      }
      await using server = new Running(inside(HERE!), "server", [
        "2001",
        folder.write("users.txt", USERS),
        "--idle-ms",
        "200",
      ], folder.path);
      await server.printed(/^im listening on 0\.0\.0\.0:2001\n/);
      await using jacky = new Running(inside(THERE!), "client", ["10.97.0.1", "2001"], folder.path);
      await jacky.type("jacky\n12345\n");
      await jacky.printed(/201 Build/);
      // Silent, but there: many probes later it is still inside.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      assertEquals(server.err.includes("jacky left"), false);
      await ip("-n", THERE!, "link", "set", "cable", "down");
      await until(() => server.err.includes("jacky left: its machine is not there any more"), "jacky has left", 60_000);
    } finally {
      await ip("netns", "del", HERE!);
      await ip("netns", "del", THERE!);
    }
  },
});

/** The programs, on one of the two hosts. */
function inside(host: string): Programs {
  return {
    name: host,
    command(program, args) {
      const { path, args: all } = SOURCES.command(program, args);
      return { path: "ip", args: ["netns", "exec", host, path, ...all] };
    },
  };
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

async function missing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  if (Deno.uid() !== 0) return "only root can make network namespaces";
  try {
    await ip("netns", "add", `${HERE}try`);
    await ip("netns", "del", `${HERE}try`);
  } catch (error) {
    return `ip netns does not work here: ${error}`;
  }
}
