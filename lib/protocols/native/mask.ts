import { stars } from "../../core/wire_trace.ts";

/** The end of a value may be missing, and the object may be no JSON at all. */
const PASSWORD = /("(?:old|new|password)"\s*:\s*")((?:[^"\\]|\\.)*)/g;

/** What a client sends in the native protocol, with the passwords of `passwd` and `register` masked: one `*` a character. */
export function maskPasswords(text: string): string {
  if (!/"(?:passwd|register)"/.test(text)) return text;
  return text.replace(PASSWORD, (_, start: string, password: string) => start + stars(password));
}
