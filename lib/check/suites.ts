import type { Suite } from "./rule.ts";
import { ADDRESS_BOOK_CLIENT } from "./rules/address_book_client/suite.ts";
import { ADDRESS_BOOK_SERVER } from "./rules/address_book_server/suite.ts";
import { IM_CLIENT } from "./rules/im_client/suite.ts";
import { IM_SERVER } from "./rules/im_server/suite.ts";
import { LOBBY_CLIENT } from "./rules/lobby_client/suite.ts";
import { LOBBY_SERVER } from "./rules/lobby_server/suite.ts";
import { MAILBOX_CLIENT } from "./rules/mailbox_client/suite.ts";
import { MAILBOX_SERVER } from "./rules/mailbox_server/suite.ts";
import { MYCHAT_CLIENT } from "./rules/mychat_client/suite.ts";
import { MYCHAT_SERVER } from "./rules/mychat_server/suite.ts";
import { PEERS } from "./rules/peers/suite.ts";
import { ROOMS_CLIENT } from "./rules/rooms_client/suite.ts";
import { ROOMS_SERVER } from "./rules/rooms_server/suite.ts";

/** All suites, in the order in which they are listed. */
export const SUITES: readonly Suite[] = [
  IM_SERVER,
  IM_CLIENT,
  LOBBY_SERVER,
  LOBBY_CLIENT,
  ADDRESS_BOOK_SERVER,
  ADDRESS_BOOK_CLIENT,
  MAILBOX_SERVER,
  MAILBOX_CLIENT,
  MYCHAT_SERVER,
  MYCHAT_CLIENT,
  ROOMS_SERVER,
  ROOMS_CLIENT,
  PEERS,
];
