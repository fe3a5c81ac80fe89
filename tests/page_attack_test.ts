import { assertEquals } from "@std/assert";
import { ClientSite, type PageHost } from "../lib/client/page_site.ts";
import { StaticFiles } from "../lib/http/static_files.ts";

const NOBODY: PageHost = { name: "alice", isLoggedIn: true, pageOpened() {}, pageReceived() {}, pageClosed() {} };

Deno.test("two clients have pages in one browser, whose cookies are shared by all ports of the machine", () => {
  const jar = new Map<string, string>();
  const ask = (site: ClientSite, port: number, path: string) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = site.answer(new Request(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })) as Response;
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(response.headers.get("set-cookie") ?? "") ?? [];
    if (name !== undefined) jar.set(name, value!);
    return response.status;
  };
  const [one, other] = [1, 2].map((n) => new ClientSite(new StaticFiles(new Map()), NOBODY, `${n}`, () => {})) as [
    ClientSite,
    ClientSite,
  ];
  assertEquals([ask(one, 1001, one.path), ask(other, 1002, other.path)], [303, 303]);
  assertEquals([ask(one, 1001, "/about"), ask(other, 1002, "/about")], [200, 200]);
});
