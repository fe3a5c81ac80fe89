import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { type Conversation, keyOf, lastPlace, unreadMentions } from "./conversation.ts";
import type { State } from "./state.ts";
import { chatTexts } from "./texts.ts";

/** A room or a person in the list. */
export interface Place {
  readonly key: string;
  readonly target: Target;
  readonly name: string;
  /** Of a person; undefined for a room. */
  readonly online: boolean | undefined;
  readonly unread: number;
  /** How many of them mention the user. */
  readonly mentions: number;
  /** Whether it does not call the user. */
  readonly isMuted: boolean;
  /** Whether it is a room to join. */
  readonly isNew: boolean;
}

/** A group of the list; one that folds is shown when the user unfolds it or searches. */
interface Group {
  readonly title: string;
  readonly places: readonly Place[];
  readonly folds?: boolean;
}

/** Whether something was said in a conversation, or is about to be. */
function isUsed({ messages, last, draft }: Conversation): boolean {
  return messages.length > 0 || last > 0 || draft !== "";
}

/** When something was last said, as a number of the log; what is not sent yet comes after all others. */
function recency(conversation: Conversation): number {
  return conversation.messages.at(-1)?.at === Infinity
    ? Infinity
    : Math.max(conversation.last, lastPlace(conversation));
}

/** The groups of the list: rooms and users by name, direct messages by recency. */
export function placesOf({ rooms, people, conversations, open, user, muted }: State): readonly Group[] {
  const place = (target: Target, name: string, online: boolean | undefined, isNew = false): Place => {
    const key = keyOf(target);
    const known = conversations.get(key);
    const mentions = known ? unreadMentions(known) : 0;
    return { key, target, name, online, unread: known?.unread ?? 0, mentions, isMuted: muted.has(key), isNew };
  };
  const byName = (a: Place, b: Place) => a.name.localeCompare(b.name);
  const allRooms = [...rooms].map(([room, { joined }]) => place({ room }, room, undefined, !joined)).sort(byName);
  const joined = allRooms.filter(({ isNew }) => !isNew);
  const direct = new Map<string, Conversation>();
  for (const each of conversations.values()) {
    if ("user" in each.target && (isUsed(each) || each.key === open)) direct.set(each.target.user, each);
  }
  const recent = [...direct].sort(([, a], [, b]) => recency(b) === recency(a) ? 0 : recency(b) > recency(a) ? 1 : -1);
  const others = [...people].filter(([name]) => name !== user && !direct.has(name)).map(([name, online]) =>
    place({ user: name }, name, online)
  ).sort(byName);
  return [
    { title: chatTexts.rooms, places: joined.sort((a, b) => Number(b.name === LOBBY) - Number(a.name === LOBBY)) },
    { title: chatTexts.otherRooms, places: allRooms.filter(({ isNew }) => isNew) },
    {
      title: chatTexts.direct,
      // A removed user may have sent messages.
      places: recent.map(([name]) => place({ user: name }, name, people.get(name) ?? false)),
    },
    { title: chatTexts.online, places: others.filter(({ online }) => online) },
    { title: chatTexts.offline, places: others.filter(({ online }) => !online), folds: true },
  ];
}
