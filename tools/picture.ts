/**
 * Takes the README's picture: a real server and two real clients in tmux, typed at by this script.
 *
 *   deno run -A tools/picture.ts        writes docs/partyline.svg; needs tmux
 */
import { join } from "@std/path";
import { type Capture, svg } from "./ansi_svg.ts";

const root = join(import.meta.dirname!, "..");
const COLUMNS = 92;
const WAIT_MS = 15_000;

/** One program in a terminal of its own. */
class Terminal {
  constructor(readonly name: string, readonly title: string, readonly rows: number) {}

  async open(command: string): Promise<void> {
    const size = ["-x", String(COLUMNS), "-y", String(this.rows)];
    await tmux("new-session", "-d", "-s", this.name, ...size, "-c", root, command);
  }

  async type(...keys: string[]): Promise<void> {
    await tmux("send-keys", "-t", this.name, ...keys);
  }

  /** Waits until the screen shows this. */
  async shows(text: string): Promise<void> {
    const end = Date.now() + WAIT_MS;
    while (!(await tmux("capture-pane", "-p", "-t", this.name)).includes(text)) {
      if (Date.now() > end) throw new Error(`${this.title}: waited ${WAIT_MS} ms for "${text}" on the screen`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async capture(): Promise<Capture> {
    const screen = await tmux("capture-pane", "-e", "-p", "-t", this.name);
    const rows = screen.split("\n").filter((row) => !row.includes("Task "));
    while (rows.at(-1) === "") rows.pop();
    return { title: this.title, columns: COLUMNS, rows };
  }
}

async function tmux(...args: string[]): Promise<string> {
  const socket = ["-L", `partyline-picture-${Deno.pid}`];
  const { success, stdout, stderr } = await new Deno.Command("tmux", { args: [...socket, ...args] }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`tmux ${args[0]}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function login(client: Terminal, name: string): Promise<void> {
  await client.shows("user name:");
  await client.type(name, "Enter");
  await client.shows("password:");
  await client.type("12345", "Enter");
  await client.shows("201 Build");
}

async function takePicture(): Promise<Capture[]> {
  const server = new Terminal("server", "deno task start --trace", 32);
  const jacky = new Terminal("jacky", "deno task client", 12);
  const bob = new Terminal("bob", "deno task client", 12);
  const deno = Deno.execPath();
  await server.open(`${deno} task -q start --trace --host 127.0.0.1`);
  await server.shows("To stop: Ctrl-C");
  await bob.open(`${deno} task -q client`);
  await login(bob, "bob");
  await jacky.open(`${deno} task -q client`);
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
  return [await server.capture(), await jacky.capture(), await bob.capture()];
}

try {
  await Deno.mkdir(join(root, "docs"), { recursive: true });
  await Deno.writeTextFile(join(root, "docs", "partyline.svg"), svg(await takePicture()));
} finally {
  // With nothing open there is no tmux to end.
  await tmux("kill-server").catch(() => {});
}
