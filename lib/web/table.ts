import { addressRows } from "./address_rows.ts";
import { byId, setText } from "./dom.ts";
import { useLanguage } from "./language.ts";
import { keyHeaders } from "./page_key.ts";
import { peerTexts, sharedTexts } from "./texts.ts";
import type { AddressEntry } from "./watch_state.ts";

/** The client address table of a peer, as the address book had it last. */
interface AddressTable {
  readonly self?: { readonly hostname: string; readonly port: number };
  readonly entries: readonly AddressEntry[];
}

const REFRESH_MS = 1000;

let drawn = "";

/** Shows the table as it stands, and again after a while. */
async function show(): Promise<void> {
  const text = await fetch("/table", { cache: "no-store", credentials: "same-origin", headers: keyHeaders() })
    .then((response) => response.ok ? response.text() : "").catch(() => "");
  if (text === "") setText(byId("self"), peerTexts.silent);
  else if (text !== drawn) draw(JSON.parse(text));
  drawn = text;
  setTimeout(() => void show(), REFRESH_MS);
}

function draw({ self, entries }: AddressTable): void {
  setText(byId("self"), self ? peerTexts.youAre(`${self.hostname}:${self.port}`) : peerTexts.noTable);
  byId("entries").replaceChildren(...addressRows(entries));
  setText(
    byId("count"),
    entries.length === 0 ? peerTexts.alone : peerTexts.others(entries.length),
  );
}

void useLanguage({ shared: sharedTexts, peers: peerTexts }).then(show);
