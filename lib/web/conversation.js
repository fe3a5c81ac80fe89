/** @typedef {import("./outgoing.js").Target} Target */
/**
 * A message as it is shown. `at` is its place: its number; behind all others while it has none.
 * @typedef {object} Message
 * @property {string} key what tells it from all others of its conversation
 * @property {number} at
 * @property {string | undefined} id the sender's own name for it
 * @property {string} from
 * @property {boolean} own
 * @property {string} text
 * @property {number} time
 * @property {"sending" | "sent" | "delivered" | "failed" | undefined} state of one's own; undefined when nothing was heard of it
 * @property {string | undefined} why it has failed
 */
/**
 * What was said with one person, or in one room.
 * @typedef {object} Conversation
 * @property {string} key
 * @property {Target} target
 * @property {readonly Message[]} messages in the order of their places
 * @property {number} unread
 * @property {number | undefined} newFrom the place of the first that was unread when it was opened
 * @property {boolean} more whether there may be earlier ones
 * @property {boolean} loading
 * @property {string} draft
 */
/** @typedef {import("./talk.js").Said} Said */

/** Past so many messages the oldest are let go; they are loaded again as history. */
const MOST = 12_000;
const KEPT = 10_000;

/**
 * What a conversation is known by.
 * @param {Target} target
 */
export function keyOf(target) {
  return "user" in target ? `user ${target.user}` : `room ${target.room}`;
}

/**
 * A conversation of which nothing is known yet.
 * @param {Target} target
 * @returns {Conversation}
 */
export function empty(target) {
  const key = keyOf(target);
  return { key, target, messages: [], unread: 0, newFrom: undefined, more: true, loading: false, draft: "" };
}

/**
 * A message that the server has told.
 * @param {Said} said
 * @param {boolean} own
 * @returns {Message}
 */
export function told({ seq, from, text, time, id }, own) {
  const key = own && id !== undefined ? id : `#${seq}`;
  return { key, at: seq, id, from, own, text, time, state: undefined, why: undefined };
}

/**
 * A message of our own that the server has not answered yet.
 * @param {import("./outgoing.js").Unanswered} said
 * @param {string} me
 * @returns {Message}
 */
export function pending({ id, text, time }, me) {
  return { key: id, at: Infinity, id, from: me, own: true, text, time, state: "sending", why: undefined };
}

/**
 * The conversation with a message more; the same one when it has it already.
 * @param {Conversation} conversation
 * @param {Message} message
 * @returns {Conversation}
 */
export function withMessage(conversation, message) {
  const { messages } = conversation;
  for (let i = messages.length - 1; i >= 0; i--) {
    const known = messages[i];
    if (known.key === message.key) {
      if (known.at === message.at) return conversation;
      return changed(conversation, message.key, { at: message.at, time: message.time, state: "sent" });
    }
    // Only what is pending stands behind the place of another.
    if (known.at < message.at && message.at !== Infinity && !message.own) break;
  }
  const all = placed(messages, message);
  if (all.length <= MOST) return { ...conversation, messages: all };
  return { ...conversation, messages: all.slice(-KEPT), more: true };
}

/**
 * The conversation with earlier messages in front.
 * @param {Conversation} conversation
 * @param {readonly Message[]} earlier
 * @param {boolean} more
 * @returns {Conversation}
 */
export function withHistory(conversation, earlier, more) {
  const known = new Set(conversation.messages.map(({ key }) => key));
  const news = earlier.filter(({ key }) => !known.has(key));
  const messages = [...news, ...conversation.messages].sort((a, b) => a.at === b.at ? 0 : a.at - b.at);
  return { ...conversation, messages, more, loading: false };
}

/**
 * The conversation with something changed of one of its messages.
 * @param {Conversation} conversation
 * @param {string} key
 * @param {Partial<Message>} change
 * @returns {Conversation}
 */
export function changed(conversation, key, change) {
  const { messages } = conversation;
  let i = messages.length - 1;
  while (i >= 0 && messages[i].key !== key) i--;
  if (i < 0) return conversation;
  const rest = [...messages.slice(0, i), ...messages.slice(i + 1)];
  return { ...conversation, messages: placed(rest, { ...messages[i], ...change }) };
}

/**
 * The place of the last message that the server has numbered.
 * @param {Conversation} conversation
 */
export function lastPlace({ messages }) {
  for (let i = messages.length - 1; i >= 0; i--) if (messages[i].at !== Infinity) return messages[i].at;
  return 0;
}

/**
 * The number before which history goes on; undefined when no number is known.
 * @param {Conversation} conversation
 */
export function firstNumber({ messages }) {
  // What has failed stands between numbers, or before all.
  return messages.find(({ at }) => Number.isInteger(at) && at > 0 && at !== Infinity)?.at;
}

/** @param {readonly Message[]} messages @param {Message} message */
function placed(messages, message) {
  let i = messages.length;
  while (i > 0 && messages[i - 1].at > message.at) i--;
  return [...messages.slice(0, i), message, ...messages.slice(i)];
}
