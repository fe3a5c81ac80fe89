import type { Suite } from "../../rule.ts";
import { BREAKING } from "./breaking.ts";
import { COMMANDS } from "./commands.ts";
import { CONNECTING } from "./connecting.ts";
import { LEAVING } from "./leaving.ts";
import { LINK } from "./link.ts";
import { LOGIN } from "./login.ts";
import { MESSAGES } from "./messages.ts";

/** Ids are unique within a handout: the server's sections come before these. */
export const IM_CLIENT: Suite = {
  handout: "im",
  side: "client",
  title: "the IM handout's client",
  sections: {
    12: "Connecting",
    13: "Logging in",
    14: "Link",
    15: "Commands and replies",
    16: "Incoming chat",
    17: "Leaving",
    18: "Things that break",
  },
  rules: [...CONNECTING, ...LOGIN, ...LINK, ...COMMANDS, ...MESSAGES, ...LEAVING, ...BREAKING],
  transport: "tcp",
  listening: /Lb$/,
};
