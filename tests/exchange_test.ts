import { assert, assertEquals, assertMatch } from "@std/assert";
import { EXCHANGE_BYTES, LINK_LOG_BYTES } from "../lib/core/limits.ts";
import { jetStreamExchange } from "../lib/exchange/makers/jetstream.ts";
import { linkExchange } from "../lib/exchange/makers/link_client.ts";
import { KeeperExchange } from "../lib/exchange/makers/link_keeper.ts";
import { LinkLog } from "../lib/exchange/makers/link_log.ts";
import { LinkServer } from "../lib/exchange/makers/link_server.ts";
import { type NatsAddress, parseNatsAddress } from "../lib/exchange/makers/nats_address.ts";
import { openNats } from "../lib/exchange/makers/nats_connection.ts";
import { ownCertificate } from "../lib/store/certificate.ts";
import { Member } from "./support/exchange_member.ts";
import { Folder } from "./support/programs.ts";
import { until as waitUntil } from "./support/wire.ts";
import { missingNats, type NatsOptions, NatsServer } from "./support/nats_server.ts";

/** What a maker connects to. */
interface Exchange extends AsyncDisposable {
  member(id: string): Member;
  /** Ends it as a crash does, and starts it again. */
  crash(): Promise<void>;
  /** Its log is gone; the exchange goes on. */
  forget(): Promise<void>;
}

interface Maker {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly missing: string | undefined;
  /** Whether its log is still there after a crash. */
  readonly keepsLog: boolean;
  open(): Promise<Exchange>;
}

class NatsExchange implements Exchange {
  private constructor(readonly server: NatsServer) {}

  static async open(options?: NatsOptions): Promise<NatsExchange> {
    return new NatsExchange(await NatsServer.open(options));
  }

