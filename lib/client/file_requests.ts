import { formatAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

/** Requests about files at the server, over HTTP, with a ticket of the session. */
export class FileRequests {
  #waiting: { readonly resolve: (ticket: string) => void; readonly reject: (error: Error) => void }[] = [];

  /**
   * `host`: the server's, as the user has named it; `at`: where it takes files, such as "http:2080", undefined where it takes
   * none; `askTicket`: `ticket` or `noTicket` is called with the answer.
   */
  constructor(readonly host: string, readonly at: () => string | undefined, readonly askTicket: () => void) {}

  /** Whether the server takes files. */
  get isOffered(): boolean {
    return this.at() !== undefined;
  }

  ticket(ticket: string): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(ticket);
  }

  noTicket(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new UserError(why));
  }

  /** The server's answer to a request with a ticket; `path` begins after `/attachments`. */
  async request(path: string, init: RequestInit): Promise<Response> {
    if (!this.isOffered) throw new UserError("this server takes no files");
    const ticket = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.askTicket();
    });
    return await this.fetch(`/attachments${path}`, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${ticket}` },
    });
  }

  /** The content of the server's page at a path. */
  async fetch(path: string, init: RequestInit): Promise<Response> {
    const [scheme, port] = (this.at() ?? "").split(":");
    const place = formatAddress({ hostname: this.host, port: Number(port) });
    try {
      return await fetch(`${scheme}://${place}${path}`, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      const how = "the server's page must be reachable from here (server --host)";
      throw new UserError(
        `the server takes and gives files at ${place}, which cannot be reached; ${how}: ${reason(error)}`,
      );
    }
  }
}
