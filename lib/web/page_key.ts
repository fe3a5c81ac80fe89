const NAME = "partyline key";
/** Where the browser stores nothing, the key lives as long as the page. */
let kept: string | undefined;

/**
 * The key that goes with each request of the page: browsers send cookies to every port of a host, but only pages of this origin,
 * port included, can read this.
 */
function pageKey(): string | undefined {
  try {
    return localStorage.getItem(NAME) ?? kept;
  } catch {
    return kept;
  }
}

export function keepPageKey(key: string): void {
  kept = key;
  try {
    localStorage.setItem(NAME, key);
  } catch { /* the storage is full or disabled */ }
}

export function forgetPageKey(): void {
  kept = undefined;
  try {
    localStorage.removeItem(NAME);
  } catch { /* the storage is disabled */ }
}

/** The headers of a request with the key. */
export function keyHeaders(): Record<string, string> {
  const key = pageKey();
  return key === undefined ? {} : { "x-partyline-key": key };
}

/** The protocols of a WebSocket with the key, which cannot have headers. */
export function keyProtocols(): string[] {
  const key = pageKey();
  return ["partyline", ...(key === undefined ? [] : [`key.${key}`])];
}

/** Exchanges the ticket in a one-time address for the key. The address shows the ticket no longer. */
export async function exchangeTicket(): Promise<void> {
  const ticket = /^#open=(\w+)$/.exec(location.hash)?.[1];
  if (ticket === undefined) return;
  const response = await fetch("/open", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket }),
  });
  history.replaceState(null, "", "/");
  if (response.ok) keepPageKey((await response.json()).key);
}
