import { keyHeaders } from "./page_key.ts";

const NAME = "partyline user";
const RELOADED = "partyline reloaded";
/** Of the caches that the service worker has. */
const PREFIX = "partyline ";

/** Browsers have service workers only over TLS, and on the server's own machine. */
function workers(): ServiceWorkerContainer | undefined {
  return isSecureContext && "serviceWorker" in navigator ? navigator.serviceWorker : undefined;
}

/** Has the browser store the files of the page, so that it opens when the server is away. */
export async function storePage(): Promise<void> {
  try {
    const registration = await workers()?.register("/worker.js", { scope: "/", updateViaCache: "none" });
    registration?.active?.postMessage("store");
  } catch { /* a certificate that the browser does not trust, or a private window: the page works without */ }
}

/** Removes everything that the browser has stored of the page. */
export async function forgetPage(): Promise<void> {
  rememberUser(undefined);
  try {
    await (await workers()?.getRegistration("/"))?.unregister();
    if (!workers()) return;
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(PREFIX)).map((name) => caches.delete(name)));
  } catch { /* there is nothing to remove */ }
}

/** Shows a notification by the service worker, which phones want; false where there is none. */
export async function notifyByWorker(title: string, options: NotificationOptions): Promise<boolean> {
  try {
    const registration = await workers()?.getRegistration("/");
    if (!registration?.active) return false;
    await registration.showNotification(title, options);
    return true;
  } catch {
    return false;
  }
}

/** The user has pressed a notification that the service worker shows. */
export function onNotification(open: (key: string) => void): void {
  workers()?.addEventListener("message", ({ data }) => {
    if (typeof data?.open === "string") open(data.open);
  });
}

/** Remembers who uses this browser, for a page that is opened while the server is away; undefined: forgets it. */
export function rememberUser(name: string | undefined): void {
  try {
    if (name === undefined) localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, name);
  } catch { /* the storage is full or disabled */ }
}

/** The user whose login this browser has; undefined if there is none, or on a shared computer. */
export function rememberedUser(): string | undefined {
  try {
    return keyHeaders()["x-partyline-key"] === undefined ? undefined : localStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The hash of the files that this page consists of. */
export function pageVersion(): string | undefined {
  const script = document.querySelector<HTMLScriptElement>('script[src^="/page/chat.js"]');
  return script ? new URL(script.src).searchParams.get("v") ?? undefined : undefined;
}

/** Loads the version of the page that the server has; false if that was tried already. */
export function reloadFor(version: string): boolean {
  try {
    if (sessionStorage.getItem(RELOADED) === version) return false;
    sessionStorage.setItem(RELOADED, version);
  } catch {
    return false;
  }
  location.reload();
  return true;
}
