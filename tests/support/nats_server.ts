import { join } from "@std/path";
import type { Certificate } from "../../lib/core/transport.ts";
import { TemporaryFolder } from "../../lib/store/temporary_folder.ts";

/** Where Debian puts it; it is not in every user's PATH. */
const PROGRAM = "nats-server";
const PATH = `${Deno.env.get("PATH")}:/usr/sbin`;

/** Why a test with a real nats-server cannot run here; undefined where it can. */
export const missingNats: string | undefined = await installed() ? undefined : `${PROGRAM} is not installed`;

async function installed(): Promise<boolean> {
  try {
    return (await new Deno.Command(PROGRAM, { args: ["--version"], env: { PATH }, stdout: "null", stderr: "null" })
      .output())
      .success;
  } catch {
    return false;
  }
}

/** How a test wants its nats-server. */
export interface NatsOptions {
  readonly jetStream?: boolean;
  /** The only login it accepts, as USER:PASSWORD. */
  readonly login?: string;
  /** Then it requires TLS. */
  readonly certificate?: Certificate;
  /** Its address, if it is not loopback's. */
  readonly hostname?: string;
  /** How it is started elsewhere than on this host. */
  readonly command?: (path: string, args: readonly string[]) => { path: string; args: string[] };
}

/** A real nats-server with files of its own, on a port that it keeps when it is started again. */
export class NatsServer {
  readonly #folder = new TemporaryFolder();
  #process: Deno.ChildProcess | undefined;
  #port = -1;

  private constructor(readonly options: NatsOptions) {}

  static async open(options: NatsOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options);
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const { jetStream = true, login, certificate, hostname = "127.0.0.1" } = this.options;
    const args = ["-a", hostname, "-p", String(this.#port)];
    if (jetStream) args.push("-js", "-sd", join(this.#folder.path, "jetstream"));
    if (login !== undefined) {
      const [user, password] = login.split(":");
      args.push("--user", user!, "--pass", password!);
    }
    if (certificate) {
      const [cert, key] = [
        this.#folder.write("cert.pem", certificate.cert),
        this.#folder.write("key.pem", certificate.key),
      ];
      args.push("--tls", "--tlscert", cert, "--tlskey", key);
    }
    const { path, args: all } = this.options.command?.(PROGRAM, args) ?? { path: PROGRAM, args };
    const child = new Deno.Command(path, { args: all, env: { PATH }, stdin: "null", stdout: "null", stderr: "piped" })
      .spawn();
    this.#process = child;
    const ready = Promise.withResolvers<void>();
    const read = async () => {
      let text = "";
      for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
        text += piece;
        const [, port] = /Listening for client connections on [\d.]+:(\d+)/.exec(text) ?? [];
        if (port !== undefined) this.#port = Number(port);
        if (text.includes("Server is ready")) ready.resolve();
      }
      ready.reject(new Error(`nats-server has ended:\n${text}`));
    };
    read();
    await ready.promise;
  }

  /** Kills it, as a crash would; its files stay. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.status;
    this.#process = undefined;
  }

  /** Stops it for a moment: connections stay open, and nothing is answered. */
  pause(): void {
    this.#process!.kill("SIGSTOP");
  }

  resume(): void {
    this.#process!.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder.remove();
  }
}
