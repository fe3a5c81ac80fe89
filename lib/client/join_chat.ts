import { reason } from "../core/reason.ts";
import type { TlsOffer } from "../protocols/im/tls_offer.ts";
import type { NativeSide } from "../protocols/native/reconnecting.ts";
import { ServerChoice } from "../protocols/native/server_choice.ts";
import { keyFingerprint, pem } from "../store/certificate.ts";
import type { Identity } from "../store/identity.ts";
import { type HostName, KnownHosts } from "../store/known_hosts.ts";
import type { JoinPlan } from "./command_line.ts";
import { joinByIm, joinByLogin, type Joined, type ProgramOutput, type SecureJoining } from "./join.ts";
import { findOffer, type KnownServerOwner, nameOf, openKnown, openTold } from "./known_server.ts";

/**
 * Joins a chat with a server in the way that the plan and the server allow.
 *
 * 1. A server that offers TLS gets the name and the proof of the password only over TLS. Once it has proved that it knows the
 *    password, too, it is a known server.
 * 2. A known server is joined over TLS or not at all.
 * 3. Where a server that is not known cannot be reached over TLS, or offers none, it is joined as the IM handout says.
 * 4. A guest has no password, so a new server cannot prove itself: the guest joins over TLS, and the server is not remembered.
 * 5. Another server of the same chat is joined in the same way as the first, and over TLS only if it has the announced key.
 */
export function joinChat<Side extends NativeSide>(
  plan: JoinPlan,
  side: Side,
  identity: Identity,
  perform: (output: ProgramOutput) => void,
): Joined<Side> {
  if (plan.type === "mailbox" || plan.tls) return joinByLogin(plan, side, identity, perform);
  if (plan.noTls) return plan.guest ? joinByLogin(plan, side, identity, perform) : joinByIm(plan, side, perform);
  const hosts = new KnownHosts(identity.folder);
  const servers = new ServerChoice(plan);
  const note = (line: string) => perform({ type: "remark", line });
  let leaving = false;
  /** The certificate that a new server has proved to own on this connection. */
  let proved: TlsOffer | undefined;
  let current = hosts.get(plan) || plan.guest ? secured(undefined) : plain((offer) => next(secured(offer)));

  /** Goes on over another connection; on the first one the client has only asked for TLS. */
  function next(way: Joined<Side>): void {
    current = way;
    current.start();
    if (leaving) current.leave();
  }

  /** Only a server that has also proved that it knows the user's password is remembered. */
  function remember(): void {
    if (!proved) return;
    const fingerprint = keyFingerprint(pem(proved.certificate));
    const name = nameOf(servers.current);
    if (plan.guest) {
      note(`-- TLS: the key of ${name} is SHA-256 ${fingerprint}; a guest's client does not remember it --`);
      proved = undefined;
      return;
    }
    try {
      hosts.remember(servers.current, proved);
      note(`-- TLS: ${name} is remembered by its key, SHA-256 ${fingerprint} --`);
    } catch (error) {
      note(`-- TLS: ${name} is not remembered: ${reason(error)} --`);
    }
    proved = undefined;
  }

  function plain(offered?: (offer: TlsOffer) => void): Joined<Side> {
    servers.isSecure = false;
    if (plan.guest) return joinByLogin(plan, side, identity, perform);
    const where = () => {
      if (servers.hasMoved && hosts.get(servers.current)) {
        throw new Error(`${nameOf(servers.current)} is known by its key, and is not joined without TLS`);
      }
      return servers.current;
    };
    return joinByIm(plan, side, perform, { servers, where, offered });
  }

  function secured(offer: TlsOffer | undefined): Joined<Side> {
    servers.isSecure = true;
    const open: SecureJoining["open"] = (owner, refuse) => {
      const { current: server, hasMoved } = servers;
      const known: KnownServerOwner = {
        attempt: () => owner.attempt(),
        opened: (connection) => owner.opened(connection),
        receive: (bytes) => owner.receive(bytes),
        turnEnded: () => owner.turnEnded(),
        disconnected: (why) => owner.disconnected(why),
        tap: owner.tap,
        refused(why, details) {
          for (const line of details) note(line);
          if (hasMoved) owner.disconnected(why);
          else refuse(why);
        },
        unreachable(why) {
          if (hasMoved) return owner.disconnected(why);
          const name = nameOf(server);
          note(`-- ${name} offers TLS, but cannot be reached there (${why}): the connection is not encrypted --`);
          next(plain());
        },
        proved: (offer) => proved = offer,
      };
      proved = undefined;
      const opening = hasMoved
        ? openTold(server, server.key!, hosts, known)
        : offer || hosts.get(server)
        ? openKnown(server, hosts, offer, known)
        : openNew(server, known);
      return opening.catch((error) => refuse(reason(error)));
    };
    /** Asks a server whether it offers TLS; for this run it keeps the key that it has shown. */
    async function openNew(server: HostName, known: KnownServerOwner): Promise<void> {
      try {
        offer = await findOffer(server);
      } catch (error) {
        return known.disconnected(reason(error));
      }
      if (offer) await openKnown(server, hosts, offer, known);
      else next(plain());
    }

    return joinByLogin(plan, side, identity, (output) => {
      if (output.type === "event" && output.event.type === "loggedIn") remember();
      perform(output);
    }, { servers, open });
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
