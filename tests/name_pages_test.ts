import { assertEquals } from "@std/assert";
import { OnlineUsers } from "../lib/chat/online_users.ts";
import { Session } from "../lib/chat/users.ts";
import { Roster } from "../lib/chat/roster.ts";

const EMPTY = { users: [], rooms: [], pairs: [], producers: [] };

/** A collection that may not be walked through any more. */
function closed<Key, Value>(collection: ReadonlyMap<Key, Value>): void {
  const walk = () => {
    throw new Error("the whole collection is walked through");
  };
  Object.assign(collection, { keys: walk, values: walk, entries: walk, forEach: walk, [Symbol.iterator]: walk });
}

Deno.test("members of a room are paged in order, and a page costs no walk through the room while members come and go", () => {
  const roster = new Roster(EMPTY);
  const room = roster.makeRoom("lab");
  const member = (i: number) => roster.mention(`m${`${i}`.padStart(3, "0")}`);
  for (let i = 0; i < 600; i += 2) roster.join(room, member(i), 0);
  const names = roster.rooms.memberNames(room);
  assertEquals(names.page("", 2), { names: ["m000", "m002"], more: true });
  closed(room.members);
  roster.join(room, member(3), 0);
  roster.leave(room, member(4));
  assertEquals(roster.rooms.memberNames(room).page("m002", 2), { names: ["m003", "m006"], more: true });
  assertEquals(roster.rooms.memberNames(room).page("m596", 250), { names: ["m598"], more: false });
});

Deno.test("rooms are paged in the order in which they were made, without a walk through all", () => {
  const roster = new Roster(EMPTY);
  for (let i = 0; i < 300; i++) roster.makeRoom(`room${i}`);
  closed(roster.rooms.byName);
  const page = (after: string, limit: number) => {
    const { rooms, more } = roster.rooms.page(after, limit);
    return [rooms.map(({ name }) => name), more];
  };
  assertEquals(page("", 2), [["lobby", "room0"], true]);
  const room = roster.room("room1")!;
  const user = roster.mention("ann");
  roster.join(room, user, 0);
  roster.leave(room, user);
  assertEquals(page("room0", 2), [["room2", "room3"], true]);
  assertEquals(page("room298", 9), [["room299"], false]);
});

Deno.test("rooms of a store are in the order of their numbers, whatever order they are read in", () => {
  const rooms = [9, 2, 5].map((id) => ({ id, name: `room${id}`, unlisted: false, last: 0, members: [] }));
  const roster = new Roster({
    ...EMPTY,
    rooms: [...rooms, { id: 1, name: "lobby", unlisted: false, last: 0, members: [] }],
  });
  roster.makeRoom("new");
  const names = roster.rooms.page("", 9).rooms.map(({ name }) => name);
  assertEquals(names, ["lobby", "room2", "room5", "room9", "new"]);
});

Deno.test("the lobby lists users and guests together, page by page, each name once", () => {
  const online = new OnlineUsers();
  const enter = (name: string) => {
    const session = new Session(1, "");
    session.name = name;
    online.enter(session, 0);
    return session;
  };
  const guest = (name: string) => {
    const session = new Session(2, "");
    session.guestName = name;
    online.enterAsGuest(session, session.guestName, "lobby");
    return session;
  };
  const bob = enter("bob");
  for (const name of ["dan", "ann"]) enter(name);
  const visitors = ["guest2", "carl", "carl"].map(guest);
  assertEquals(online.page("lobby", undefined, "", 3), { names: ["ann", "bob", "carl"], more: true });
  assertEquals(online.page("lobby", undefined, "carl", 3), { names: ["dan", "guest2"], more: false });
  online.leave(bob);
  online.leave(visitors[0]!);
  enter("cy");
  assertEquals(online.page("lobby", undefined, "", 9), { names: ["ann", "carl", "cy", "dan"], more: false });
});
