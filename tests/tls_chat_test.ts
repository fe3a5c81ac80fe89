import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { ChatClient } from "../lib/client/chat_client.ts";
import { findOffer } from "../lib/client/known_server.ts";
import { decodeText, encodeText } from "../lib/core/text.ts";
import { connectTls } from "../lib/net/dial.ts";
import { freePort } from "../lib/net/free_port.ts";
import { LA } from "../lib/protocols/im/lines.ts";
import { decodeTlsOffer, encodeTlsOffer } from "../lib/protocols/im/tls_offer.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import { keyFingerprint, ownCertificate, pem, pinned, SERVER_NAME } from "../lib/store/certificate.ts";
import { KnownHosts } from "../lib/store/known_hosts.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { StoringServer } from "./support/native.ts";
import { hashed, HASHED_USERS, type TestServerOptions } from "./support/test_server.ts";

const HOST = "127.0.0.1";
const DAY_MS = 24 * 60 * 60 * 1000;

/** A relay between a client and the IM listener of a server: records what the client sends, and changes the answers. */
class Between implements Disposable {
  readonly #listener = Deno.listen({ hostname: HOST, port: 0 });
  readonly #open = new Set<Deno.Conn>();
  /** What clients have sent. */
  sent = "";
  change = (answer: string): string => answer;

  constructor(public target: number) {
    this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: HOST, port: this.target }).catch(() => undefined);
      if (!server) {
        client.close();
        continue;
      }
      const up = this.#pump(client, server, (text) => (this.sent += text, text));
      const down = this.#pump(server, client, (text) => this.change(text));
      Promise.all([up, down]).finally(() => (this.#close(client), this.#close(server)));
    }
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, change: (text: string) => string): Promise<void> {
    this.#open.add(from);
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        await to.write(encodeText(change(new TextDecoder().decode(buffer.subarray(0, count)))));
      }
      await to.closeWrite();
    } catch { /* the other side has closed it */ }
  }

  #close(conn: Deno.Conn): void {
    this.#open.delete(conn);
    try {
      conn.close();
    } catch { /* it is closed already */ }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#open) this.#close(conn);
  }
}

/** A server with TLS behind `Between`, and a client's folder. */
class Stage implements AsyncDisposable {
  private constructor(readonly server: StoringServer, readonly between: Between, readonly folder: Folder) {
    folder.write("secret", "12345\n");
  }

  static async open(options: TestServerOptions = {}): Promise<Stage> {
    const server = await StoringServer.open({ tlsPort: true, users: HASHED_USERS, ...options });
    return new Stage(server, new Between(server.port), new Folder());
  }

  client(...options: string[]): Running {
    const who = ["--name", "alice", "--password-file", `${this.folder.path}/secret`];
    return this.run("chat", HOST, String(this.between.port), "--data", this.folder.path, ...who, ...options);
  }

  run(...args: string[]): Running {
    return new Running(SOURCES, "client", args, this.folder.path);
  }

  /** A client joins, sees that it is in, and leaves; what it has printed on standard error. */
  async visit(...options: string[]): Promise<string> {
    await using client = this.client(...options);
    await client.type("/list\n");
    await client.printed(/^alice \(online\)$/m);
    await client.type("/exit\n");
    assertEquals(await client.over(), 0, client.err);
    return client.err;
  }

  /** A client that must not come in; what it has printed on standard error. */
  async refused(): Promise<string> {
    await using client = this.client();
    assertEquals(await client.over(), 1, client.out);
    return client.err;
  }

