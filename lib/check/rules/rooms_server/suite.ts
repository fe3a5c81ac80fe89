import type { Suite } from "../../rule.ts";
import { ENTERING } from "./entering.ts";
import { FILE_BYTES } from "./file_bytes.ts";
import { FILES } from "./files.ts";
import { LEAVING } from "./leaving.ts";
import { TERMINAL } from "./terminal.ts";
import { TEXTS } from "./texts.ts";

export const ROOMS_SERVER: Suite = {
  handout: "rooms",
  side: "server",
  title: "the rooms handout's server",
  sections: {
    1: "The name and the room",
    2: "What is said",
    3: "Files, piece by piece",
    4: "The bytes of files, and their names",
    5: "Leaving, and what is wrong",
    6: "The server's terminal",
  },
  rules: [...ENTERING, ...TEXTS, ...FILES, ...FILE_BYTES, ...LEAVING, ...TERMINAL],
  transport: "tcp",
  takesAnyName: true,
  isPaced: true,
};
