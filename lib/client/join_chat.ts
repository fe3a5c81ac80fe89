import { formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import type { TlsOffer } from "../protocols/im/tls_offer.ts";
import type { NativeSide } from "../protocols/native/reconnecting.ts";
import { keyFingerprint, pem } from "../store/certificate.ts";
import type { Identity } from "../store/identity.ts";
import { KnownHosts } from "../store/known_hosts.ts";
import type { JoinPlan } from "./command_line.ts";
import { joinByIm, joinByLogin, type Joined, type ProgramOutput, type SecureOpening } from "./join.ts";
import { openKnown } from "./known_server.ts";

/**
 * Joins a chat with a server in the way that the plan and the server allow.
 *
 * 1. A server that offers TLS gets the name and the proof of the password over TLS alone. Once it has proved its own part, it
 *    is known.
 * 2. A known server is joined over TLS or not at all.
 * 3. Where a server that is not known cannot be reached over TLS, or offers none, it is joined as the IM handout says.
 */
export function joinChat<Side extends NativeSide>(
  plan: JoinPlan,
  side: Side,
  identity: Identity,
  perform: (output: ProgramOutput) => void,
): Joined<Side> {
  if (plan.type === "mailbox" || plan.tls || plan.guest) return joinByLogin(plan, side, identity, perform);
  if (plan.noTls) return joinByIm(plan, side, perform);
  const hosts = new KnownHosts(identity.folder);
  const name = formatAddress({ hostname: plan.host, port: plan.port });
  const note = (line: string) => perform({ type: "trace", line: `${line}\n` });
  let leaving = false;
  /** What a new server has proved on this connection. */
  let proved: TlsOffer | undefined;
  let current = hosts.get(plan) ? secured(undefined) : joinByIm(plan, side, perform, (offer) => next(secured(offer)));

  /** Goes on in another way; nothing was said in the first one but the question for TLS. */
  function next(way: Joined<Side>): void {
    current = way;
    current.start();
    if (leaving) current.leave();
  }

  /** Only a server that has also proved that it knows the user's password is remembered. */
  function remember(): void {
    if (!proved) return;
    const fingerprint = keyFingerprint(pem(proved.certificate));
    try {
      hosts.remember(plan, proved);
      note(`-- TLS: ${name} is known from now on by its key, SHA-256 ${fingerprint} --`);
    } catch (error) {
      note(`-- TLS: ${name} is not remembered: ${reason(error)} --`);
    }
    proved = undefined;
  }

  function secured(offer: TlsOffer | undefined): Joined<Side> {
    const open: SecureOpening = (owner, refuse) =>
      openKnown(plan, hosts, offer, {
        attempt: () => owner.attempt(),
        opened: (connection) => owner.opened(connection),
        receive: (bytes) => owner.receive(bytes),
        turnEnded: () => owner.turnEnded(),
        disconnected: (why) => owner.disconnected(why),
        tap: owner.tap,
        refused(why, details) {
          for (const line of details) note(line);
          refuse(why);
        },
        unreachable(why) {
          note(`-- ${name} offers TLS, but cannot be reached there (${why}): the connection is not encrypted --`);
          next(joinByIm(plan, side, perform));
        },
        proved: (offer) => proved = offer,
      }).catch((error) => refuse(reason(error)));
    return joinByLogin(plan, side, identity, (output) => {
      if (output.type === "event" && output.event.type === "loggedIn") remember();
      perform(output);
    }, open);
  }

  return {
    side,
    get name() {
      return current.name;
    },
    get speaksIm() {
      return current.speaksIm;
    },
    start: () => current.start(),
    use: (input) => current.use(input),
    typed: (line) => current.typed(line),
    leave() {
      leaving = true;
      current.leave();
    },
    interrupt: () => current.interrupt(),
    fail: (why) => current.fail(why),
  };
}
