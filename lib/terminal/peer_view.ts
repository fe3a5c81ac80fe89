import type { PeerEvent } from "../peers/event.ts";
import type { ChatState } from "./chat_state.ts";
import { tableLines } from "./table_view.ts";
import type { OwnLine } from "./own_lines.ts";
import type { Away } from "./ui.ts";
import { clean, type View } from "./view.ts";
import { ChatView } from "./chat_view.ts";
import { type Palette, palette } from "./marks.ts";

type Of<Type extends PeerEvent["type"]> = Extract<PeerEvent, { type: Type }>;

/** The chat between peers for people at a terminal: the chat, and the events that only peers have. */
export class PeerView implements View<PeerEvent> {
  readonly connecting;
  readonly #chat: ChatView;
  readonly #paint: Palette;

  constructor(options: { colour: boolean }) {
    this.#chat = new ChatView({ ...options, unknown: "sent earlier" });
    this.#paint = palette(options.colour);
    this.connecting = this.#chat.connecting;
  }

  own(line: OwnLine, state: ChatState, now: number): { text: string; away: Away } {
    return this.#chat.own(line, state, now);
  }

  ofEarlier(event: Of<"delivered">): Away {
    return this.#chat.ofEarlier(event);
  }

  newMessages(): string[] {
    return this.#chat.newMessages();
  }

  event(event: PeerEvent, state: ChatState, now: number): string[] {
    switch (event.type) {
      case "table": {
        const [own, ...lines] = tableLines(event);
        return [this.news(own!), ...lines];
      }
      case "memberJoined":
        return [this.news(`${event.name} joined ${event.room}`)];
      case "memberLeft":
        return [this.news(`${event.name} left ${event.room}`)];
      case "members":
        return [this.news(
          event.names.length > 0 ? `in ${event.room}: ${event.names.join(", ")}` : `no one else is in ${event.room}`,
        )];
      case "secure":
        return this.#secure(event);
      case "insecure":
        return [
          this.error(`the conversation with ${event.name} is no longer encrypted: others on the network can read it`),
        ];
      case "changedKey":
        return this.#changed(event);
      case "stats":
        return this.#stats(event.counts);
      // The message's own line says so.
      case "queued":
      case "unconfirmed":
      case "notice":
        return [];
      case "users":
        if (event.users.length === 0) {
          return [this.news("no users found so far; /add HOST:PORT looks for one at an address")];
        }
        return this.#chat.event(event, state, now);
      case "rooms":
        if (event.rooms.length === 0) return [this.news("no groups so far; /group NAME FRIEND… creates one")];
        return this.#chat.event(event, state, now);
      default:
        return this.#chat.event(event, state, now);
    }
  }

  welcome({ me }: ChatState): string[] {
    return [this.news(`you are ${me}; /to NAME or /join GROUP enters a conversation; /help lists the commands`)];
  }

  // Peers have no menu.
  menu(): string[] {
    return [];
  }

  moved(): string[] {
    return this.#chat.moved();
  }

  prompt(state: ChatState): string {
    return this.#chat.prompt(state);
  }

  news(text: string): string {
    return this.#chat.news(text);
  }

  error(why: string): string {
    return this.#chat.error(why);
  }

  unreachable(why: string): string[] {
    return this.#chat.unreachable(why);
  }

  #secure({ name, words, ours, known }: Of<"secure">): string[] {
    const shown = clean(name);
    const encrypted = `the conversation with ${shown} is now encrypted: only you two can read it`;
    const todo = known
      ? `The key of ${shown} is the same as before; there is no need to compare the words.`
      : `Compare by voice: read "your words" to ${shown}; theirs must be those above.`;
    return [
      this.#paint.good(`-- ${encrypted} --`),
      `   ${this.#paint.name(shown)}'s words:`,
      ...wordRows(words),
      "   your words:",
      ...wordRows(ours),
      `   ${todo}`,
      ...(known ? [] : ["   If a word differs, someone is in the middle: do not write anything secret."]),
    ];
  }

  #changed({ name, words, remembered }: Of<"changedKey">): string[] {
    const shown = clean(name);
    return [
      `!! The key of ${shown} has changed. Nothing is sent to ${shown} until you decide.`,
      "   known key:",
      ...wordRows(remembered),
      "   new key:",
      ...wordRows(words),
      `   Perhaps ${shown} has a new computer or has lost the old key.`,
      `   Perhaps someone else claims to be ${shown}.`,
      `   Ask ${shown} by voice for the words of the key. If they match the new key,`,
      `   type /trust ${shown}. If not, do nothing, and nothing is sent.`,
    ].map((line) => this.#paint.loud(line));
  }

  #stats(counts: Of<"stats">["counts"]): string[] {
    if (counts.length === 0) return [this.news("nothing counted so far")];
    const names = counts.map(([name]) => clean(name));
    const width = Math.max(...names.map((name) => name.length));
    const digits = Math.max(...counts.map(([, count]) => String(count).length));
    return counts.map(([, count], index) => `  ${names[index]!.padEnd(width)}  ${String(count).padStart(digits)}`);
  }
}

const WORDS_PER_ROW = 5;

/** The words of a key in numbered rows of five, to be read aloud. */
function wordRows(words: readonly string[]): string[] {
  const fitting = words.map(clean);
  const width = Math.max(0, ...fitting.map((word) => word.length));
  const digits = String(words.length).length;
  const cells = fitting.map((word, index) => `${String(index + 1).padStart(digits)} ${word.padEnd(width)}`);
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += WORDS_PER_ROW) {
    rows.push(`     ${cells.slice(at, at + WORDS_PER_ROW).join("   ").trimEnd()}`);
  }
  return rows;
}
