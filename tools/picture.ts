/**
 * Takes the README's picture: a real server and real clients of each kind in tmux, driven by this script.
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
}

async function capture(terminal: Terminal, title: string): Promise<Capture> {
  return { title, columns: COLUMNS, rows: await terminal.screen(true) };
}

async function takePicture(folder: string): Promise<Capture[]> {
  await using terminals = new Terminals();
  const open = (name: string, rows: number, task: string) =>
    terminals.open(
      name,
      { columns: COLUMNS, rows },
      root,
      `${Deno.execPath()} task -q ${task} --data ${folder}/${name}`,
    );
  const server = await open("server", 30, "start --host 127.0.0.1");
  await server.shows("To stop: Ctrl-C");
  const jacky = await open("jacky", 9, "client 127.0.0.1 2001");
  await login(jacky, "jacky");
  await jacky.shows("201 Build");
  const bob = await open("bob", 12, "client chat");
  await login(bob, "bob");
  await bob.shows("lobby>");
  const carol = await open("carol", 17, "client mailbox 127.0.0.1 2004 --name carol");
  await carol.shows("for this menu");
  await carol.type("JOIN lobby", "Enter");
  await carol.shows("you joined");
  await bob.type("How about 3pm today?", "Enter");
  await carol.shows("3pm");
  await jacky.shows("3pm");
  await carol.type("fine with me", "Enter");
  await bob.shows("fine");
  await jacky.type("/to bob Hello! Nice to meet you!", "Enter");
  await jacky.shows("303");
  await bob.type("/to michael see you there", "Enter");
  await bob.shows("see you there  ✓");
  await bob.type("/to ja", "Tab");
  await bob.shows("/to jacky");
  const dave = await open("dave", 4, "client peer 127.0.0.1 --name dave");
  await dave.shows("you are dave");
  const erin = await open("erin", 9, "client peer 127.0.0.1 --name erin");
  await erin.shows("dave is online");
  await dave.type("/to erin no server between us", "Enter");
  await erin.shows("no server");
  await erin.type("/to dave", "Enter");
  await erin.type("so it is", "Enter");
  await erin.shows("so it is  ✓✓");
  return [
    await capture(server, "deno task start"),
    await capture(jacky, "deno task client 127.0.0.1 2001"),
    await capture(bob, "deno task client chat"),
    await capture(carol, "deno task client mailbox 127.0.0.1 2004 --name carol"),
    await capture(erin, "deno task client peer 127.0.0.1 --name erin"),
  ];
}

await Deno.mkdir(join(root, "docs"), { recursive: true });
const folder = await Deno.makeTempDir({ prefix: "partyline-picture-" });
try {
  await Deno.writeTextFile(join(root, "docs", "partyline.svg"), svg(await takePicture(folder)));
} finally {
  await Deno.remove(folder, { recursive: true });
}
