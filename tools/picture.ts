/**
 * Takes the README's picture: a real server and two real clients in tmux, typed at by this script.
 *
 *   deno run -A tools/picture.ts        writes docs/partyline.svg; needs tmux
 */
import { join } from "@std/path";
import { type Capture, svg } from "./ansi_svg.ts";
import { type Terminal, Terminals } from "./terminal.ts";

const root = join(import.meta.dirname!, "..");
const COLUMNS = 92;

async function login(client: Terminal, name: string): Promise<void> {
  await client.shows("user name:");
  await client.type(name, "Enter");
  await client.shows("password:");
  await client.type("12345", "Enter");
  await client.shows("201 Build");
}

async function capture(terminal: Terminal, title: string): Promise<Capture> {
  return { title, columns: COLUMNS, rows: await terminal.screen(true) };
}

async function takePicture(): Promise<Capture[]> {
  await using terminals = new Terminals();
  const open = (name: string, rows: number, task: string) =>
    terminals.open(name, { columns: COLUMNS, rows }, root, `${Deno.execPath()} task -q ${task}`);
  const server = await open("server", 32, "start --trace --host 127.0.0.1");
  await server.shows("To stop: Ctrl-C");
  const bob = await open("bob", 12, "client");
  await login(bob, "bob");
  const jacky = await open("jacky", 12, "client");
  await login(jacky, "jacky");
  await jacky.type("/list", "Enter");
  await jacky.shows("301");
  await jacky.type("/to bob Hello! Nice to meet you!", "Enter");
  await jacky.shows("303");
  await bob.type("/toall How about 3pm today?", "Enter");
  await jacky.shows("3pm");
  await bob.shows("303");
  await bob.type("/to ja", "Tab");
  await bob.shows("/to jacky");
  return [
    await capture(server, "deno task start --trace"),
    await capture(jacky, "deno task client"),
    await capture(bob, "deno task client"),
  ];
}

await Deno.mkdir(join(root, "docs"), { recursive: true });
await Deno.writeTextFile(join(root, "docs", "partyline.svg"), svg(await takePicture()));
