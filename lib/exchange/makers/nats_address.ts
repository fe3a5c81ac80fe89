import { UserError } from "../../core/errors.ts";

const USUAL_PORT = 4222;

/** Where an exchange over NATS is: one of these servers, which are one cluster. */
export interface NatsAddress {
  /** Each as HOST:PORT. */
  readonly servers: readonly string[];
  /** Whether a connection without TLS is refused. With `nats://` the server decides. */
  readonly requiresTls: boolean;
}

/** Parses `nats://HOST:PORT[,HOST:PORT…]`, or `tls://` where TLS is required; throws a `UserError` for anything else. */
export function parseNatsAddress(text: string): NatsAddress {
  const [, scheme, hosts] = /^(nats|tls):\/\/([^/?#\s]+)\/?$/.exec(text) ?? [];
  if (hosts === undefined) {
    throw new UserError(
      `the exchange is nats://HOST:PORT or tls://HOST:PORT, several of them with commas; found "${text}"`,
    );
  }
  if (hosts.includes("@")) {
    throw new UserError(
      "the login at the exchange is given in a file, since every user of this machine can read a command line",
    );
  }
  const servers = hosts.split(",").map((host) => host.replace(/^(nats|tls):\/\//, "")).map((host) => parseServer(host));
  return { servers, requiresTls: scheme === "tls" };
}

function parseServer(text: string): string {
  const [, host, port = String(USUAL_PORT)] = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new UserError(`a server of the exchange is HOST or HOST:PORT, not "${text}"`);
  }
  return `${host}:${port}`;
}
