import type { Limits } from "../../core/limits.ts";
import type { Session, Way } from "../session.ts";
import { NativeServerSession } from "./server.ts";

/** The mailbox: our own protocol over datagrams, where a client says and proves who it is. */
export const MAILBOX_DOOR = {
  name: "mailbox",
  links: ["udp"],
  minds: true,
  open: (way: Way, limits: Limits, now: number): Session => new NativeServerSession(way, limits, now, "messages"),
} as const;

/** The page: our own protocol, a message a WebSocket frame; who it is, its door says. */
export const WEB_DOOR = {
  name: "web",
  links: ["ws"],
  minds: true,
  open: (way: Way, limits: Limits, now: number): Session =>
    new NativeServerSession(way, limits, now, "messages", undefined, true),
} as const;

/** Our own protocol in lines over TLS; a client says and proves who it is. */
export const TLS_DOOR = {
  name: "tls",
  links: ["tcp"],
  open: (way: Way, limits: Limits, now: number): Session => new NativeServerSession(way, limits, now, "lines"),
} as const;

/** How a session goes on that was let in at a handout door. */
export function nativeOnLines(way: Way, limits: Limits, now: number, name: string): Session {
  return new NativeServerSession(way, limits, now, "lines", name);
}
