import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { MychatProgram } from "./support/mychat.ts";
import { RawNative, StoringServer } from "./support/native.ts";
import { ROOMS_GUESTS, roomsGuest } from "./support/rooms_guest.ts";
import { USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

Deno.test("a name that is a user's, another guest's, or looks like one, is refused with a line, and the connection ends", async () => {
  await using server = await StoringServer.open(ROOMS_GUESTS);
  const { wire: carol, greeting } = await roomsGuest(server, "carol", "lab");
  assertEquals(greeting, "New Group created");
  const answers = await Promise.all(
    ["alice", "Аlice", "Al1ce", "ALICE", "carol", "Caroi", "server"].map((name) => roomsGuest(server, name, "lab")),
  );
  assertEquals(answers.map(({ greeting }) => greeting), [
    `"alice" is the name of a user, and a guest has no password to prove it`,
    `"Аlice" mixes letters of scripts that look alike, such as Latin and Cyrillic`,
    `"Al1ce" looks like the name of another user, "alice"`,
    `"ALICE" looks like the name of another user, "alice"`,
    `"carol" is the name of another guest, or looks like it`,
    `"Caroi" is the name of another guest, or looks like it`,
    `"server" is reserved: it could be taken for something other than a person`,
  ]);
  for (const { wire } of answers) await wire.rest();
  carol.close();
  // The name is free again once its guest has left.
  await until(() => server.instance.hub.size.sessions === 0, "carol has left");
  const { wire, greeting: again } = await roomsGuest(server, "carol", "lab");
  assertEquals(again, "New Group created");
  wire.close();
});

Deno.test("a guest's name is no other user's; an account of that name, or of one that looks like it, ends the guest's session", async () => {
  await using server = await StoringServer.open({ ...ROOMS_GUESTS, mychat: true });
  const { wire: carol } = await roomsGuest(server, "Carol", "lab");
  const { wire: dave } = await roomsGuest(server, "dave", "lab");
  using program = new MychatProgram(server.portOf("mychat"));
  const claim = (username: string) =>
    program.ask(`{"key": "CONNECT", "isConnected": false, "username": "${username}"}`);
  assertMatch(await claim("carol"), /"isConnected": false, .*"users": \[\], "newAccount": false\}$/);
  server.instance.hub.replaceAccounts(decodeUsers(`${USERS}\ncarol her-own`) as Accounts);
  const why = "Your session was ended because an account has this name now, or one that looks like it.";
  assertEquals(await carol.rest(), `New Group created<server> ${why}`);
  await dave.send("still here");
  const { greeting } = await roomsGuest(server, "erin", "lab");
  assertEquals([greeting, dave.unread], ["Welcome to chat room", "Welcome to chat room"]);
});

Deno.test("a room of guests has members of other protocols: each hears the other; it is listed to its members alone", async () => {
  await using server = await StoringServer.open(ROOMS_GUESTS);
  const { wire: carol } = await roomsGuest(server, "carol", "hidden");
  const bob = await RawNative.resume(server, "bob");
  const jacky = await RawNative.resume(server, "jacky");
  await bob.send({ type: "join", ref: 1, room: "hidden" });
  assertEquals(await bob.take(), { type: "joined", ref: 1, room: "hidden", members: 1 });
  await carol.send("hello");
  const heard = await bob.take();
  assertEquals([heard.from, heard.room, heard.text], ["carol", "hidden", "hello"]);
  await bob.say({ room: "hidden" }, "hi carol");
  await until(() => carol.unread.endsWith("<bob> hi carol"), "carol hears bob");
  const { wire: dave, greeting } = await roomsGuest(server, "dave", "hidden");
  assertEquals(greeting, "Welcome to chat room");
  await bob.send({ type: "who", ref: 2, room: "hidden" });
  assertEquals((await bob.take()).list, ["bob", "carol", "dave"].map((name) => ({ name, online: true })));

  const roomsOf = async (native: RawNative) => {
    await native.send({ type: "rooms", ref: 3 });
    return (await native.take()).list.map(({ name }: { name: string }) => name);
  };
  assertEquals(await roomsOf(bob), ["lobby", "hidden"]);
  assertEquals(await roomsOf(jacky), ["lobby"]);
  assertEquals(server.instance.hub.view(10).rooms.map(({ name }) => name), ["lobby"]);
  for (const wire of [carol, dave]) wire.close();
  await server.restart();
  assertEquals(server.instance.hub.view(10).rooms.map(({ name }) => name), ["lobby"]);
});

Deno.test("what is said between guests alone is not kept", async () => {
  await using server = await StoringServer.open(ROOMS_GUESTS);
  const { wire: carol } = await roomsGuest(server, "carol", "r");
  const { wire: dave } = await roomsGuest(server, "dave", "r");
  await carol.send("in passing");
  await until(() => dave.unread.endsWith("<carol> in passing"), "dave hears carol");
  const bob = await RawNative.resume(server, "bob");
  await bob.send({ type: "join", ref: 1, room: "r" });
  await bob.take();
  assertEquals((await bob.ask({ type: "history", ref: 2, room: "r", limit: 10 })).messages, []);
  assert(!dave.unread.includes("FILE"));
  for (const wire of [carol, dave]) wire.close();
});
