import { changed, empty, keyOf, lastPlace, pending, told, withHistory, withMessage } from "./conversation.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./outgoing.js").Target} Target */
/** @typedef {import("./outgoing.js").Unanswered} Unanswered */
/** @typedef {import("./talk.js").Happening} Happening */
/** @typedef {import("./talk.js").User} User */
/** @typedef {import("./file_view.js").FileView} FileView */
/** @typedef {{ state: "connecting" | "open" | "elsewhere" } | { state: "lost", againAt: number }} Connection */
/**
 * What happens to the chat: what the server tells, and what the person does.
 * @typedef {Happening
 *   | { type: "entered", name: string }
 *   | { type: "connection", connection: Connection }
 *   | { type: "said", said: Unanswered }
 *   | { type: "went", to: Target }
 *   | { type: "closed" }
 *   | { type: "watching", watching: boolean }
 *   | { type: "draft", to: Target, text: string }
 *   | { type: "unread", to: Target, count: number }
 *   | { type: "loading", key: string }
 *   | { type: "file", file: FileView }
 *   | { type: "note", text: string }
 *   | { type: "noted" }} ChatEvent
 */
/**
 * All of the chat.
 * @typedef {object} State
 * @property {string} me empty before the log-in
 * @property {Connection} connection
 * @property {ReadonlyMap<string, Conversation>} conversations by their keys
 * @property {string | undefined} here the key of the conversation that is open
 * @property {boolean} watching whether somebody looks at the page
 * @property {ReadonlyMap<string, boolean>} people everybody who can be spoken to, and whether they are online
 * @property {ReadonlyMap<string, { members: number, joined: boolean }>} rooms
 * @property {readonly User[]} members who is in the open room, as far as it was asked
 * @property {ReadonlyMap<string, FileView>} files how offers stand, by their ids
 * @property {string} note something a person is to know now
 */

/** The room that everybody is in. */
export const LOBBY = "lobby";

/** @type {State} */
export const NOTHING = {
  me: "",
  connection: { state: "connecting" },
  conversations: new Map(),
  here: undefined,
  watching: true,
  people: new Map(),
  rooms: new Map(),
  members: [],
  files: new Map(),
  note: "",
};

/**
 * The chat after something has happened; what has not changed is the same object as before.
 * @param {State} state
 * @param {ChatEvent} event
 * @returns {State}
 */
export function next(state, event) {
  switch (event.type) {
    case "entered":
      // Another person sees nothing of the one before.
      return event.name === state.me ? state : { ...NOTHING, watching: state.watching, me: event.name };
    case "connection":
      return { ...state, connection: event.connection };
    case "in":
      return entered(state, event);
    case "message":
      return heard(state, event);
    case "said":
      return withConversation(state, event.said.to, (talk) => withMessage(talk, pending(event.said, state.me)));
    case "sent": {
      const { id, seq, time } = event;
      return withConversation(state, event.to, (talk) => {
        const state = stateOf(talk, id);
        return changed(talk, id, { at: seq, time, state: state === "sending" ? "sent" : state });
      });
    }
    case "delivered":
      return withKnown(state, event.to, (talk) => changed(talk, event.id, { state: "delivered" }));
    case "failed":
      return failed(state, event);
    case "presence":
      return { ...state, people: withPresence(state.people, event) };
    case "users":
      return { ...state, people: new Map(event.users.map(({ name, online }) => [name, online])) };
    case "rooms":
      return { ...state, rooms: new Map(event.rooms.map(({ name, ...room }) => [name, room])) };
    case "who":
      return state.here === keyOf({ room: event.room }) ? { ...state, members: event.users } : state;
    case "joined":
      return went(withRoom(state, event.room, { members: event.members, joined: true }), { room: event.room });
    case "left":
      return left(state, event.room);
    case "history": {
      const earlier = event.messages.map((said) => told(said, said.from === state.me));
      return withConversation(state, event.of, (talk) => withHistory(talk, earlier, event.more));
    }
    case "denied":
      return denied(state, event);
    case "went":
      return went(state, event.to);
    case "closed":
      return { ...state, here: undefined, members: [] };
    case "watching":
      return read({ ...state, watching: event.watching });
    case "draft":
      return withConversation(state, event.to, (talk) => ({ ...talk, draft: event.text }));
    case "unread":
      return withConversation(state, event.to, (talk) => ({ ...talk, unread: event.count }));
    case "loading":
      return withKey(state, event.key, (talk) => ({ ...talk, loading: true }));
    case "file":
      return { ...state, files: new Map(state.files).set(event.file.id, event.file) };
    case "note":
      return { ...state, note: event.text };
    case "noted":
      return state.note === "" ? state : { ...state, note: "" };
    case "elsewhere":
      return { ...state, connection: { state: "elsewhere" } };
    case "closing":
      return { ...state, note: "The server stops; the page goes on when it is back." };
  }
}

/**
 * How much was said that was not seen.
 * @param {State} state
 */
export function unreadOf({ conversations }) {
  let unread = 0;
  for (const talk of conversations.values()) unread += talk.unread;
  return unread;
}

