import type { Target } from "../chat/store.ts";
import type { ChatAction, ChatPlace } from "./commands.ts";
import type { Reader } from "./command_reader.ts";

/** The names that a face knows. */
export interface Known {
  readonly users: ReadonlySet<string>;
  /** Rooms heard of. */
  readonly rooms: ReadonlySet<string>;
  /** Rooms that we are in. */
  readonly joined: ReadonlySet<string>;
}

/** One thing that can be typed: how, and what it does. */
export interface ChatTopic {
  readonly usage: string;
  readonly short: string;
  /** What can stand as its word number `at`, counted from 1, for completion. */
  names?(known: Known, at: number): Iterable<string>;
}

/** One command: an example, more for who asks, and how what stands behind it is read. */
export interface ChatCommand<Q> extends ChatTopic {
  readonly example: string;
  readonly long: readonly string[];
  readonly read: Reader<Q>;
}

/** Commands, by the word behind the slash. */
export type Commands<Q> = Readonly<Record<string, ChatCommand<Q>>>;

/** What tells one kind of chat from another: what can be typed, where one begins, how it is answered. */
export interface ChatMode<Q> {
  readonly commands: Commands<Q>;
  /** A handout's own words, typed without a slash. */
  readonly words: Readonly<Record<string, ChatTopic>>;
  /** Commands of other kinds of chat, by the word behind the slash, and why there are none here. */
  readonly absent: Readonly<Record<string, string>>;
  /** For who types outside of any conversation: how to go to one, with an example. */
  readonly outside: string;
  /** Where one is at first, and after leaving the room where one was; undefined for nowhere. */
  readonly home: Target | undefined;
  /** Rooms that there are before any is heard of. */
  readonly rooms: readonly string[];
  /** Whether a person who comes in is shown a menu of what there is. */
  readonly menu: boolean;
  /**
   * Whether all that is asked is answered, and in its order, so that a denial is of the oldest question. Otherwise a
   * denial is of the question that is just being asked, and one that comes later is of none.
   */
  readonly ordered: boolean;
  /** Reads one typed line. */
  read(line: string, place: ChatPlace): ChatAction<Q>;
}

/** The command of a name, with or without its slash. */
export function commandOf<Q>(
  { commands }: { readonly commands: Commands<Q> },
  name: string,
): ChatCommand<Q> | undefined {
  const bare = name.replace(/^\//, "");
  return Object.hasOwn(commands, bare) ? commands[bare] : undefined;
}
