import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { decodeBase64, encodeBase64 } from "../lib/core/bytes.ts";
import { authMessage } from "../lib/store/proofs.ts";
import { keyFingerprint, ownCertificate, pinned } from "../lib/store/certificate.ts";
import { KnownHosts } from "../lib/store/known_hosts.ts";
import { Browser } from "./support/browser.ts";
import { type Json, RawNative, StoringServer } from "./support/native.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { RawClient, TestServer, USERS } from "./support/test_server.ts";
import { Wire } from "./support/wire.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

/** A key pair of a guest's client. */
function freshKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

/** Asks at the IM listener to be a guest of this name; the answer to the proof, or the refusal, and the client. */
async function enter(server: TestServer, name: string, pair: CryptoKeyPair): Promise<[Json, RawNative]> {
  const raw = await RawClient.open(server.port);
  const native = new RawNative(raw.la, raw, "a-guest");
  assertEquals(await raw.la.ask("/partyline 2 guest"), "110 partyline 2");
  const key = encodeBase64(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const challenge = await native.ask({ type: "hello", version: 2, name, nonce: "n", key });
  if (challenge.type !== "challenge") return [challenge, native];
  const message = authMessage(name, "n", decodeBase64(challenge.nonce)!);
  const proof = await crypto.subtle.sign("Ed25519", pair.privateKey, new Uint8Array(message));
  return [await native.ask({ type: "proof", proof: encodeBase64(new Uint8Array(proof)) }), native];
}

Deno.test("a guest has a name and a room, which is listed to its members alone; others in it hear the guest", async () => {
  await using server = await TestServer.open({ guests: true });
  const [welcome, gina] = await enter(server, "gina", await freshKey());
  assertEquals(welcome, { type: "welcome", version: 2, name: "gina" });
  await gina.resume();
  assertEquals((await gina.ask({ type: "join", ref: 1, room: "lab1", unlisted: true })).members, 1);
  using bob = await RawNative.resume(server, "bob");
  const listed = await bob.ask({ type: "rooms", ref: 1 });
  assertEquals(listed.list.map(({ name }: Json) => name), ["lobby"]);
  assertEquals((await bob.ask({ type: "join", ref: 2, room: "lab1" })).members, 2);
  await gina.say({ room: "lab1" }, "hello");
  assertEquals((await bob.take()).text, "hello");
  gina.close();
});

Deno.test("a name that is an account's, looks like one, or is held by another key is no guest's", async () => {
  await using server = await TestServer.open({ guests: true });
  const refusal = async (name: string, pair: CryptoKeyPair) => {
    const [answer, client] = await enter(server, name, pair);
    client.close();
    return answer.why as string | undefined;
  };
  const key = await freshKey();
  assertMatch((await refusal("bob", key))!, /^"bob" is an account of this server/);
  assertMatch((await refusal("b0b", key))!, /^"b0b" looks like the name of another user, "bob"/);
  assertEquals(await refusal("gina", key), undefined);
  assertMatch((await refusal("gina", await freshKey()))!, /^"gina" is held by another key/);
  assertEquals(await refusal("gina", key), undefined);
});

Deno.test("what waits for a guest is the guest's with the same key, and of no one else", async () => {
  await using server = await TestServer.open({ guests: true });
  const key = await freshKey();
  const [, first] = await enter(server, "gina", key);
  await first.resume();
  first.close();
  using bob = await RawNative.resume(server, "bob");
  await bob.say({ to: "gina" }, "for you alone");
  const [other, stranger] = await enter(server, "gina", await freshKey());
  assertEquals(other.type, "refused");
  stranger.close();
  const [, again] = await enter(server, "gina", key);
  await again.resume();
  assertEquals((await again.take()).text, "for you alone");
  again.close();
});

Deno.test("without --guests a guest's line is unknown, and the page takes none", async () => {
  await using server = await TestServer.open({ web: true });
  const wire = await Wire.connect(server.port);
  assertEquals(await wire.ask("/partyline 2 guest"), "401 Unrecognized message");
  assertEquals(await wire.ask("/login bob 12345"), "101 Authentication successful");
  wire.close();
  const page = new Browser(server.portOf("web"));
  assertEquals((await page.about()).guests, false);
  assertEquals((await page.post("/guest", { name: "gina", secret: SECRET }))[0], 403);
});

Deno.test("a guest of the page: the browser's secret holds the name; an account of that name ends it", async () => {
  await using server = await TestServer.open({ web: true, guests: true });
  const page = () => new Browser(server.portOf("web"));
  const gina = page();
  assertEquals((await gina.about()).guests, true);
  assertEquals(await gina.post("/guest", { name: "gina", secret: SECRET }), [200, { name: "gina" }]);
  {
    await using chat = await gina.chat();
    assertEquals((await chat.next("welcome")).name, "gina");
  }
  const other = page();
  const [status, said] = await other.post("/guest", { name: "gina", secret: SECRET.replace("0", "1") });
  assertEquals(status, 403);
  assertStringIncludes((said as Json).why, "held by another key");
  assertEquals((await page().post("/guest", { name: "bob", secret: SECRET }))[0], 403);
  assertEquals((await page().post("/guest", { name: "gina", secret: "short" }))[0], 400);
  server.instance.hub.replaceAccounts(decodeUsers(`${USERS}\ngina her-own`) as Accounts);
  assertEquals((await gina.about()).name, null);
  await assertRejects(() => gina.chat(), Error, "401");
});

Deno.test("client chat --guest goes over to TLS where the server offers it, and is held to a key that is known", async () => {
  using folder = new Folder();
  await using server = await StoringServer.open({ guests: true, tlsPort: true });
  const join = (...more: string[]) => {
    const who = ["--guest", "--name", "gina", "--room", "lab1", "--data", folder.path];
    return new Running(SOURCES, "client", ["chat", "127.0.0.1", `${server.port}`, ...who, ...more], folder.path);
  };
  const visit = async (...more: string[]) => {
    await using gina = join(...more);
    await gina.printed(/^joined lab1$/m);
    await gina.type("/exit\n");
    assertEquals(await gina.over(), 0, gina.err);
    return gina.err;
  };
  const key = keyFingerprint(server.folder.read("tls-cert.pem"));
  const where = { host: "127.0.0.1", port: server.port };
  assertStringIncludes(
    await visit(),
    `-- TLS: the key of 127.0.0.1:${server.port} is SHA-256 ${key}; a guest's client`,
  );
  assertEquals(new KnownHosts(folder.path).get(where), undefined);
  assertEquals(await visit("--no-tls"), "");
  // A login has made a server of another key known at this place.
  const { cert } = ownCertificate(folder.path, ["localhost"], Date.now());
  new KnownHosts(folder.path).remember(where, { port: server.portOf("tls"), ...pinned(cert)! });
  await using refused = join();
  assertEquals(await refused.over(), 1);
  assertStringIncludes(refused.err, `WARNING: 127.0.0.1:${server.port} has another key.`);
  assertStringIncludes(refused.err, "Either the server was started with another data folder, or another program");
});

Deno.test("client chat --guest: a script's name and room are options; a server without guests says so", async () => {
  using folder = new Folder();
  await using server = await TestServer.open({ guests: true });
  const join = (port: number, ...more: string[]) => {
    const args = ["chat", "127.0.0.1", String(port), "--guest", "--name", "gina", "--data", "keys", ...more];
    return new Running(SOURCES, "client", args, folder.path);
  };
  await using gina = join(server.port, "--room", "lab1");
  await gina.printed(/^joined lab1$/m);
  using bob = await RawNative.resume(server, "bob");
  await bob.ask({ type: "join", ref: 1, room: "lab1" });
  await gina.type("hello\n/exit\n");
  assertEquals((await bob.take()).room, "lab1");
  assertEquals(await gina.over(), 0);

  await using strict = await TestServer.open();
  await using refused = join(strict.port);
  assertEquals(await refused.over(), 1);
  assertStringIncludes(refused.err, "this server takes no guests");
});