  get #address(): NatsAddress {
    return parseNatsAddress(`nats://127.0.0.1:${this.server.port}`);
  }

  member(id: string, login?: string, authority?: string): Member {
    return new Member(id, jetStreamExchange(id, { address: this.#address, login, authority, name: id }));
  }

  async crash(): Promise<void> {
    await this.server.kill();
    await this.server.start();
  }

  async forget(): Promise<void> {
    const { connection, manager } = await openNats({
      address: this.#address,
      login: undefined,
      authority: undefined,
      name: "x",
    });
    await manager.streams.delete("PL_SAID");
    await connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

const SECRET = "0123456789abcdef";

/** A keeper of this process. After a crash its port is the same. */
class LinkExchange implements Exchange {
  readonly #folder = new Folder();
  readonly #certificate = ownCertificate(this.#folder.path, [], Date.now());
  #log = new LinkLog(Date.now(), LINK_LOG_BYTES);
  #server = this.#serve(0);

  member(id: string, secret = SECRET): Member {
    return new Member(id, linkExchange(id, this.#server.address, secret));
  }

  /** The server that keeps the log. */
  keeper(id: string): Member {
    return new Member(id, new KeeperExchange(this.#log, id));
  }

  async crash(): Promise<void> {
    const { port } = this.#server.address;
    await this.#server.close();
    this.#log = new LinkLog(this.#log.epoch + 1, LINK_LOG_BYTES);
    this.#server = this.#serve(port);
  }

  forget(): Promise<void> {
    return this.crash();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    this.#folder[Symbol.dispose]();
  }

  #serve(port: number): LinkServer {
    const where = { hostname: "127.0.0.1", port };
    return new LinkServer({ where, certificate: this.#certificate, secret: SECRET }, this.#log);
  }
}

const LINK: Maker = {
  name: "link",
  missing: undefined,
  keepsLog: false,
  open: () => Promise.resolve(new LinkExchange()),
};
const JETSTREAM: Maker = { name: "JetStream", missing: missingNats, keepsLog: true, open: () => NatsExchange.open() };

const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");

/** A test of one maker. */
function test({ name: maker, missing }: Maker, name: string, fn: () => Promise<void>): void {
  const ignore = missing !== undefined && !required;
  Deno.test({ name: `${maker}: ${name}${ignore ? ` (${missing})` : ""}`, ignore, fn });
}

for (const maker of [JETSTREAM, LINK]) {
  test(
    maker,
    "all servers are given the same entries in the same order, each once, each server's in its own order",
    async () => {
      await using exchange = await maker.open();
      await using one = exchange.member("one");
      await using two = exchange.member("two");
      for (const member of [one, two]) {
        const { first, last, epoch } = await member.heard("connected");
        assertEquals({ first, last }, { first: 1, last: 0 });
        assertEquals(epoch, one.connected!.epoch);
        member.read(0);
      }
      const texts = (member: Member) => Array.from({ length: 300 }, (_, i) => `${member.id} ${i}`);
      for (let i = 0; i < 300; i++) for (const member of [one, two]) member.publish(`${member.id} ${i}`);
      await one.given(600);
      await two.given(600);
      assertEquals(one.entries, two.entries);
      for (const member of [one, two]) {
        assertEquals(one.texts.filter((text) => text.startsWith(member.id)), texts(member));
      }
      assert(one.entries.every(({ place }, i) => i === 0 || place > one.entries[i - 1]!.place));
    },
  );

  test(maker, "a server that comes back reads on where it was, and is given no more than it takes", async () => {
    await using exchange = await maker.open();
    await using one = exchange.member("one");
    await one.heard("connected");
    one.read(0);
    for (let i = 0; i < 20; i++) one.publish(`entry ${i}`);
    await one.given(20);

    await using back = exchange.member("two");
    assertEquals((await back.heard("connected")).last, one.entries[19]!.place);
    back.read(one.entries[4]!.place, 0);
    back.port.execute({ type: "take", count: 3 });
    await back.given(3);
    back.send(one, "no more than that");
    one.publish("entry 20");
    // Whatever had been on its way is there once two answers have come by the same connection.
    await one.given(21);
    await until(one, 1);
    assertEquals(back.entries, one.entries.slice(5, 8));
    back.port.execute({ type: "take", count: 100 });
    await back.given(16);
    assertEquals(back.entries, one.entries.slice(5));
  });

  test(maker, "a message arrives at the server that it is for, or at all others", async () => {
    await using exchange = await maker.open();
    await using one = exchange.member("one");
    await using two = exchange.member("two");
    await using three = exchange.member("three");
    for (const member of [one, two, three]) await member.heard("connected");
    // The subscription of a server is there before its entry is.
    for (const member of [one, two, three]) member.read(0);
    for (const member of [one, two, three]) member.publish("here");
    for (const member of [one, two, three]) await member.given(3);
    one.send(two, "to two");
    one.send(undefined, "to the others");
    three.send(one, "to one");
    await until(one, 1);
    await until(two, 2);
    await until(three, 1);
    assertEquals(one.messages, ["to one"]);
    assertEquals(two.messages, ["to two", "to the others"]);
    assertEquals(three.messages, ["to the others"]);
  });

  test(maker, "the longest entry and any bytes arrive as they are", async () => {
    await using exchange = await maker.open();
    await using one = exchange.member("one");
    await one.heard("connected");
    one.read(0);
    const bytes = crypto.getRandomValues(new Uint8Array(EXCHANGE_BYTES - 65_536 * 5));
    const longest = new Uint8Array(EXCHANGE_BYTES);
    longest.set(bytes, 7);
    one.port.execute({ type: "publish", id: "longest", bytes: longest });
    one.port.execute({ type: "publish", id: "empty", bytes: new Uint8Array() });
    await one.given(2);
    const [first, second] = one.events.filter((event) => event.type === "entry").map((event) => event.bytes);
    assertEquals(first, longest);
    assertEquals(second, new Uint8Array());
  });

  test(maker, "after a crash of the exchange all is as the log says, and servers go on", async () => {
    await using exchange = await maker.open();
    await using one = exchange.member("one");
    await using two = exchange.member("two");
    for (const member of [one, two]) {
      await member.heard("connected");
      member.read(0);
    }
    for (let i = 0; i < 50; i++) one.publish(`before ${i}`);
    await one.given(50);
    await two.given(50);
    const { epoch } = one.connected!;
    const { place } = one.entries[49]!;
    const heard = [one.events.length, two.events.length];
    await exchange.crash();
    for (const [index, member] of [one, two].entries()) {
      await member.heard("lost", heard[index]);
      const { first, last, epoch: now } = await member.heard("connected", heard[index]);
      if (maker.keepsLog) assertEquals({ first, last, epoch: now }, { first: 1, last: place, epoch });
      else assert(now > epoch && last === 0);
      member.read(maker.keepsLog ? place : 0);
    }
    for (let i = 0; i < 50; i++) two.publish(`after ${i}`);
    await one.given(100);
    await two.given(100);
    assertEquals(one.texts, two.texts);
    assertEquals(one.texts.slice(50), Array.from({ length: 50 }, (_, i) => `after ${i}`));
  });

  test(maker, "a log that was removed is made anew, with a greater epoch", async () => {
    await using exchange = await maker.open();
    await using one = exchange.member("one");
    await one.heard("connected");
    one.read(0);
    one.publish("forgotten");
    await one.given(1);
    const { epoch } = one.connected!;
    const heard = one.events.length;
    await exchange.forget();
    await one.heard("lost", heard);
    const { epoch: now, first, last } = await one.heard("connected", heard);
    assert(now > epoch);
    assertEquals({ first, last }, { first: 1, last: 0 });
    one.read(0);
    one.publish("kept");
    await one.given(2);
    assertEquals(one.texts, ["forgotten", "kept"]);
  });
}

test(JETSTREAM, "an entry that the log does not take is refused, and later ones are appended", async () => {
  await using exchange = await NatsExchange.open();
  await using one = exchange.member("one");
  await one.heard("connected");
  one.read(0);
  one.port.execute({ type: "publish", id: "too-long", bytes: new Uint8Array(EXCHANGE_BYTES * 2) });
  one.publish("short");
  await one.given(1);
  assertEquals(await one.heard("refused"), {
    type: "refused",
    id: "too-long",
    why: "message size exceeds maximum allowed",
  });
  assertEquals(one.texts, ["short"]);
});

test(JETSTREAM, "an operator reads why there is no exchange", async () => {
  const why = async (member: Member) => {
    await using closed = member;
    return (await closed.heard("unreachable")).why.replaceAll(/127\.0\.0\.1:\d+/g, "HOST");
  };
  await using plain = await NatsExchange.open({ jetStream: false });
  assertEquals(
    await why(plain.member("one")),
    "nats-server at HOST has no JetStream for this login; start it with -js, or see its accounts",
  );
  await using locked = await NatsExchange.open({ login: "lab:right" });
  assertEquals(await why(locked.member("one")), "nats-server at HOST asks for a login");
  assertEquals(await why(locked.member("one", "lab:wrong")), "nats-server at HOST refuses the login");
  await using inside = locked.member("one", "lab:right\n");
  await inside.heard("connected");
  await plain.server.kill();
  assertEquals(await why(plain.member("one")), "nothing listens at HOST");
});

test(
  JETSTREAM,
  "TLS, where the exchange asks for it: with a certificate that is trusted, and with no other",
  async () => {
    using folder = new Folder();
    const certificate = ownCertificate(folder.path, ["127.0.0.1"], Date.now());
    await using exchange = await NatsExchange.open({ certificate });
    await using one = exchange.member("one", undefined, certificate.cert);
    await one.heard("connected");
    one.read(0);
    one.publish("by TLS");
    await one.given(1);
    await using two = exchange.member("two");
    assertMatch((await two.heard("unreachable")).why, /^cannot connect to 127\.0\.0\.1:\d+: .*UnknownIssuer/);
  },
);

Deno.test("link: the server that keeps the log is one of those that are linked", async () => {
  await using exchange = new LinkExchange();
  await using keeper = exchange.keeper("one");
  await using other = exchange.member("two");
  for (const member of [keeper, other]) {
    await member.heard("connected");
    member.read(0);
  }
  for (let i = 0; i < 300; i++) for (const member of [keeper, other]) member.publish(`${member.id} ${i}`);
  await keeper.given(600);
  await other.given(600);
  assertEquals(keeper.entries, other.entries);
  keeper.send(other, "to two");
  other.send(undefined, "to the others");
  await until(keeper, 1);
  await until(other, 1);
  assertEquals([keeper.messages, other.messages], [["to the others"], ["to two"]]);
});

Deno.test("link: a server with another secret is not let in, and learns no more than that", async () => {
  await using exchange = new LinkExchange();
  await using one = exchange.member("one", "another secret 0");
  assertMatch(
    (await one.heard("unreachable")).why,
    /^127\.0\.0\.1:\d+: it does not let this server in: it has another secret$/,
  );
});

async function until(member: Member, messages: number): Promise<void> {
  await waitUntil(() => member.messages.length >= messages, () => `${messages} messages at ${member.id}`);
}
