import type { Suite } from "../../rule.ts";
import { CONNECTING } from "./connecting.ts";
import { ENDING } from "./ending.ts";
import { FILES } from "./files.ts";
import { RECEIVING } from "./receiving.ts";
import { SENDING } from "./sending.ts";
import { TYPING } from "./typing.ts";

export const ROOMS_CLIENT: Suite = {
  handout: "rooms",
  side: "client",
  title: "the rooms handout's client",
  sections: {
    11: "The connection, the name and the room",
    12: "What the server sends",
    13: "What the user types",
    14: "Sending a file",
    15: "Receiving a file",
    16: "The end",
  },
  rules: [...CONNECTING, ...RECEIVING, ...TYPING, ...SENDING, ...FILES, ...ENDING],
  transport: "tcp",
  takesAnyName: true,
  isPaced: true,
};
