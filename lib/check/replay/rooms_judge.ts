import { encodeWire, visibleEnds } from "../../core/wire_text.ts";
import { ROOMS_CLIENT } from "../rules/rooms_client/suite.ts";
import { ROOMS_SERVER } from "../rules/rooms_server/suite.ts";
import type { Traced } from "./record.ts";
import { type JudgedSession, SessionJudge } from "./session_judge.ts";

/** The rules about the parts of a file, for one side; a client does not name the sender. */
interface FileRules {
  readonly file: string;
  readonly name: string;
  readonly size: string;
  readonly sender?: string;
  /** Nothing follows the bytes without a pause. */
  readonly bytes: string;
}

const OF_CLIENT: FileRules = { file: "rooms/14/2", name: "rooms/14/3", size: "rooms/14/4", bytes: "rooms/14/8" };
const OF_SERVER: FileRules = {
  ...{ file: "rooms/3/2", name: "rooms/3/3", size: "rooms/3/4", sender: "rooms/3/5", bytes: "rooms/3/7" },
};

/** What comes closer than this is one piece for the receiver. */
const QUIET_MS = 50;

type Judge = (rule: string, isKept: boolean, expected: string, got: string) => void;

/** The pieces of one direction of a session. */
class Pieces {
  #expected: "text" | "name" | "size" | "sender" | "bytes" = "text";
  #left = 0;
  #lastAt = -Infinity;

  constructor(readonly rules: FileRules, readonly judge: Judge, readonly isText: (piece: string) => void) {}

  /** A piece that is neither the greeting nor the login. */
  came(piece: string, time: number): void {
    const isApart = time - this.#lastAt >= QUIET_MS;
    this.#lastAt = time;
    const { rules, judge } = this;
    const got = `${visibleEnds(piece)}${isApart ? "" : ", without a pause before it"}`;
    switch (this.#expected) {
      case "text":
        if (piece === "FILE") return void (this.#expected = "name");
        if (/^FILEclient_/.test(piece)) return judge(rules.file, false, "FILE, then a pause", got);
        return this.isText(piece);
      case "name":
        // A user has said FILE, and goes on.
        if (!piece.startsWith("client_")) {
          this.#expected = "text";
          return this.isText(piece);
        }
        judge(rules.file, isApart, "FILE, then a pause", got);
        judge(rules.name, /^client_[^/\\]+$/.test(piece), "client_NAME, without a folder", got);
        return void (this.#expected = "size");
      case "size": {
        const isSize = /^\d+$/.test(piece);
        judge(rules.size, isSize && isApart, "the size in decimal, between pauses", got);
        this.#left = isSize ? Number(piece) : 0;
        return void (this.#expected = !isSize ? "text" : rules.sender ? "sender" : this.#left > 0 ? "bytes" : "text");
      }
      case "sender":
        judge(rules.sender!, isApart, "the sender's name, between pauses", got);
        return void (this.#expected = this.#left > 0 ? "bytes" : "text");
      case "bytes": {
        const size = encodeWire(piece).length;
        const isWithin = size <= this.#left;
        if (size >= this.#left) {
          this.#expected = "text";
          judge(rules.bytes, isWithin, `${this.#left} more bytes, then a pause`, `${size} bytes`);
        }
        this.#left -= size;
      }
    }
  }
}

interface Session extends JudgedSession {
  logins: number;
  lastUp: number;
  isGreeted: boolean;
  readonly up: Pieces;
  readonly down: Pieces;
}

/**
 * Judges a trace of the rooms handout's own wire, by the rules of both suites. Pure.
 *
 * Rooms are masked in a trace, so that who should hear what is not judged.
 */
export class RoomsTraceJudge extends SessionJudge<Session> {
  constructor() {
    super("rooms", ["tcp"], [ROOMS_SERVER, ROOMS_CLIENT]);
  }

  protected begin(id: number): Session {
    const judge: Judge = (...occasion) => this.judge(session, ...occasion);
    const session: Session = {
      ...{ session: id, name: "", logins: 0, lastUp: -Infinity, isGreeted: false },
      up: new Pieces(OF_CLIENT, judge, () => {}),
      down: new Pieces(OF_SERVER, judge, (piece) => {
        judge("rooms/2/2", /^<[^<>]+> /.test(piece), "<NAME> and the text", visibleEnds(piece));
      }),
    };
    return session;
  }

  protected heard(session: Session, piece: string, { direction, time }: Traced): void {
    if (direction === "down") this.#down(session, piece);
    else if (session.logins < 2) this.#login(session, piece);
    else session.up.came(piece, time);
  }

  protected over(): void {
    // A file that has not come whole is no mistake: its sender may have left.
  }

  /** The name, then the room. */
  #login(session: Session, piece: string): void {
    const isApart = this.now - session.lastUp >= QUIET_MS;
    session.lastUp = this.now;
    const got = visibleEnds(piece);
    if (session.logins++ === 0) {
      this.judge(session, "rooms/11/4", !/[\r\n]$/.test(piece), "the name, without a line end", got);
    } else this.judge(session, "rooms/11/3", isApart, "a pause between the name and the room", "none");
  }

  #down(session: Session, piece: string): void {
    if (session.isGreeted) return session.down.came(piece, this.now);
    session.isGreeted = true;
    const isGreeting = /^(New Group created|Welcome to chat room)/.test(piece);
    const got = visibleEnds(piece);
    this.judge(session, "rooms/1/7", session.logins === 2, "nothing before the room was said", got);
    this.judge(session, "rooms/1/4", isGreeting, "New Group created or Welcome to chat room", got);
  }
}
