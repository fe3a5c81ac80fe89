import type { Suite } from "../../rule.ts";
import { CONNECTING } from "./connecting.ts";
import { GROUP } from "./group.ts";
import { GROUP_RETRIEVAL } from "./group_retrieval.ts";
import { LEAVING } from "./leaving.ts";
import { PRIVATE } from "./private.ts";
import { PRIVATE_RETRIEVAL } from "./private_retrieval.ts";
import { USERS } from "./users.ts";

export const MYCHAT_SERVER: Suite = {
  handout: "mychat",
  side: "server",
  title: "the mailbox authors' server",
  sections: {
    1: "Connecting",
    2: "The list of users",
    3: "The group",
    4: "What was said in the group",
    5: "One-on-one",
    6: "What two users have said",
    7: "Leaving",
    8: "Wrong datagrams, and programs that vanish",
    9: "Turning the server off",
  },
  rules: [...CONNECTING, ...USERS, ...GROUP, ...GROUP_RETRIEVAL, ...PRIVATE, ...PRIVATE_RETRIEVAL, ...LEAVING],
  transport: "udp",
  hasStreams: false,
  isUnrepeated: true,
  takesAnyName: true,
};
