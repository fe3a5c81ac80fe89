import { sanitized } from "../core/text.ts";
import { make } from "./dom.ts";
import { formatClock } from "./format.ts";
import type { AddressEntry } from "./watch_state.ts";

/** The entries as rows of a table: IP, port, name, since when. */
export function addressRows(entries: readonly AddressEntry[]): HTMLElement[] {
  return entries.map(({ hostname, port, name, since }) => {
    const cells = [hostname, `${port}`, name === undefined ? "?" : sanitized(name), formatClock(since)];
    return make("tr", {}, ...cells.map((cell) => make("td", {}, make("bdi", {}, cell))));
  });
}
