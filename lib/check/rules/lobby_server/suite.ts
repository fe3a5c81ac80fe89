import type { Suite } from "../../rule.ts";
import { BREAKING } from "./breaking.ts";
import { CROWDS } from "./crowd.ts";
import { GREETING } from "./greeting.ts";
import { SEGMENTS } from "./segments.ts";
import { TERMINAL } from "./terminal.ts";
import { TEXTS } from "./texts.ts";

export const LOBBY_SERVER: Suite = {
  handout: "lobby",
  side: "server",
  title: "the lobby handout's server",
  sections: {
    1: "The greeting",
    2: "What is said",
    3: "Lines and segments",
    4: "The server's terminal",
    5: "Leaving and breaking",
    6: "Many at once",
  },
  rules: [...GREETING, ...TEXTS, ...SEGMENTS, ...TERMINAL, ...BREAKING, ...CROWDS],
  transport: "tcp",
  takesAnyName: true,
};
