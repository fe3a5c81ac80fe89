import type { Outputs } from "../core/machine.ts";
import type { Command } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { Registry } from "./registry.ts";
import type { SharedChat } from "./shared_chat.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface AttendanceParts {
  readonly online: OnlineUsers;
  readonly presence: PresenceUpdates;
  readonly delivery: Delivery;
  readonly registry: Registry;
  readonly outputs: Outputs<Effect>;
  /** Where there are other servers. */
  readonly shared: SharedChat | undefined;
}

/** Sessions come online, change to our own protocol, and leave. */
export class Attendance {
  readonly #parts: AttendanceParts;
  #keepsLobby: boolean;

  constructor(parts: AttendanceParts, keepsLobby: boolean) {
    this.#parts = parts;
    this.#keepsLobby = keepsLobby;
  }

  /** Whether the lobby's messages are kept. */
  get keepsLobby(): boolean {
    return this.#keepsLobby;
  }

  /** A session that has proved its name comes online, or gets a refusal with its reason. */
  admit(session: Session, name: string, proof: Uint8Array | undefined, now: number): Effect[] {
    const { online, presence, delivery, registry, shared } = this.#parts;
    const { id, address } = session;
    const heldUp = shared?.names.holdUp(session, name, proof, now);
    if (heldUp) return heldUp;
    if (session.kind === "handout" && online.get(name)?.handout) {
      return [
        tell(id, { type: "turnedAway", why: "already online" }),
        { type: "note", text: `login of ${name} from ${address} refused: already online` },
      ];
    }
    session.name = name;
    if (online.enter(session, now)) presence.online(name, now);
    shared?.peopleChanged();
    delivery.audienceChanged();
    if (session.kind === "native") this.#keepLobby(now);
    else if (this.#keepsLobby) registry.register(name, undefined, now);
    registry.cameFrom(name, address);
    return [
      tell(id, proof ? { type: "welcome", name, proof } : { type: "welcome", name }),
      { type: "note", text: `${name} is online from ${address} (${online.size} online)` },
    ];
  }

  /** A session can receive messages. */
  ready(session: Session, now: number): void {
    session.ready = true;
    if (session.name !== undefined && this.#keepsLobby) this.#parts.delivery.handouts.ready(session, now);
  }

  /** A handout session changes to our own protocol. */
  become(session: Session, now: number): void {
    const { online, delivery, registry, shared } = this.#parts;
    const user = online.get(session.name);
    if (!user || session.kind === "native") return;
    delivery.handouts.handOver(session, user, now);
    this.#keepLobby(now);
    shared?.peopleChanged();
    registry.cameFrom(user.name, session.address);
  }

  /** Messages that the session has not confirmed are missed, and its user may be offline now. */
  leave(session: Session, { why, breaksRule, isQuiet }: Extract<Command, { type: "leave" }>, now: number): void {
    const { online, presence, delivery, outputs, shared } = this.#parts;
    delivery.handouts.release(session, true, now);
    const gone = online.leave(session);
    delivery.audienceChanged();
    if (gone && !online.isOnline(gone.name)) presence.offline(gone.name, now);
    if (session.name !== undefined) shared?.peopleChanged();
    if (session.oneShot || isQuiet) return;
    const who = session.name ?? (session.guestName || session.address);
    const text = `${who} left: ${why} (${online.size} online)`;
    outputs.push(breaksRule ? { type: "note", level: "warning", text } : { type: "note", text });
  }

  /** From now on the lobby's messages are kept, and every online user is registered. */
  #keepLobby(now: number): void {
    const { online, delivery, registry } = this.#parts;
    for (const user of online.all) if (!user.known) registry.register(user.name, undefined, now);
    if (this.#keepsLobby) return;
    this.#keepsLobby = true;
    for (const session of online.handouts) if (session.ready) delivery.handouts.ready(session, now);
  }
}
