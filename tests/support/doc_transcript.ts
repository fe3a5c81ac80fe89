import { RawNative, type StoringServer } from "./native.ts";
import { RawClient } from "./test_server.ts";

/**
 * Replays a transcript of a document against a server. A line is `NAME > what the client sends`, `NAME < what the server
 * sends`, or `NAME - what happens`: "the connection is lost", or "a new connection, ..." for one that is logged in as shown
 * before. Returns the lines as they happened; `presence`, which comes at its own time, is left out.
 */
export async function transcriptOf(server: StoringServer, lines: readonly string[]): Promise<string[]> {
  const clients = new Map<string, RawClient>();
  const links: Deno.TcpConn[] = [];
  const happened: string[] = [];
  let store = "";
  for (const line of lines) {
    const [, name, what, text] = /^(\w+) +([<>-]) ?(.*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) {
      happened.push(line);
      continue;
    }
    if (!clients.has(name)) clients.set(name, await RawClient.open(server.port));
    const client = clients.get(name)!;
    if (what === "<") {
      const answer = await nextOf(client);
      store = /"store":"(\w+)"/.exec(answer)?.[1] ?? store;
      happened.push(line.slice(0, line.length - text.length) + answer);
      continue;
    }
    happened.push(line);
    if (what === "-" && text.startsWith("a new connection")) {
      clients.set(name, (await RawNative.join(server, name)).raw);
    } else if (what === "-") client.close();
    else if (text.startsWith("/port ")) {
      await client.la.send(`/port ${client.listener.addr.port}\n`);
      links.push(await client.listener.accept());
    } else await client.la.send(`${text.replace(/"store":"[^"]*"/, `"store":"${store}"`)}\n`);
  }
  for (const link of links) link.close();
  for (const client of clients.values()) client.close();
  return happened;
}

async function nextOf(client: RawClient): Promise<string> {
  for (;;) {
    const line = await client.la.line();
    if (!/^\{"type":"(presence|roomChanges|membersChanged)"/.test(line)) return line;
  }
}
