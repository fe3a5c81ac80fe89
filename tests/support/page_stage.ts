import type { Limits } from "../../lib/core/limits.ts";
import { Cable } from "./cable.ts";
import { Chromium, type Person } from "./chromium.ts";
import { type TestServerOptions, WebTestServer } from "./test_server.ts";

const why = Chromium.program() === undefined ? "Chromium is not installed" : undefined;
const skip = why !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");

/** One browser for all tests of a file, since it takes a second to start; each person has a context of their own. */
let launched: Promise<Chromium> | undefined;
Deno.test.afterAll(async () => await (await launched)?.[Symbol.asyncDispose]());

/** A server whose page people use. */
export interface PageStage {
  readonly server: WebTestServer;
  /** Between the people and the server. */
  readonly cable: Cable;
  readonly address: string;
  readonly chromium: Chromium;
  readonly enter: (name: string) => Promise<Person>;
}

/** A test with people at a server's page, in a real browser. */
export function pageTest(
  name: string,
  scene: (stage: PageStage) => Promise<void>,
  limits: Partial<Limits> = {},
  options: Omit<TestServerOptions, "limits"> = {},
): void {
  Deno.test({
    name: skip ? `${name} (skipped: ${why})` : name,
    ignore: skip,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await WebTestServer.open({ limits, ...options });
      using cable = new Cable(server.portOf("web"));
      const chromium = await (launched ??= Chromium.launch());
      await using people = new AsyncDisposableStack();
      const address = `http://127.0.0.1:${cable.port}/`;
      const enter = async (name: string) => people.use(await chromium.user(address, name));
      await scene({ server, cable, address, chromium, enter });
    },
  });
}
