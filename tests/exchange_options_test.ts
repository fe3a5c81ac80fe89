import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../lib/core/errors.ts";
import { EXCHANGE_OPTIONS, type ExchangePlan, readExchange } from "../lib/server/exchange_options.ts";
import { openExchange } from "../lib/server/open_exchange.ts";
import { readFlags } from "../lib/terminal/flags.ts";
import { freePort } from "../lib/net/free_port.ts";
import { Member } from "./support/exchange_member.ts";
import { Folder } from "./support/programs.ts";

function read(line: string): ExchangePlan | undefined {
  return readExchange(readFlags(line.split(" "), EXCHANGE_OPTIONS));
}

Deno.test("the options of an exchange say where it is", () => {
  assertEquals(readExchange(readFlags([], EXCHANGE_OPTIONS)), undefined);
  // As from PARTYLINE_NAME, which is the client's.
  assertEquals(read("--name alice"), undefined);
  const none = { loginFile: undefined, authorityFile: undefined };
  assertEquals(read("--exchange nats://lab:4222 --name lab1"), {
    place: { type: "nats", address: { servers: ["lab:4222"], requiresTls: false }, ...none },
    name: "lab1",
  });
  const cluster = read("--exchange tls://10.0.0.1,10.0.0.2:4333,[fe00::1] --exchange-login l --exchange-ca c");
  assertEquals(cluster!.place, {
    type: "nats",
    address: { servers: ["10.0.0.1:4222", "10.0.0.2:4333", "[fe00::1]:4222"], requiresTls: true },
    loginFile: "l",
    authorityFile: "c",
  });
  const keeper = (hostname: string, port: number) => ({ type: "link", keeper: { hostname, port }, secretFile: "s" });
  assertEquals(read("--link lab --link-secret s")!.place as unknown, keeper("lab", 2444));
  assertEquals(read("--link [::1]:5000 --link-secret s")!.place as unknown, keeper("::1", 5000));
  assertEquals(read("--link-port 0")!.place, { type: "keeper", port: 0, secretFile: undefined });
});

Deno.test("a mistake in them is named", () => {
  const mistakes: Readonly<Record<string, string>> = {
    "--exchange lab:4222":
      'the exchange is nats://HOST:PORT or tls://HOST:PORT, several of them with commas; found "lab:4222"',
    "--exchange nats://me:secret@lab": "the login at the exchange is given in a file",
    "--exchange nats://lab:0": 'a server of the exchange is HOST or HOST:PORT, not "lab:0"',
    "--exchange nats://lab --link lab": "--exchange and --link exclude each other; give one",
    "--link lab": "--link needs --link-secret FILE",
    "--link lab:port --link-secret s": '--link takes HOST or HOST:PORT, not "lab:port"',
    "--link-port 70000": '--link-port must be a whole number from 0 to 65535, not "70000"',
    "--link-port 1 --exchange-login f": "--exchange-login goes with --exchange",
    "--exchange nats://lab --link-secret f": "--link-secret goes with --link or --link-port",
    "--link-port 1 --name a/b": '--name takes up to 32 letters, digits, dots and hyphens, not "a/b"',
  };
  for (const [line, why] of Object.entries(mistakes)) {
    const error = assertThrows(() => read(line), UserError);
    assert(error.message.startsWith(why), `${line}: ${error.message}`);
  }
});

Deno.test("a server keeps the log, and another one is linked to it with a copy of its secret", async () => {
  using folder = new Folder();
  const context = { host: "127.0.0.1", data: folder.path };
  const port = freePort();
  const one = await openExchange(read(`--link-port ${port}`)!.place, { ...context, self: "one", name: "one" });
  await using keeper = new Member("one", one);
  const line = `--link 127.0.0.1:${port} --link-secret ${folder.path}/link-secret`;
  const two = await openExchange(read(line)!.place, { ...context, self: "two", name: "two" });
  await using linked = new Member("two", two);
  await linked.heard("connected");
  await keeper.heard("connected");
  linked.read(0);
  keeper.publish("from the keeper");
  await linked.given(1);
  assertEquals(linked.texts, ["from the keeper"]);
});
