import { delay } from "@std/async/delay";
import { connect } from "../net/dial.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { LineConnection, type ProbeDatagram, ProbeSocket } from "../net/probes.ts";
import { type AnswerFacts, DOCTOR_CONNECT_MS, DOCTOR_PORT, GROUPS } from "./diagnosis.ts";
import { announce, probeText, sizesOf } from "./doctor_answer.ts";
import { pathMtu } from "./path_mtu.ts";

/** The total time for datagrams to arrive; lost ones are sent again within it. */
const ATTEMPTS = 3;
const ATTEMPT_MS = 400;
const LOOK_MS = 50;

type Answer = Readonly<Record<string, unknown>>;

/** Asks `client doctor --answer` at an address; undefined if something else answers there. */
export async function askAnswer(
  address: string,
  own: readonly string[],
  token: string,
): Promise<AnswerFacts | undefined> {
  const questions = new Questions(
    new LineConnection(await connect(address, DOCTOR_PORT, DOCTOR_CONNECT_MS)),
    address,
    token,
  );
  try {
    return await questions.all(own);
  } finally {
    questions.close();
  }
}

/** One session with the other machine's doctor. */
class Questions {
  readonly #back = new Set<number>();
  readonly #heard = new Set<string>();
  readonly #sockets: ProbeSocket[] = [];
  #dialled: ListeningSocket | undefined;

  constructor(readonly session: LineConnection, readonly address: string, readonly token: string) {}

  async all(own: readonly string[]): Promise<AnswerFacts | undefined> {
    const asked = performance.now();
    const begun = await this.#ask({ do: "begin", token: this.token });
    if (begun === undefined || typeof begun.system !== "string" || typeof begun.time !== "number") return undefined;
    const clockMs = Math.round(begun.time - Date.now() + (performance.now() - asked) / 2);
    const { mtuOut, mtuBack } = await this.#datagrams();
    const groups = await this.#multicast(own);
    this.#dialled = new ListeningSocket({ hostname: "0.0.0.0", port: 0 }, { accepted: (conn) => conn.close() });
    const dial = await this.#ask({ do: "dial", port: this.#dialled.address.port });
    return {
      ...{ system: begun.system, mtuOut, mtuBack, clockMs },
      tcpBack: (["open", "refused", "silent", "unreachable"] as const).find((each) => each === dial?.outcome) ??
        "silent",
      multicastOut: GROUPS.filter((group) => groups.includes(group)),
      multicastBack: GROUPS.filter((group) => this.#heard.has(group)),
    };
  }

  close(): void {
    this.#dialled?.close();
    for (const socket of this.#sockets) socket.close();
    this.session.close();
  }

  async #datagrams(): Promise<{ mtuOut: number; mtuBack: number }> {
    const socket = this.#listen({ hostname: "0.0.0.0", port: 0 }, ({ text, bytes }) => {
      if (text === probeText(this.token, "back")) this.#back.add(bytes);
    });
    const to = { hostname: this.address, port: DOCTOR_PORT };
    const mtuOut = await pathMtu((sizes) =>
      this.#arrived(sizes, async (missing) => {
        for (const bytes of missing) await socket.send(probeText(this.token, "out"), to, bytes);
      }, async () => new Set(sizesOf((await this.#ask({ do: "report" }))?.sizes)))
    );
    const mtuBack = await pathMtu((sizes) =>
      this.#arrived(
        sizes,
        async (missing) => void await this.#ask({ do: "datagrams", port: socket.port, sizes: missing }),
        () => Promise.resolve(this.#back),
      )
    );
    return { mtuOut, mtuBack };
  }

  /** Sends datagrams until all have arrived, or the attempts are over; returns those that have arrived. */
  async #arrived(
    sizes: readonly number[],
    send: (missing: readonly number[]) => Promise<void>,
    look: () => Promise<ReadonlySet<number>>,
  ): Promise<ReadonlySet<number>> {
    let arrived: ReadonlySet<number> = new Set();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await send(sizes.filter((bytes) => !arrived.has(bytes)));
      for (let waited = 0; waited < ATTEMPT_MS; waited += LOOK_MS) {
        await delay(LOOK_MS);
        arrived = await look();
        if (sizes.every((bytes) => arrived.has(bytes))) return arrived;
      }
    }
    return arrived;
  }

  /** Sends to the groups and has the other machine do so; the groups that it has heard. */
  async #multicast(own: readonly string[]): Promise<readonly string[]> {
    for (const group of GROUPS) {
      const socket = this.#listen({ hostname: group, port: DOCTOR_PORT, shared: true }, ({ from, text }) => {
        if (text === probeText(this.token, "all") && from.hostname === this.address) this.#heard.add(group);
      });
      for (const address of own) await socket.join(group, address);
    }
    await announce(own, this.token);
    await this.#ask({ do: "multicast" });
    await delay(ATTEMPT_MS);
    const report = await this.#ask({ do: "report" });
    return Array.isArray(report?.groups) ? report.groups.map(String) : [];
  }

  #listen(
    where: { hostname: string; port: number; shared?: boolean },
    received: (datagram: ProbeDatagram) => void,
  ): ProbeSocket {
    const socket = new ProbeSocket(where, received);
    this.#sockets.push(socket);
    return socket;
  }

  async #ask(question: unknown): Promise<Answer | undefined> {
    const late = setTimeout(() => this.session.close(), 2 * DOCTOR_CONNECT_MS);
    try {
      await this.session.send(question);
      return await this.session.receive();
    } catch {
      return undefined;
    } finally {
      clearTimeout(late);
    }
  }
}
