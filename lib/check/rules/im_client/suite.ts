import type { Suite } from "../../rule.ts";
import { SESSION } from "./session.ts";

export const IM_CLIENT: Suite = {
  handout: "im",
  side: "client",
  title: "the IM handout's client",
  sections: { 12: "Connecting", 13: "Logging in", 14: "Link", 15: "Messages", 16: "Leaving" },
  rules: SESSION,
  transport: "tcp",
};
