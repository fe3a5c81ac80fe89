import type { Target } from "../chat/entry.ts";

/** The part of an address that leads to a message: `#lobby/12` in a room, `#@bob/12` with a user. */
export function linkTo(target: Target, at: number): string {
  const name = "user" in target ? `@${encodeURIComponent(target.user)}` : encodeURIComponent(target.room);
  return `#${name}/${at}`;
}

/** The message that such a part leads to; undefined where it is none. */
export function readLink(hash: string): { readonly target: Target; readonly at: number } | undefined {
  const [, sign, name, number] = /^#(@?)([^/=]+)\/(\d{1,15})$/.exec(hash) ?? [];
  if (name === undefined) return undefined;
  try {
    const decoded = decodeURIComponent(name);
    return { target: sign === "@" ? { user: decoded } : { room: decoded }, at: Number(number) };
  } catch {
    return undefined;
  }
}
