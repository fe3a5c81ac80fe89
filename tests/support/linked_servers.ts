import { join } from "@std/path";
import { freePort } from "../../lib/net/free_port.ts";
import type { ExchangePlan } from "../../lib/server/exchange_options.ts";
import type { SessionRunner } from "../../lib/server/runner.ts";
import { TestServer, type TestServerOptions } from "./test_server.ts";
import { until } from "./wire.ts";

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
    const [first, second] = [one, other].map(({ instance }) => instance.runner);
    const isJoined = ({ exchange }: SessionRunner) => {
      const { servers, isAlone } = exchange!.status;
      return servers.length === 1 && !isAlone;
    };
    await until(() => isJoined(first!) && isJoined(second!), "the servers hear each other");
    return pair;
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
