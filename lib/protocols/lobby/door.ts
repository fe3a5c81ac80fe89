import type { Limits } from "../../core/limits.ts";
import type { Session, Way } from "../session.ts";
import { LobbySession } from "./server.ts";

/** The lobby's door: what it is called, and how a guest comes in. */
export const LOBBY_DOOR = {
  name: "lobby",
  links: ["tcp"],
  open: (way: Way, limits: Limits, now: number): Session => new LobbySession(way, limits, now),
} as const;
