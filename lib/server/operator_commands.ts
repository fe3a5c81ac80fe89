import { sanitized } from "../core/text.ts";
import type { ConsoleCommand } from "./console.ts";
import type { Operating } from "./operating.ts";

/** The operator's commands on the server's console, besides the one that stops the server. */
export function operatorCommands(operating: () => Operating | undefined): ConsoleCommand[] {
  const once = (run: (operating: Operating, argument: string) => string | undefined) => (argument: string) => {
    const operator = operating();
    return operator ? run(operator, argument) : "the server is not open yet\n";
  };
  return [
    { name: "who", help: "list the users online, and their listeners", run: once(whoText) },
    { name: "kick", argument: "NAME", help: "end all sessions of a user or a guest", run: once(kick) },
    { name: "say", argument: "TEXT", help: "say something to every user and guest, as server", run: once(say) },
  ];
}

function whoText(operating: Operating): string {
  const lines = operating.online().map(({ name, listeners }) => `${sanitized(name)} (${listeners.join(", ")})\n`);
  return lines.length === 0 ? "No user is online.\n" : lines.join("");
}

function kick(operating: Operating, name: string): string {
  const ended = operating.kick(name);
  const count = ended === 1 ? "1 session" : `${ended} sessions`;
  return ended === 0 ? `${sanitized(name)} is not online\n` : `${sanitized(name)}: ${count} ended\n`;
}

function say(operating: Operating, text: string): string | undefined {
  const why = operating.say(text);
  return why === undefined ? undefined : `not sent: ${why}\n`;
}
