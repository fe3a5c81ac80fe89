import type { Suite } from "../../rule.ts";
import { DIALECT_A } from "./dialect_a.ts";
import { DIALECT_B } from "./dialect_b.ts";
import { GROUPS } from "./groups.ts";
import { SECRECY } from "./secrecy.ts";
import { SEVERAL } from "./several.ts";
import { TABLE } from "./table.ts";
import { TWO } from "./two.ts";

export const PEERS: Suite = {
  handout: "peers",
  side: "peer",
  title: "a peer of the address-book handout",
  sections: {
    1: "The table, and the first datagram",
    2: "Dialect A",
    3: "Dialect B",
    4: "Dialect C",
    5: "Several peers, and what is wrong",
    6: "Two of the same program",
    7: "Groups, of three of the same program",
    8: "Secrecy, of two of the same program",
  },
  rules: [...TABLE, ...DIALECT_A, ...DIALECT_B, ...SEVERAL, ...TWO, ...GROUPS, ...SECRECY],
  transport: "udp",
  isUnrepeated: true,
  takesAnyName: true,
};
