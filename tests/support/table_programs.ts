import { type Folder, Running, SOURCES } from "./programs.ts";
import { USERS } from "./test_server.ts";
import { until } from "./wire.ts";

/** A table server of ours, as a program. */
export async function openTable(folder: Folder, ...more: string[]) {
  const args = ["0", folder.write("users.txt", USERS), "--address-book", "0", "--data", "table", ...more];
  const server = new Running(SOURCES, "server", args, folder.path);
  const [, port] = await server.printed(/^address-book listening on .*:(\d+)$/m);
  return {
    port: port!,
    /** The number of its entries, as it has told it last. */
    size: () =>
      Number(/(\d+) entr[^]*$/.exec(server.err.slice(server.err.lastIndexOf("address table has ")))?.[1] ?? 0),
    /** The port that a client registered. */
    portOf: async (name: string) => {
      const told = new RegExp(`got request from: \\S+:(\\d+) ${name}$`, "m");
      await until(() => told.test(server.err), `${name} is in the table`);
      return Number(told.exec(server.err)![1]);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A peer's program of ours at a table. */
export function peerAt(table: string, folder: Folder, name: string, ...more: string[]): Running {
  const args = ["peer", "127.0.0.1", table, "--name", name, "--data", name, ...more];
  return new Running(SOURCES, "client", args, folder.path);
}