  get hosts(): KnownHosts {
    return new KnownHosts(this.folder.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.between[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("at first sight the client goes over to TLS, and remembers the server; nothing but the question was in the clear", async () => {
  await using stage = await Stage.open();
  const { server, between, folder } = stage;
  const key = keyFingerprint(server.folder.read("tls-cert.pem"));
  assertStringIncludes(
    await stage.visit(),
    `-- TLS: ${HOST}:${between.port} is remembered by its key, SHA-256 ${key} --`,
  );
  assertEquals(between.sent, "/partyline 2 tls\n");
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(`${folder.path}/known_hosts`).mode! & 0o777, 0o600);
  between.sent = "";
  assertEquals(await stage.visit(), "");
  assertEquals(between.sent, "", "a known server is not asked again");
  // Another of its TLS ports, as after a restart, is learned; the key is the same.
  await server.restart();
  between.target = server.port;
  await stage.visit();
  assertEquals(between.sent, "/partyline 2 tls\n");
  assertEquals(stage.hosts.get({ host: HOST, port: between.port })!.port, server.portOf("tls"));
});

Deno.test("a known server that offers no TLS any more, or is behind a relay that strips the offer, is refused before anything is sent", async () => {
  await using stage = await Stage.open();
  const { server, between } = stage;
  await stage.visit();
  const key = keyFingerprint(server.folder.read("tls-cert.pem"));
  // The relay keeps the TLS port away, too.
  await server.restart();
  between.target = server.port;
  between.change = (answer) => answer.startsWith("113 ") ? "401 Unrecognized message\n" : answer;
  between.sent = "";
  const said = await stage.refused();
  assertStringIncludes(said, `WARNING: ${HOST}:${between.port} offers no TLS any more.`);
  assertStringIncludes(said, `known key: SHA-256 ${key}`);
  assertStringIncludes(said, `client forget ${HOST}:${between.port}`);
  assertEquals(between.sent, "/partyline 2 tls\n");
  // The user's own decision, for this time.
  await stage.visit("--no-tls");
  assertStringIncludes(between.sent, "/login alice 12345\n");
});

Deno.test("another certificate is refused with both fingerprints, until the user forgets the old one", async () => {
  await using stage = await Stage.open();
  await using impostor = await StoringServer.open({ tlsPort: true, users: HASHED_USERS });
  const { server, between, folder } = stage;
  await stage.visit();
  const keys = [server, impostor].map((each) => keyFingerprint(each.folder.read("tls-cert.pem")));
  const address = `${HOST}:${between.port}`;
  // The impostor has both ports.
  const known = stage.hosts.get({ host: HOST, port: between.port })!;
  stage.hosts.remember({ host: HOST, port: between.port }, { ...known, port: impostor.portOf("tls") });
  between.target = impostor.port;
  between.sent = "";
  const said = await stage.refused();
  assertStringIncludes(said, `WARNING: ${address} has another key.`);
  for (const key of keys) assertStringIncludes(said, key);
  assertEquals(between.sent, "/partyline 2 tls\n");
  assertEquals(impostor.instance.hub.size.online, 0);
  // An impostor without the key can show the right certificate, and proves nothing by that.
  const offer = encodeTlsOffer({ ...known, port: impostor.portOf("tls") });
  between.change = (answer) => answer.startsWith("113 ") ? `${offer}\n` : answer;
  assertMatch(await stage.refused(), /cannot connect to \S+ over TLS: .*BadSignature/);
  between.change = (answer) => answer;
  await using forget = stage.run("forget", HOST, String(between.port), "--data", folder.path);
  assertEquals([await forget.over(), forget.out], [
    0,
    `${address} is forgotten; the next connection remembers what it sees then\n`,
  ]);
  assertStringIncludes(await stage.visit(), keys[1]!);
  await using again = stage.run("forget", "elsewhere", "--data", folder.path);
  assertEquals(await again.over(), 2);
  assertMatch(again.err, /^client: there is no elsewhere:2001 in .*known_hosts; nothing was changed$/m);
});

Deno.test("at first sight, a certificate that is shown and not proved is refused", async () => {
  await using stage = await Stage.open();
  await using other = await StoringServer.open({ tlsPort: true, users: HASHED_USERS });
  const { between } = stage;
  const shown = pinned(other.folder.read("tls-cert.pem"))!;
  between.change = () => `${encodeTlsOffer({ ...shown, port: stage.server.portOf("tls") })}\n`;
  assertMatch(await stage.refused(), /shows a certificate and does not prove it: .*BadSignature/);
  assertEquals(between.sent, "/partyline 2 tls\n");
  assertEquals(stage.hosts.get({ host: HOST, port: between.port }), undefined);
});

Deno.test("at first sight, a server that does not know the user's password is not remembered", async () => {
  await using stage = await Stage.open({ users: hashed("alice another") });
  const { between } = stage;
  assertEquals(await stage.refused(), "wrong password\n");
  assertEquals(between.sent, "/partyline 2 tls\n");
  assertEquals(stage.hosts.get({ host: HOST, port: between.port }), undefined);
});

Deno.test("a TLS port that cannot be reached at first sight is told of, and nothing is remembered", async () => {
  await using stage = await Stage.open();
  const { between } = stage;
  const closed = Deno.listen({ hostname: HOST, port: 0 });
  const { port } = closed.addr;
  closed.close();
  between.change = (answer) => answer.replace(/^113 tls \d+/, `113 tls ${port}`);
  assertMatch(await stage.visit(), /offers TLS, but cannot be reached there \(.*\): the connection is not encrypted/);
  assertEquals(stage.hosts.get({ host: HOST, port: between.port }), undefined);
});

Deno.test("a name without an account is refused over TLS as it is at the IM listener, and /register makes an account", async () => {
  using users = new Folder();
  await using stage = await Stage.open({
    enrollIn: users.write("users.txt", "alice 12345\n"),
    users: "alice 12345",
    trace: true,
  });
  const { between, folder, server } = stage;
  await using mistyped = stage.run("chat", HOST, String(between.port), "--data", folder.path);
  await mistyped.type("alcie\n12345\n");
  assertEquals(await mistyped.over(), 1);
  assertMatch(mistyped.err, /"alcie" is no account of this server/);
  await using carol = stage.run("chat", HOST, String(between.port), "--data", folder.path);
  await carol.type("/register carol\na-secret\na-secret\n/to alice hi\n");
  await carol.printed(/^sent /m);
  await carol.type("/exit\n");
  assertEquals(await carol.over(), 0, carol.err);
  assertMatch(users.read("users.txt"), /^carol \$scrypt\$/m);
  assertEquals(between.sent, "/partyline 2 tls\n/partyline 2 tls\n", "the first one did not log in");
  const trace = server.traced.join("");
  assertMatch(trace, /"type":"register","name":"carol","password":"\*{8}"/);
  assert(!trace.includes("a-secret"));
});

Deno.test("with --tls-cert, another server, or a file that is no certificate, gets neither name nor password", async () => {
  await using stage = await Stage.open({ trace: true });
  await using other = await StoringServer.open({ tlsPort: true, users: HASHED_USERS });
  const { server, folder } = stage;
  const who = ["--data", folder.path, "--name", "alice", "--password-file", `${folder.path}/secret`];
  const at = (cert: string) => stage.run("chat", HOST, String(server.portOf("tls")), "--tls-cert", cert, ...who);
  const cases: [string, number, RegExp][] = [
    [`${other.folder.path}/tls-cert.pem`, 1, /^client: cannot connect to \S+ over TLS: .*BadSignature/m],
    [folder.write("none.pem", "no certificate\n"), 2, /^client: .*none\.pem/m],
    [`${folder.path}/missing.pem`, 2, /^client: cannot read .*missing\.pem: /m],
  ];
  await Promise.all(cases.map(async ([cert, status, why]) => {
    await using client = at(cert);
    assertEquals(await client.over(), status, client.err);
    assertMatch(client.err, why);
  }));
  assert(!server.traced.join("").includes("alice"));
  // The right one is what the server has written for its users.
  await using alice = at(`${server.folder.path}/tls-cert.pem`);
  await alice.type("/list\n/exit\n");
  assertEquals(await alice.over(), 0, alice.err);
  assertStringIncludes(server.traced.join(""), "alice");
});

Deno.test("a server with --no-tls offers none: a new client joins without, and one that knows it by its key refuses", async () => {
  await using stage = await Stage.open({ tlsPort: false });
  const { between } = stage;
  assertEquals(await stage.visit(), "");
  assertStringIncludes(between.sent, "/login alice 12345\n");
  assertEquals(stage.hosts.get({ host: HOST, port: between.port }), undefined);
  // As if it had offered TLS before.
  const offer = pinned(ownCertificate(stage.folder.path, [], Date.now()).cert)!;
  stage.hosts.remember({ host: HOST, port: between.port }, { ...offer, port: freePort() });
  between.sent = "";
  assertStringIncludes(await stage.refused(), "offers no TLS any more");
  assertEquals(between.sent, "/partyline 2 tls\n");
});

Deno.test("a renewed certificate keeps its key and is the same server; one without the name is made anew", async () => {
  using folder = new Folder();
  const now = Date.now();
  const first = ownCertificate(folder.path, ["localhost"], now - 380 * DAY_MS);
  const second = ownCertificate(folder.path, ["localhost", HOST], now);
  assert(first.cert !== second.cert);
  assertEquals([second.key, keyFingerprint(second.cert)], [first.key, keyFingerprint(first.cert)]);
  assertEquals(ownCertificate(folder.path, [], now), second);
  using listener = Deno.listenTls({ hostname: HOST, port: 0, ...second });
  const accepted = listener.accept().then(async (conn) => (await conn.handshake(), conn));
  const target = { host: HOST, port: listener.addr.port, serverName: SERVER_NAME, withinMs: 30_000 };
  using conn = await connectTls({ ...target, trusted: first.cert });
  assertEquals(conn.remoteAddr.port, listener.addr.port);
  (await accepted).close();
});

Deno.test("a server that accepts and says nothing is said to have given no answer", async () => {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  const { port } = listener.addr;
  const accepted = listener.accept();
  await assertRejects(
    () => findOffer({ host: HOST, port }, 20),
    Deno.errors.TimedOut,
    `no answer from ${HOST}:${port} within 20 ms`,
  );
  (await accepted).close();
});

Deno.test("an offer of TLS is read as it was written, and nothing else is one", () => {
  using folder = new Folder();
  const { cert } = ownCertificate(folder.path, ["localhost"], Date.now());
  const offer = { port: 2443, ...pinned(cert)! };
  assertEquals(decodeTlsOffer(encodeTlsOffer(offer)), offer);
  assertEquals(offer.name, SERVER_NAME);
  assertEquals(pem(offer.certificate), cert);
  for (
    const line of [
      "401 Unrecognized message",
      "113 tls 0 a AAAA",
      "113 tls 70000 a AAAA",
      "113 tls 1 a",
      "113 tls 1 a b AAAA",
    ]
  ) {
    assertEquals(decodeTlsOffer(line), undefined, line);
  }
  fc.assert(fc.property(fc.string(), (rest) => {
    const read = decodeTlsOffer(`113 tls ${rest}`);
    assert(read === undefined || read.port > 0);
  }));
});

Deno.test("known hosts are read as they were written; a broken line is named", () => {
  using folder = new Folder();
  const hosts = new KnownHosts(folder.path);
  const offer = { port: 2443, name: SERVER_NAME, certificate: Uint8Array.of(1, 2, 3) };
  const [lab, other] = [{ host: "Lab", port: 2001 }, { host: "::1", port: 2001 }];
  hosts.remember(lab, offer);
  hosts.remember(other, { ...offer, port: 1 });
  assertEquals([hosts.get({ host: "lab", port: 2001 }), hosts.get(other)!.port], [offer, 1]);
  assertEquals([hosts.get({ host: "lab", port: 2002 }), hosts.forget(lab), hosts.forget(lab)], [
    undefined,
    true,
    false,
  ]);
  folder.write("known_hosts", "# mine\n\nlab:2001 x y z\n");
  let why = "";
  try {
    hosts.get(lab);
  } catch (error) {
    why = String(error);
  }
  assertMatch(why, /known_hosts:3: expected HOST:PORT TLS_PORT NAME CERTIFICATE$/);
});

Deno.test("a chat client that takes TLS asks for it once, and says nothing more where it is offered", () => {
  const options = { name: "alice", password: "12345", takesTls: true, trace: false };
  const client = new ChatClient(new NativeClient({ client: "r" }), options);
  const offer = { port: 2443, name: "a.b", certificate: Uint8Array.of(1, 2, 3) };
  client.start();
  client.opened(1, Infinity, 0);
  const written = () =>
    client.takeOutputs().flatMap((each) => each.type === "write" ? [decodeText(each.bytes)] : [each.type]);
  assertEquals(written(), ["connect", "/partyline 2 tls\n"]);
  const line = encodeText(`${encodeTlsOffer(offer)}\n`);
  for (const byte of line) client.receive(LA, Uint8Array.of(byte), 0);
  assertEquals(client.takeOutputs(), [{ type: "tlsOffered", offer }]);
  client.closed(LA, "finished", 0);
  client.inputEnded(0);
  assertEquals(client.takeOutputs(), []);
});
