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

const GUEST_NAME = "partyline guest";
let guestSecret: string | undefined;

/** The secret that holds the names of guests in this browser, made when it is first needed. */
export function guestKey(): string {
  try {
    guestSecret = localStorage.getItem(GUEST_NAME) ?? guestSecret;
  } catch { /* the storage is disabled */ }
  if (guestSecret !== undefined) return guestSecret;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  guestSecret = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    localStorage.setItem(GUEST_NAME, guestSecret);
  } catch { /* the storage is full or disabled */ }
  return guestSecret;
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
