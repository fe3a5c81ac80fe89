import type { Limits } from "../../core/limits.ts";
import type { Session, Way } from "../session.ts";
import { ImServerSession } from "./server.ts";

/** The IM door: what it is called, what its links are called, and how a session begins. */
export const IM_DOOR = {
  name: "im",
  links: ["La", "Lb"],
  open: (way: Way, limits: Limits, now: number): Session => new ImServerSession(way, limits, now),
} as const;
