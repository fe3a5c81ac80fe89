import { limits } from "../core/limits.ts";
import { print } from "../terminal/print.ts";
import { ClientSite, PAGE_BYTES, type PageHost } from "./page_site.ts";
import type { PageOutput } from "../protocols/native/single_window.ts";
import { WebServer } from "../http/server.ts";
import { StaticFiles } from "../http/static_files.ts";
import { PageFile } from "../store/page_file.ts";
import { readWebFiles } from "../store/web_files.ts";

/** The chat page, served on this machine. */
export interface OpenPage {
  perform(output: PageOutput): void;
  close(): Promise<void>;
}

/**
 * Serves the chat page at a one-time address. Shows the address, and opens it in a browser if the program runs in a terminal.
 * `folder` is for a file that leads there.
 */
export function openPage(host: PageHost, title: string, folder: string, show: (line: string) => void): OpenPage {
  const attended = Deno.stdout.isTerminal();
  let file: PageFile | undefined;
  const opened = () => {
    file?.remove();
    if (attended) show("the page is open; it closes with this program");
  };
  const site = new ClientSite(new StaticFiles(readWebFiles()), host, title, opened);
  const where = { hostname: "127.0.0.1", port: 0 };
  const server = new WebServer(site, { where, limits: limits({ outboxBytes: PAGE_BYTES }), names: [] });
  const address = `http://127.0.0.1:${server.address.port}${site.path}`;
  if (attended) {
    show(`page on ${address}`);
    file = PageFile.write(folder, `page-${server.address.port}.html`, address);
    if (file) openBrowser(file.url);
  } else print(`page on ${address}\n`);
  return {
    perform: (output) => site.perform(output),
    async close() {
      file?.remove();
      server.close();
      await server.release();
    },
  };
}

/** Where no browser can be opened from here, the user opens the address that was shown. */
function openBrowser(address: string): void {
  const [command, ...args] = {
    windows: ["rundll32", "url.dll,FileProtocolHandler", address],
    darwin: ["open", address],
  }[Deno.build.os as string] ?? ["xdg-open", address];
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    new Deno.Command(command!, options).spawn().unref();
  } catch { /* it is not installed */ }
}
