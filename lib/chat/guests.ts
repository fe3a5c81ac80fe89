import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { textFault } from "../core/text.ts";
import type { GuestCommand } from "./command.ts";
import type { ClientMessages } from "./client_messages.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import { GuestFiles } from "./guest_files.ts";
import { chosenNameFault, skeleton } from "./chosen_names.ts";
import { LOBBY, nameFault } from "./names.ts";
import { tooManyAttempts } from "./registration.ts";
import type { Registry } from "./registry.ts";
import type { Roster } from "./roster.ts";
import type { FileBytes } from "./shared_file.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface GuestParts {
  readonly online: OnlineUsers;
  readonly roster: Roster;
  readonly delivery: Delivery;
  readonly messages: ClientMessages;
  readonly registry: Registry;
  /** Attempts by address. */
  readonly attempts: RateLimiters;
  /** Whether the lobby is kept. */
  readonly keepsLobby: () => boolean;
  readonly stores: boolean;
  readonly outputs: Outputs<Effect>;
  readonly limits: Limits;
}

/**
 * People without a login: in the lobby under their address, or in a room under a name that they choose.
 *
 * 1. A name that is taken, or looks like one, is no guest's; while a guest has it, no other user gets it.
 * 2. What is said in a room is kept once the room has members, who can read it later; before, it is told and forgotten.
 * 3. A room that a guest has named first is not listed, and no log line has its name or what is said in it.
 */
export class Guests {
  readonly #files: GuestFiles;
  readonly #parts: GuestParts;

  constructor(parts: GuestParts) {
    this.#parts = parts;
    this.#files = new GuestFiles(parts);
  }

  handle(session: Session, command: GuestCommand, now: number): void {
    switch (command.type) {
      case "enterAsGuest":
        return this.#enterLobby(session, command.as);
      case "enterRoom":
        return this.#enterRoom(session, command.as, command.room, now);
      case "announce":
        return this.#announce(session, command.text, now);
      case "beginFile":
        return session.kind === "guest" ? this.#files.begin(session, command.name, command.bytes) : undefined;
      case "shareFile":
        return this.#shareFile(session, command.contents);
      case "offerFile":
        return this.#offerFile(session, command, now);
      case "reserveFile":
        return this.#files.reserve(session, command.offer, command.bytes);
      case "fileArrived":
        return this.#files.arrived(session, command);
      case "releaseFile":
        return this.#files.release(session, command.offer);
      case "fileTaken":
        return this.#files.taken(session.id, command.id);
    }
  }

