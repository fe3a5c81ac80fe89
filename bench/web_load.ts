import { concat } from "../lib/core/bytes.ts";
import { type Framing, joining, NativeUser } from "./native_load.ts";
import { PASSWORD, type Tally } from "./traffic.ts";

const encoder = new TextEncoder();
const FINAL_TEXT = 0x81;
const MASKED = 0x80;

/** One message a WebSocket text frame; ours are masked with zeros, which change nothing. */
const FRAMES: Framing = {
  bytes: 64 * 1024,
  wrap(json) {
    const { length } = json;
    const head = length < 126
      ? [FINAL_TEXT, MASKED + length, 0, 0, 0, 0]
      : [FINAL_TEXT, MASKED + 126, length >> 8, length & 255, 0, 0, 0, 0];
    return concat([new Uint8Array(head), encoder.encode(json)]);
  },
  next(bytes, at, end) {
    const short = bytes[at + 1]!;
    const from = at + (short < 126 ? 2 : 4);
    if (from > end) return undefined;
    const to = from + (short < 126 ? short : bytes[at + 2]! * 256 + bytes[at + 3]!);
    return to > end ? undefined : { from, to, after: to };
  },
};

/** Logs in over HTTP and opens the WebSocket. */
async function login(port: number, name: string, tally: Tally): Promise<NativeUser> {
  const response = await fetch(`http://127.0.0.1:${port}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password: PASSWORD }),
  });
  const said = await response.text();
  if (!response.ok) throw new Error(`the login of ${name} was answered ${said}`);
  const { key } = JSON.parse(said);
  const cookie = response.headers.get("set-cookie")!.split(";")[0];
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const user = new NativeUser(conn, name, tally, FRAMES);
  const handshake = `GET /chat HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nUpgrade: websocket\r\n` +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
    `Sec-WebSocket-Protocol: partyline, key.${key}\r\n\r\n`;
  await user.ask(encoder.encode(handshake), '"type":"welcome"');
  await user.resume();
  return user;
}

/** Logs users in over HTTP; each has a WebSocket. */
export const joinWeb = joining(login);
