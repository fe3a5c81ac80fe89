import { type Rule, rule } from "../../rule.ts";
import { accept, expect, listen, send } from "../../step.ts";
import { loggedIn } from "./prepare.ts";

/** Section 3: `/port` and Lb. */
export const LINK: readonly Rule[] = [
  rule("im/3/1", {
    title: "the server connects to the announced port and says 201",
    quote: "connected: 201 Build connection successful",
    why: "messages come over Lb alone",
    cause: "the server waits for the client to connect, or connects to a fixed port",
    points: 2,
    script: [
      loggedIn("jacky"),
      listen("jacky Lb"),
      send("jacky La", "/port {jacky.Lb.port}"),
      accept("jacky Lb"),
      expect("jacky La", "201 Build connection successful"),
    ],
  }),
];
