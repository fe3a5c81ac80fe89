import type { Suite } from "../../rule.ts";
import { CONNECTING } from "./connecting.ts";
import { ENDING } from "./ending.ts";
import { RECEIVING } from "./receiving.ts";
import { TYPING } from "./typing.ts";

export const LOBBY_CLIENT: Suite = {
  handout: "lobby",
  side: "client",
  title: "the lobby handout's client",
  sections: { 11: "The connection", 12: "What the server sends", 13: "What the user types", 14: "The end" },
  rules: [...CONNECTING, ...RECEIVING, ...TYPING, ...ENDING],
  transport: "tcp",
};
