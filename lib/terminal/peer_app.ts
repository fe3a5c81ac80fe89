import type { PeerEvent, PeerQuestion } from "../peers/event.ts";
import type { Target } from "../chat/store.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import { PEER_MODE } from "./peer_commands.ts";
import { TalkApp, type TalkPerson } from "./chat_terminal.ts";
import { PeerView } from "./peer_view.ts";

/** Chat between peers as a person, or a script, has it. */
export interface PeerTerminal {
  /** From now on typed lines are acts; `name` is what the others know us by. */
  chat(name: string): void;
  event(event: PeerEvent): void;
  /** Something was said here otherwise than by typing it. */
  said(id: string, to: Target, text: string): void;
  /** Something has happened to a file. */
  file(event: FileEvent): void;
  /** Shows a line that is not part of the chat, out of its way. */
  note(line: string): void;
  /** Shows what must not be missed. */
  problem(text: string): void;
  /** Gives the terminal back as it was, with everything shown. */
  close(): Promise<void>;
}

/** Opens the face of chat between peers: in a terminal for people, elsewhere one line an event. */
export function openPeerTerminal(person: TalkPerson<PeerQuestion>): PeerTerminal {
  const shown = new TalkApp<PeerQuestion, PeerEvent>(person, PEER_MODE, (options) => new PeerView(options));
  return {
    chat(name) {
      shown.talk.begin(name);
      shown.chat();
    },
    event: (event) => shown.happened(event),
    said: (...spoken) => shown.said(...spoken),
    file: (event) => shown.file(event),
    note: (line) => shown.note(line),
    problem: (text) => shown.problem(text),
    close: () => shown.face.close(),
  };
}
