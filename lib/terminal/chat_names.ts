import type { Known } from "./chat_style.ts";

/** Users, for a command whose first word names one. */
export const users = (known: Known, at: number): Iterable<string> => at === 1 ? known.users : [];

/** Rooms heard of, for a command whose first word names one. */
export const rooms = (known: Known, at: number): Iterable<string> => at === 1 ? known.rooms : [];

/** Rooms that we are in, for a command whose first word names one. */
export const joined = (known: Known, at: number): Iterable<string> => at === 1 ? known.joined : [];
