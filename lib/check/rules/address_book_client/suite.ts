import type { Suite } from "../../rule.ts";
import { ANSWERS } from "./answer.ts";
import { LEAVING } from "./leaving.ts";
import { REFRESHES } from "./refresh.ts";
import { REQUESTS } from "./request.ts";
import { WINDOWS } from "./windows.ts";

export const ADDRESS_BOOK_CLIENT: Suite = {
  handout: "address-book",
  side: "client",
  title: "the client of the address-book handout's table server",
  sections: {
    11: "The request",
    12: "The answer",
    13: "The next requests",
    14: "The end",
    15: "What the client shows",
  },
  rules: [...REQUESTS, ...ANSWERS, ...REFRESHES, ...LEAVING, ...WINDOWS],
  transport: "tcp",
};
