import type { Suite } from "../../rule.ts";
import { EXPIRY } from "./expiry.ts";
import { HERE } from "./here.ts";
import { MALFORMED } from "./malformed.ts";
import { OFFLINE } from "./offline.ts";
import { VISITS } from "./visits.ts";
import { WINDOWS } from "./windows.ts";

export const ADDRESS_BOOK_SERVER: Suite = {
  handout: "address-book",
  side: "server",
  title: "the table server of the address-book handout",
  sections: {
    1: "A visit",
    2: "R: I am here; who else is?",
    3: "K: I am leaving",
    4: "What is no request",
    5: "What the server shows",
    6: "Entries that are not renewed",
  },
  rules: [...VISITS, ...HERE, ...OFFLINE, ...MALFORMED, ...WINDOWS, ...EXPIRY],
  transport: "tcp",
  takesAnyName: true,
};
