import type { Limits } from "../core/limits.ts";
import { type Address, isLoopback } from "../core/address.ts";
import { encodeText } from "../core/text.ts";
import { CLOSE } from "../http/frames.ts";
import { hasPassword } from "../http/guard.ts";
import { jsonResponse, plainText, readJsonBody } from "../http/responses.ts";
import { type Answer, type Upgrade, upgradeRefusal } from "../http/site.ts";
import type { StaticFiles } from "../http/static_files.ts";
import type { WebSocketTransport } from "../http/websocket.ts";
import { clock } from "../net/clock.ts";
import type { Monitor } from "./monitor.ts";
import { OPEN_METRICS_TYPE } from "./open_metrics.ts";
import { operatingOf } from "./operating.ts";
import { PasswordGate } from "./password_gate.ts";
import type { SessionRunner } from "./runner.ts";

/** Bytes that may wait for a watcher; further events are lost to it. */
const WATCHER_BYTES = 256 * 1024;

export interface OperatorSiteParts {
  readonly runner: SessionRunner;
  readonly limits: Limits;
  readonly files: StaticFiles;
  readonly monitor: Monitor;
  /** The password for the server's page from other machines; without one, only this machine may see it. */
  readonly monitorPassword: string | undefined;
}

/** The operator's part of the site: the server's page, what it watches and does, and the metrics. */
export class OperatorSite {
  readonly #parts: OperatorSiteParts;
  readonly #watchers = new Set<WebSocketTransport>();
  readonly #passwordGate: PasswordGate;

  constructor(parts: OperatorSiteParts) {
    this.#parts = parts;
    this.#passwordGate = new PasswordGate(parts.limits, clock);
  }

  close(): void {
    this.#passwordGate.close();
    for (const socket of this.#watchers) socket.closeWith(CLOSE.goingAway, "the server stops");
  }

  /** Answers a request for this part of the site, such as "GET /server"; undefined for any other. */
  async answer(what: string, request: Request, from: Address): Promise<Answer | undefined> {
    const answer = this.#answers(what, request);
    return answer && (await this.#refusal(request, from) ?? await answer());
  }

  #answers(what: string, request: Request): (() => Answer | Promise<Answer>) | undefined {
    const { files, monitor } = this.#parts;
    switch (what) {
      case "GET /server":
        return () => files.answer("server.html", request);
      case "GET /watch":
        return () => this.#watch(request);
      case "GET /wire":
        return () => this.#wire(request);
      case "POST /server/say":
        return () => this.#operate(request, "text");
      case "POST /server/kick":
        return () => this.#operate(request, "name");
      case "GET /metrics":
        return () => new Response(monitor.metrics(), { headers: { "content-type": OPEN_METRICS_TYPE } });
    }
    return undefined;
  }

  /** The refusal of a request for the server's page; undefined from this machine, or with the page's password. */
  async #refusal(request: Request, from: Address): Promise<Response | undefined> {
    const { monitorPassword } = this.#parts;
    if (isLoopback(from.hostname)) return undefined;
    if (monitorPassword === undefined) {
      const how = "To see it from elsewhere, start the server with --watch-password-file FILE.";
      return plainText(`This page can only be seen on the machine of the server. ${how}`, 403);
    }
    if (!request.headers.has("authorization")) return this.#passwordRequired();
    const check = () => hasPassword(request, monitorPassword);
    const right = await this.#passwordGate.isRight(from.hostname, check, request.signal);
    return right ? undefined : this.#passwordRequired();
  }

  #passwordRequired(): Response {
    return plainText("This page needs the password that the server was started with.", 401, {
      "www-authenticate": 'Basic realm="Partyline server", charset="UTF-8"',
    });
  }

  /** Sends a notice to all, or ends a user's sessions. The origin of the request has been checked before. */
  async #operate(request: Request, field: "text" | "name"): Promise<Response> {
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const value = fields[field];
    if (typeof value !== "string") return jsonResponse({ why: `expected "${field}", a text` }, 400);
    const operating = operatingOf(this.#parts.runner);
    if (field === "name") return jsonResponse({ ended: operating.kick(value) });
    const why = operating.say(value);
    return why === undefined ? jsonResponse({}) : jsonResponse({ why }, 400);
  }

  #watch(request: Request): Response | Upgrade {
    return this.#feed(request, (send) => this.#parts.monitor.watch((event) => send(event)));
  }

  /** The wire of one user, or of an address. */
  #wire(request: Request): Response | Upgrade {
    const name = new URL(request.url).searchParams.get("of");
    const { wires } = this.#parts.runner;
    if (!name || !wires) return plainText("The address ends in ?of= and a name.", 400);
    return this.#feed(request, (send) => wires.follow(name, (records, missed) => send({ records, missed }) !== false));
  }

  /** A WebSocket that is sent objects, as far as there is room for them. */
  #feed(
    request: Request,
    begin: (send: (value: unknown) => false | void) => () => void,
  ): Response | Upgrade {
    const invalid = upgradeRefusal(request);
    if (invalid) return invalid;
    let end = () => {};
    return {
      type: "upgrade",
      open: (connect) => {
        const close = () => socket.close("");
        const socket = connect({ receive() {}, hungry: () => true, closed: close, failed: close });
        this.#watchers.add(socket);
        const stop = begin((value) => {
          if (!socket.isOpen || socket.waitingBytes > WATCHER_BYTES) return false;
          socket.writeAlone(encodeText(JSON.stringify(value)));
        });
        end = () => {
          stop();
          this.#watchers.delete(socket);
        };
      },
      gone: () => end(),
    };
  }
}
