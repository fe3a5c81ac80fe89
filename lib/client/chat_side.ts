import type { ChatQuestion } from "../terminal/commands.ts";
import type { ChatClientActions, LoginActions } from "../terminal/chat_terminal.ts";

/** The client behind the terminal of a chat with a server. */
export interface ChatSide extends Omit<ChatClientActions<ChatQuestion>, "paths">, LoginActions {
  start(): void | Promise<void>;
  close(): Promise<void>;
}