  /** The session joins the lobby. */
  #enterLobby(session: Session, name: string): void {
    if (session.name !== undefined || session.kind === "guest") return;
    const { online, outputs } = this.#parts;
    online.enterAsGuest(session, name, LOBBY);
    const { size } = online.guestsIn(LOBBY);
    const text = `${name} is in the lobby (${size} ${size === 1 ? "guest" : "guests"})`;
    outputs.push({ type: "note", text, shown: `${name} connected` });
  }

  /** The session joins a room under a name of its choice, or is told why not. */
  #enterRoom(session: Session, name: string, room: string, now: number): void {
    if (session.name !== undefined || session.kind === "guest") return;
    const { online, outputs, attempts, limits } = this.#parts;
    const fault = this.#nameFault(name) ?? this.#roomFault(room);
    if (fault !== undefined) {
      const text = attempts.take(session.address, now) ? fault : tooManyAttempts(limits);
      outputs.push(tell(session.id, { type: "turnedAway", why: { text } }));
      return outputs.push({ type: "note", text: `guest ${name} from ${session.address} refused: ${text}` });
    }
    const isNew = room !== LOBBY && online.guestsIn(room).size === 0 &&
      (this.#parts.roster.room(room)?.members.size ?? 0) === 0;
    online.enterAsGuest(session, name, room, skeleton(name));
    outputs.push(tell(session.id, { type: "entered", isNew }));
    outputs.push({ type: "note", text: `${name} is in a room as a guest from ${session.address}` });
  }

  /** A guest says something in its room; it has no outcome. */
  #announce(guest: Session, text: string, now: number): void {
    if (guest.kind === "guest") this.#say(guest, text, false, now);
  }

  /** Why it is not said, if it is not. */
  #say(guest: Session, text: string, membersOnly: boolean, now: number): string | undefined {
    const { outputs, limits, messages, delivery } = this.#parts;
    const { guestName: from, guestRoom: room } = guest;
    const why = textFault(text, limits.textBytes, limits.textLines);
    if (why !== undefined) {
      outputs.push(tell(guest.id, { type: "denied", ref: 0, why }));
      return why;
    }
    const kept = this.#isKept(room);
    const isRated = kept || room !== LOBBY;
    const tooMuch = isRated ? messages.rateFault(`guest ${guest.address}`, text, now) : undefined;
    // Said once: what is refused may come a thousand times a second.
    if (tooMuch && !guest.refused) outputs.push(tell(guest.id, { type: "denied", ref: 0, why: tooMuch }));
    guest.refused = tooMuch !== undefined;
    if (tooMuch) return tooMuch;
    if (room === LOBBY) outputs.push({ type: "note", text: `<${from}> ${text}`, shown: `<${from}> ${text}` });
    delivery.sayLive({ from, to: { room }, text, sayer: guest, outcome: undefined, membersOnly }, kept, now);
    return undefined;
  }

  /** The file that a guest has begun is whole: the other guests in the room get it, and its members are offered it. */
  #shareFile(guest: Session, contents: FileBytes): void {
    if (guest.kind !== "guest") return;
    this.#files.share(guest, contents, this.#othersOf(guest), this.#isKept(guest.guestRoom));
  }

  /** A guest's file is offered to the members of its room by a message that its guests do not get. */
  #offerFile(guest: Session, { id, text, ending }: Extract<GuestCommand, { type: "offerFile" }>, now: number): void {
    if (guest.kind !== "guest") return;
    const why = this.#say(guest, text, true, now);
    if (why === undefined) this.#files.offered(guest, id, ending);
    else this.#files.notOffered(guest, id, why);
  }

  /** The guest of this name in a room. */
  named(name: string): Session | undefined {
    for (const guest of this.#parts.online.guests) {
      if (guest.guestName === name && guest.guestLook !== undefined) return guest;
    }
    return undefined;
  }

  /** Whether a name looks like that of a guest in a room. */
  isHeld(name: string): boolean {
    const look = skeleton(name);
    for (const { guestLook } of this.#parts.online.guests) if (guestLook === look) return true;
    return false;
  }

  /** The session leaves: what it offers cannot be fetched any more, of which members who are online are told. */
  left(session: Session): void {
    if (session.kind !== "guest") return;
    const endings = this.#files.left(session.id);
    if (endings.length === 0) return;
    const to = this.#membersIn(session.guestRoom).map(({ id }) => id);
    if (to.length === 0) return;
    const from = session.guestName;
    for (const text of endings) {
      this.#parts.outputs.push({ type: "tell", to, event: { type: "signal", from, text } });
    }
  }

  /** The native sessions of a room's members. */
  #membersIn(room: string): Session[] {
    const { online, roster } = this.#parts;
    if (room === LOBBY) return [...online.natives].filter(({ ready }) => ready);
    const members = [...roster.room(room)?.members.keys() ?? []];
    return members.flatMap(({ name }) => online.get(name)?.natives ?? []).filter(({ ready }) => ready);
  }

  /** Whether what is said in a room is kept for its members. */
  #isKept(room: string): boolean {
    const { keepsLobby, stores, roster } = this.#parts;
    return room === LOBBY ? keepsLobby() : stores && roster.room(room) !== undefined;
  }

  #othersOf(guest: Session): Session[] {
    return [...this.#parts.online.guestsIn(guest.guestRoom)].filter((each) =>
      each !== guest && each.guestLook !== undefined
    );
  }

  #nameFault(name: string): string | undefined {
    const fault = chosenNameFault(name);
    if (fault !== undefined) return fault;
    const others = this.#parts.registry.names.like(name);
    if (others.includes(name)) return `"${name}" is the name of a user, and a guest has no password to prove it`;
    if (others.length > 0) return `"${name}" looks like the name of another user, "${others[0]}"`;
    return this.isHeld(name) ? `"${name}" is the name of another guest, or looks like it` : undefined;
  }

  /** The name of a room is in no message, since it is enough to enter. */
  #roomFault(room: string): string | undefined {
    const { online, roster, limits } = this.#parts;
    if (nameFault(room) !== undefined) return "the room ID is 1 to 32 letters, digits, marks or signs, without blanks";
    if (roster.room(room) || online.guestsIn(room).size > 0) return undefined;
    const count = roster.rooms.byName.size + online.guestRooms;
    return count >= limits.maxRooms ? `there are ${limits.maxRooms} rooms, the most allowed` : undefined;
  }
}
