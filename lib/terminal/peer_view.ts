import type { PeerEvent } from "../peers/event.ts";
import type { ChatState } from "./chat_state.ts";
import { fit, type View, which } from "./view.ts";
import { ChatView } from "./chat_view.ts";
import { type Palette, palette } from "./im_view.ts";

type Of<Type extends PeerEvent["type"]> = Extract<PeerEvent, { type: Type }>;

const UNKNOWN = "said before";

/** The look of chat between peers for people at a terminal: that of a chat, and what only peers have. */
export class PeerView implements View<PeerEvent> {
  readonly calling;
  readonly #chat: ChatView;
  readonly #paint: Palette;

  constructor(options: { colour: boolean }) {
    this.#chat = new ChatView({ ...options, unknown: UNKNOWN });
    this.#paint = palette(options.colour);
    this.calling = this.#chat.calling;
  }

  event(event: PeerEvent, memory: ChatState, now: number): string[] {
    switch (event.type) {
      case "kept":
        return [this.#paint.quiet(`✓ kept until ${fit(event.to)} is back${which(event.id, memory, UNKNOWN)}`)];
      case "came":
        return [this.news(`${event.name} came into ${event.room}`)];
      case "went":
        return [this.news(`${event.name} left ${event.room}`)];
      case "members":
        return [this.news(
          event.names.length > 0 ? `in ${event.room}: ${event.names.join(", ")}` : `nobody else is in ${event.room}`,
        )];
      case "secure":
        return this.#secure(event);
      case "insecure":
        return [this.fault(`what you and ${event.name} say is no longer sealed: others on the network can read it`)];
      case "changedKey":
        return this.#changed(event);
      case "stats":
        return this.#stats(event.counts);
      case "news":
        return [];
      case "users":
        if (event.users.length === 0) {
          return [this.news("nobody was heard of so far; /add HOST:PORT asks at an address")];
        }
        return this.#chat.event(event, memory, now);
      case "rooms":
        if (event.rooms.length === 0) return [this.news("there are no groups so far; /group NAME FRIEND… makes one")];
        return this.#chat.event(event, memory, now);
      default:
        return this.#chat.event(event, memory, now);
    }
  }

  welcome({ me }: ChatState): string[] {
    return [this.news(`you are ${me}; /to NAME or /join GROUP goes to a conversation; /help says more`)];
  }

  // There is none between peers.
  menu(): string[] {
    return [];
  }

  moved(): string[] {
    return this.#chat.moved();
  }

  prompt(memory: ChatState): string {
    return this.#chat.prompt(memory);
  }

  news(text: string): string {
    return this.#chat.news(text);
  }

  fault(why: string): string {
    return this.#chat.fault(why);
  }

  unreached(why: string): string[] {
    return this.#chat.unreached(why);
  }

  #secure({ name, words, ours, known }: Of<"secure">): string[] {
    const shown = fit(name);
    const sealed = `from now on only you and ${shown} can read what you two say`;
    const todo = known
      ? `${shown}'s key is the one that is remembered; the words need no reading again.`
      : `By voice, read "your words" to ${shown} and hear theirs: they must be those above.`;
    return [
      this.#paint.good(`-- ${sealed} --`),
      `   ${this.#paint.name(shown)}'s words:`,
      ...wordRows(words),
      "   your words:",
      ...wordRows(ours),
      `   ${todo}`,
      ...(known ? [] : ["   If one differs, somebody sits between you: say nothing that they may not hear."]),
    ];
  }

  #changed({ name, words, remembered }: Of<"changedKey">): string[] {
    const shown = fit(name);
    return [
      `!! ${shown} has another key than before. Nothing is said to ${shown} until you decide.`,
      "   remembered:",
      ...wordRows(remembered),
      "   found now:",
      ...wordRows(words),
      `   It may be that ${shown} has a new computer or has lost the old key.`,
      `   It may also be that somebody else says to be ${shown}.`,
      `   Ask ${shown}, by voice, for the words of their key. If they are those found now,`,
      `   type /trust ${shown}; if not, do nothing, and nothing is said to them.`,
    ].map((line) => this.#paint.loud(line));
  }

  #stats(counts: Of<"stats">["counts"]): string[] {
    if (counts.length === 0) return [this.news("nothing was counted so far")];
    const names = counts.map(([name]) => fit(name));
    const width = Math.max(...names.map((name) => name.length));
    const digits = Math.max(...counts.map(([, count]) => String(count).length));
    return counts.map(([, count], index) => `  ${names[index]!.padEnd(width)}  ${String(count).padStart(digits)}`);
  }
}

const WORDS_PER_ROW = 5;

/** The words of a key in numbered rows of five, as two people read them to each other. */
export function wordRows(words: readonly string[]): string[] {
  const fitting = words.map(fit);
  const width = Math.max(0, ...fitting.map((word) => word.length));
  const digits = String(words.length).length;
  const cells = fitting.map((word, index) => `${String(index + 1).padStart(digits)} ${word.padEnd(width)}`);
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += WORDS_PER_ROW) {
    rows.push(`     ${cells.slice(at, at + WORDS_PER_ROW).join("   ").trimEnd()}`);
  }
  return rows;
}
