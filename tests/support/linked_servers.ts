import { join } from "@std/path";
import { freePort } from "../../lib/net/free_port.ts";
import type { ExchangePlan } from "../../lib/server/exchange_options.ts";
import { RawClient, TestServer, type TestServerOptions } from "./test_server.ts";
import { until, WAIT_MS } from "./wire.ts";

/** Two servers that are linked: the first one keeps the log. */
export class LinkedServers {
  #isAlone = false;

  private constructor(readonly one: TestServer, readonly other: TestServer) {}

  static async open(users: string, others: string, options: TestServerOptions = {}): Promise<LinkedServers> {
    const port = freePort();
    const one = await TestServer.open({
      ...options,
      users,
      exchange: planOf("lab1", { type: "keeper", port, secretFile: undefined }),
    });
    const place = {
      type: "link",
      keeper: { hostname: "127.0.0.1", port },
      secretFile: join(one.folder.path, "link-secret"),
    } as const;
    const other = await TestServer.open({ ...options, users: others, exchange: planOf("lab2", place) });
    const pair = new LinkedServers(one, other);
    // A login is refused while a server goes on alone, as on a slow machine, and it is not known who holds the name.
    const isJoined = ({ instance: { runner } }: TestServer, names: string) => {
      const { servers, isAlone, shared } = runner.exchange!.status;
      return servers.length === 1 && !isAlone && shared >= names.split("\n").length;
    };
    const areJoined = () => isJoined(one, users) && isJoined(other, others);
    await until(areJoined, "the servers hear each other, and their accounts are claimed");
    return pair;
  }

  /**
   * A client that has logged in at one of them. On a busy machine a server may hear nothing of the other one for seconds, and
   * refuses logins meanwhile.
   */
  async join(server: TestServer, name: string): Promise<RawClient> {
    for (const end = Date.now() + WAIT_MS;;) {
      const client = await RawClient.open(server.port);
      try {
        await client.login(name, "12345");
        return client;
      } catch (error) {
        client.close();
        if (Date.now() > end) throw error;
      }
    }
  }

  /** Stops the second one for good. */
  async stopOther(): Promise<void> {
    this.#isAlone = true;
    await this.other[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isAlone) await this.other[Symbol.asyncDispose]();
    await this.one[Symbol.asyncDispose]();
  }
}

function planOf(name: string, place: ExchangePlan["place"]): ExchangePlan {
  return { name, place };
}