/** @param {State} state @param {Extract<Happening, { type: "in" }>} event @returns {State} */
function entered(state, { rooms, fresh }) {
  const conversations = new Map(state.conversations);
  for (const [key, talk] of conversations) {
    if ("room" in talk.target && !rooms.includes(talk.target.room)) {
      const waits = talk.messages.filter(({ at }) => at === Infinity);
      if (waits.length === 0 && talk.draft === "") conversations.delete(key);
    } else if (fresh && talk.messages.length > 0) {
      // Numbers are those of another store; what waits has none.
      const messages = talk.messages.filter(({ at }) => at === Infinity);
      conversations.set(key, { ...talk, messages, more: true, loading: false });
    }
  }
  const all = new Map(state.rooms);
  for (const [name, room] of all) if (room.joined && !rooms.includes(name)) all.set(name, { ...room, joined: false });
  for (const name of rooms) all.set(name, { members: all.get(name)?.members ?? 0, joined: true });
  for (const name of rooms) {
    const target = { room: name };
    if (!conversations.has(keyOf(target))) conversations.set(keyOf(target), empty(target));
  }
  const here = state.here !== undefined && conversations.has(state.here) ? state.here : undefined;
  return { ...state, conversations, rooms: all, here, connection: { state: "open" }, note: "" };
}

/** @param {State} state @param {Extract<Happening, { type: "message" }>} event @returns {State} */
function heard(state, { said, own }) {
  const target = "room" in said.to || own ? said.to : { user: said.from };
  const key = keyOf(target);
  const before = state.conversations.get(key) ?? empty(target);
  /** @type {Conversation} */
  let talk = withMessage(before, { ...told(said, own), state: own ? "sent" : undefined });
  if (talk === before) return state;
  const seen = own || (state.here === key && state.watching);
  if (!seen) talk = { ...talk, unread: talk.unread + 1, newFrom: talk.unread === 0 ? said.seq : talk.newFrom };
  return { ...state, conversations: new Map(state.conversations).set(key, talk) };
}

/** @param {State} state @param {Extract<Happening, { type: "failed" }>} event @returns {State} */
function failed(state, { id, to, why }) {
  if (!to) return state;
  return withKnown(state, to, (talk) => {
    // What was never kept has no number: it stays where it was said.
    const message = talk.messages.find(({ key }) => key === id);
    const at = message?.at === Infinity ? lastPlace(talk) : message?.at;
    return at === undefined ? talk : changed(talk, id, { at, state: "failed", why });
  });
}

/** @param {State} state @param {Extract<Happening, { type: "denied" }>} event @returns {State} */
function denied(state, { why, question }) {
  if (question?.type !== "history") return { ...state, note: why };
  // What was lost with the connection is asked for again; what is not given is not.
  const isOpen = state.connection.state === "open";
  return withKnown(state, question.of, (talk) => ({ ...talk, loading: false, more: talk.more && !isOpen }));
}

/** @param {State} state @param {Target} target @returns {State} */
function went(state, target) {
  const key = keyOf(target);
  const known = state.conversations.has(key) ? state : withConversation(state, target, (talk) => talk);
  if (state.here === key) return read(known);
  // The mark of what was new is for one visit.
  const cleared = state.here === undefined
    ? known
    : withKey(known, state.here, (talk) => talk.newFrom === undefined ? talk : { ...talk, newFrom: undefined });
  return read({ ...cleared, here: key, members: [] });
}

/** What is seen is not unread. @param {State} state @returns {State} */
function read(state) {
  const talk = state.here === undefined || !state.watching ? undefined : state.conversations.get(state.here);
  return talk && talk.unread > 0 ? withKey(state, talk.key, (talk) => ({ ...talk, unread: 0 })) : state;
}

/** @param {State} state @param {string} room @returns {State} */
function left(state, room) {
  const key = keyOf({ room });
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  const members = Math.max(0, (state.rooms.get(room)?.members ?? 1) - 1);
  const gone = withRoom({ ...state, conversations }, room, { members, joined: false });
  if (state.here !== key) return gone;
  return gone.rooms.get(LOBBY)?.joined ? went(gone, { room: LOBBY }) : { ...gone, here: undefined, members: [] };
}

/** @param {State} state @param {string} name @param {{ members: number, joined: boolean }} room @returns {State} */
function withRoom(state, name, room) {
  return { ...state, rooms: new Map(state.rooms).set(name, room) };
}

/** @param {ReadonlyMap<string, boolean>} people @param {Extract<Happening, { type: "presence" }>} event */
function withPresence(people, { online, offline }) {
  const all = new Map(people);
  for (const name of online) all.set(name, true);
  for (const name of offline) all.set(name, false);
  return all;
}

/** @param {Conversation} talk @param {string} id */
function stateOf(talk, id) {
  return talk.messages.findLast(({ key }) => key === id)?.state;
}

/** @param {State} state @param {Target} target @param {(talk: Conversation) => Conversation} change @returns {State} */
function withConversation(state, target, change) {
  const key = keyOf(target);
  const talk = change(state.conversations.get(key) ?? empty(target));
  return { ...state, conversations: new Map(state.conversations).set(key, talk) };
}

/** The same, if it is known. @param {State} state @param {Target} target @param {(talk: Conversation) => Conversation} change */
function withKnown(state, target, change) {
  return withKey(state, keyOf(target), change);
}

/** @param {State} state @param {string} key @param {(talk: Conversation) => Conversation} change @returns {State} */
function withKey(state, key, change) {
  const talk = state.conversations.get(key);
  const after = talk && change(talk);
  if (!talk || !after || after === talk) return state;
  return { ...state, conversations: new Map(state.conversations).set(key, after) };
}
