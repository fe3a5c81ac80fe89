import type { StoringServer } from "./native.ts";
import { until, Wire } from "./wire.ts";

/** What the servers of such guests need: the trace shows what they have read, and a piece is over after a short silence. */
export const ROOMS_GUESTS = { rooms: true, trace: true, limits: { roomsQuietMs: 50, lobbyQuietMs: 50 } } as const;
const QUIET_MS = ROOMS_GUESTS.limits.roomsQuietMs * 2;

/** A guest of a room over a real connection, whose pieces the server does not join, with its first answer to name and room. */
export async function roomsGuest(
  server: StoringServer,
  name: string,
  room: string,
): Promise<{ wire: Wire; greeting: string }> {
  const wire = await Wire.connect(server.portOf("rooms"));
  const { port } = wire.conn.localAddr;
  await wire.send(name);
  await until(() => server.traced.some((line) => line.includes(`:${port} `)), `the name ${name} has been read`);
  // The server's timer, which began before this one in the same process, ends before it.
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  await wire.send(room);
  await until(() => wire.chunks.length > 0, `${name} is greeted or refused`);
  return { wire, greeting: wire.chunks[0]! };
}
