import type { Suite } from "../../rule.ts";
import { AUTHENTICATION } from "./authentication.ts";
import { BREAKING } from "./breaking.ts";
import { BROADCASTS } from "./broadcasts.ts";
import { LEAVING } from "./leaving.ts";
import { LINK } from "./link.ts";
import { LIST } from "./list.ts";
import { MALFORMED_LINES } from "./malformed.ts";
import { ORDER } from "./order.ts";
import { PRIVATE_MESSAGES } from "./private_messages.ts";
import { STARTING } from "./starting.ts";

export const IM_SERVER: Suite = {
  handout: "im",
  side: "server",
  title: "the IM handout's server",
  sections: {
    1: "Connections and lines",
    2: "Authentication",
    3: "Link",
    4: "Private messages",
    5: "Broadcasts",
    6: "The list",
    7: "Leaving",
    8: "Malformed lines",
    9: "Order, and several at once",
    10: "Things that break",
  },
  rules: [
    ...STARTING,
    ...AUTHENTICATION,
    ...LINK,
    ...PRIVATE_MESSAGES,
    ...BROADCASTS,
    ...LIST,
    ...LEAVING,
    ...MALFORMED_LINES,
    ...ORDER,
    ...BREAKING,
  ],
  transport: "tcp",
};
