import { fromFileUrl } from "@std/path";

const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));
const partyline = (
  program: string,
  args: string,
) => [Deno.execPath(), "run", "-A", path(`../../${program}.ts`), ...args.split(" ")];
const python = (program: string, args: string) => ["python3", path(`../check/${program}`), ...args.split(" ")];

/** The commands of Partyline and of a Python program, which takes a fault as its last argument; faults that some rules find. */
interface Programs {
  readonly ours: readonly string[];
  readonly wrong: readonly string[];
  readonly faults: readonly string[];
}

/** The programs of each suite, by handout and side. */
export const PROGRAMS: Readonly<Record<string, Programs>> = {
  "im-server": {
    ours: partyline("server", "{port} {users} --host 127.0.0.1 --data {data}"),
    wrong: python("im_server.py", "{port} {users}"),
    faults: ["303-at-once", "broadcast-in-turn", "one-lock-for-all"],
  },
  "im-client": {
    ours: partyline("client", "{host} {port}"),
    wrong: python("im_client.py", "{host} {port}"),
    faults: ["does-not-wait", "reply-timeout", "one-recv-one-message"],
  },
  "lobby-server": {
    ours: partyline("server", "--lobby {port} --host 127.0.0.1 --data {data}"),
    wrong: python("lobby_server.py", "{host} {port}"),
    faults: ["colon-form"],
  },
  "lobby-client": {
    ours: partyline("client", "lobby {host} {port}"),
    wrong: python("lobby_client.py", "{host} {port}"),
    faults: ["drops-when-busy"],
  },
  "mychat-server": {
    ours: partyline("server", "--mychat {port} --host 127.0.0.1 --data {data}"),
    wrong: python("mychat_server.py", "{port} {data}"),
    faults: ["answers-twice"],
  },
  "mychat-client": {
    ours: partyline("client", "mailbox {host} {port} --plain --data {data}"),
    wrong: python("mychat_client.py", "{host} {port}"),
    faults: ["chat-to-group"],
  },
  "mailbox-server": {
    ours: partyline("server", "{port} {users} --mailbox {port} --host 127.0.0.1 --data {data}"),
    wrong: python("mailbox_server.py", "{port} {data} {users}"),
    faults: ["acks-forgotten"],
  },
  "mailbox-client": {
    ours: partyline("client", "mailbox {host} {port} --data {data}"),
    wrong: python("mailbox_client.py", "{host} {port} {data}"),
    faults: ["repeats-forever"],
  },
  "address-book-server": {
    ours: partyline("server", "--address-book {port} --host 127.0.0.1 --data {data}"),
    wrong: python("address_book_server.py", "{host} {port}"),
    faults: ["lists-asker"],
  },
  "address-book-client": {
    ours: partyline("client", "peer {host} {port} --name {name} --udp {udp} --data {data} --table-refresh 3"),
    wrong: python("address_book_client.py", "{host} {port} {name} {udp}"),
    faults: ["keeps-gone"],
  },
  "rooms-server": {
    ours: partyline("server", "--rooms {port} --host 127.0.0.1 --data {data}"),
    wrong: python("rooms_server.py", "{host} {port}"),
    faults: ["glues-bytes"],
  },
  "rooms-client": {
    ours: partyline("client", "rooms {host} {port} --name {name} --room {room} --downloads {data} --auto-accept"),
    wrong: python("rooms_client.py", "{host} {port} {name} {room} {data}"),
    faults: ["no-pause"],
  },
  "peers-peer": {
    ours: partyline("client", "peer {host} {port} --name {name} --udp {udp} --data {data}"),
    wrong: python("peer.py", "{host} {port} {name} {udp}"),
    faults: ["first-text-alone"],
  },
};
