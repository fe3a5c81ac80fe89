import type { Suite } from "../../rule.ts";
import { AUTHENTICATION } from "./authentication.ts";
import { LINK } from "./link.ts";
import { PRIVATE_MESSAGES } from "./private_messages.ts";

export const IM_SERVER: Suite = {
  handout: "im",
  side: "server",
  title: "the IM handout's server",
  sections: { 2: "Authentication", 3: "Link", 4: "Private messages" },
  rules: [...AUTHENTICATION, ...LINK, ...PRIVATE_MESSAGES],
  transport: "tcp",
};
