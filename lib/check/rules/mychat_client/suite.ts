import type { Suite } from "../../rule.ts";
import { CONNECTING } from "./connecting.ts";
import { GROUP } from "./group.ts";
import { LEAVING } from "./leaving.ts";
import { MENU } from "./menu.ts";
import { PRIVATE } from "./private.ts";

export const MYCHAT_CLIENT: Suite = {
  handout: "mychat",
  side: "client",
  title: "the mailbox authors' client",
  sections: {
    11: "Connecting",
    12: "The menu",
    13: "The group",
    14: "One-on-one",
    15: "Leaving",
    16: "Wrong datagrams, and long ones",
  },
  rules: [...CONNECTING, ...MENU, ...GROUP, ...PRIVATE, ...LEAVING],
  transport: "udp",
  hasStreams: false,
  isUnrepeated: true,
  takesAnyName: true,
};
