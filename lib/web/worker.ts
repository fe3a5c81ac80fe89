/** What the page needs to open, and a hash over all of it; `lib/store/web_files.ts` writes it before the script. */
declare const SHELL: {
  readonly version: string;
  readonly files: readonly string[];
  /** Those that the page asks for are stored. */
  readonly translations: readonly string[];
};

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface NotificationEvent extends ExtendableEvent {
  readonly notification: Notification;
}

interface WindowClient {
  focus(): Promise<unknown>;
  postMessage(value: unknown): void;
}

/** What this script uses of a service worker; the types of a page have none of it. */
interface WorkerScope {
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { readonly type: "window" }): Promise<readonly WindowClient[]>;
    openWindow(address: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "message", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "notificationclick", listener: (event: NotificationEvent) => void): void;
}

/*
 * The service worker: opens the page when the server is away.
 *
 * 1. It stores the files of the page and nothing else: no message, no name, no answer of the chat.
 * 2. A server that answers decides: its page is shown, never an older one. The stored page is for a server that does not.
 * 3. All stored files are of one version, since their addresses have it, and the page is stored last.
 */
const scope = globalThis as unknown as WorkerScope;
const PREFIX = "partyline ";
const NAME = PREFIX + SHELL.version;
/** The server does not answer: a LAN takes milliseconds, and a cable that is pulled is noticed after minutes. */
const ANSWER_MS = 3000;

scope.addEventListener("install", (event) => event.waitUntil(store()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
// A log-out has emptied the store, and the next user wants it again.
scope.addEventListener("message", (event) => event.waitUntil(storeIfEmpty()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (request.mode === "navigate" && pathname === "/") event.respondWith(openPage(request));
  else if (SHELL.files.includes(pathname + search)) event.respondWith(openFile(request, pathname + search));
  else if (SHELL.translations.includes(pathname + search)) event.respondWith(openTranslation(request));
});
scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openConversation(event.notification.tag));
});

async function store(): Promise<void> {
  const cache = await caches.open(NAME);
  const add = async (address: string, isRight = (_text: string) => true) => {
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok || !isRight(await response.clone().text())) throw new Error(`${address} is of another version`);
    await cache.put(address, response);
  };
  try {
    await Promise.all(SHELL.files.map((address) => add(address)));
    await add("/", (text) => text.includes(`?v=${SHELL.version}"`));
  } catch (error) {
    await caches.delete(NAME);
    throw error;
  }
  await scope.skipWaiting();
}

async function storeIfEmpty(): Promise<void> {
  if (!await caches.has(NAME)) await store();
}

async function takeOver(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(others.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** The page as the server has it; the stored one if the server fails, or does not answer in time. */
async function openPage(request: Request): Promise<Response> {
  const answer = fetch(request);
  const inTime = await Promise.race([answer.catch(() => undefined), after(ANSWER_MS)]);
  if (inTime && inTime.status < 500) return inTime;
  return await stored("/") ?? await answer;
}

async function openFile(request: Request, address: string): Promise<Response> {
  return await stored(address) ?? await fetch(request);
}

async function openTranslation(request: Request): Promise<Response> {
  const known = await stored(request.url);
  if (known) return known;
  const response = await fetch(request);
  const cache = await caches.open(NAME);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

async function stored(address: string): Promise<Response | undefined> {
  return await caches.match(address, { cacheName: NAME, ignoreVary: true });
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

/** The user has pressed a notification. */
async function openConversation(key: string): Promise<void> {
  const [first] = await scope.clients.matchAll({ type: "window" });
  if (!first) return void await scope.clients.openWindow("/");
  first.postMessage({ open: key });
  await first.focus();
}
