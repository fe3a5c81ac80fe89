import type { Suite } from "../../rule.ts";
import { LOGIN } from "./login.ts";
import { MENU_RULES } from "./menu.ts";
import { MESSAGES } from "./messages.ts";
import { OPENING } from "./opening.ts";
import { PIECES } from "./pieces.ts";

export const MAILBOX_CLIENT: Suite = {
  handout: "mailbox",
  side: "client",
  title: "a mailbox client",
  sections: {
    11: "Opening a link",
    12: "Pieces",
    13: "Proving the name, and coming back",
    14: "The menu, groups and conversations",
    15: "Messages and confirmations",
    16: "What becomes of messages when a link is lost",
  },
  rules: [...OPENING, ...PIECES, ...LOGIN, ...MENU_RULES, ...MESSAGES],
  transport: "udp",
  hasStreams: false,
  takesAnyName: true,
  hasOneAccount: true,
};
