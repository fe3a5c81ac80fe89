import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { join } from "@std/path";
import { formatAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import type { TlsOffer } from "../protocols/im/tls_offer.ts";
import { writePrivateText } from "./private_file.ts";

const FILE = "known_hosts";

/** A server as the user names it: the host, and the port of its IM listener. */
export interface HostName {
  readonly host: string;
  readonly port: number;
}

/**
 * Where known servers speak TLS, and the certificate that each has shown at first: a line a server in `folder`, with
 * `HOST:PORT TLS_PORT NAME CERTIFICATE`. Other clients may use the folder at the same time.
 */
export class KnownHosts {
  constructor(readonly folder: string) {}

  get path(): string {
    return join(this.folder, FILE);
  }

  get(host: HostName): TlsOffer | undefined {
    return this.#read().get(keyOf(host));
  }

  remember(host: HostName, offer: TlsOffer): void {
    this.#write(this.#read().set(keyOf(host), offer));
  }

  /** Whether the server was known. */
  forget(host: HostName): boolean {
    const known = this.#read();
    if (!known.delete(keyOf(host))) return false;
    this.#write(known);
    return true;
  }

  #read(): Map<string, TlsOffer> {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new Map();
      throw new UserError(`cannot read ${this.path}: ${reason(error)}`);
    }
    const known = new Map<string, TlsOffer>();
    text.split("\n").forEach((line, index) => {
      if (line.trim() === "" || line.startsWith("#")) return;
      const [host, port, name, base64, ...more] = line.trim().split(/\s+/);
      const certificate = decodeBase64(base64 ?? "");
      if (!certificate?.length || more.length > 0 || !(Number(port) >= 1 && Number(port) <= 65535)) {
        throw new UserError(`${this.path}:${index + 1}: expected HOST:PORT TLS_PORT NAME CERTIFICATE`);
      }
      known.set(host!, { port: Number(port), name: name!, certificate });
    });
    return known;
  }

  #write(known: ReadonlyMap<string, TlsOffer>): void {
    const lines = [...known].map(([host, { port, name, certificate }]) =>
      `${host} ${port} ${name} ${encodeBase64(certificate)}\n`
    );
    try {
      writePrivateText(this.folder, FILE, lines.join(""));
    } catch (error) {
      throw new UserError(`cannot write ${this.path}: ${reason(error)}`);
    }
  }
}

function keyOf({ host, port }: HostName): string {
  return formatAddress({ hostname: host.toLowerCase(), port });
}
