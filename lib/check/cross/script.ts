import { rule, type Suite } from "../rule.ts";
import { exits, expectText, type Script, send, start, type Step } from "../step.ts";

/** What a client and a server do together, in order; a pair is as good as the last of them that works. */
export const STAGES = ["log in", "/to", "/to back", "/toall", "/list", "/exit"] as const;

const stage = (says: string, ...steps: readonly Step[]): Script => steps.map((step) => ({ ...step, says }));

const logsIn = (who: string): Step[] => [
  start(who),
  send(`${who} keys`, `{${who}}`),
  send(`${who} keys`, `{${who}.password}`),
  expectText(`${who} screen`, /101/),
  expectText(`${who} screen`, /201/),
];

/** A message arrives on the receiver's screen, and its sender is told. */
const says = (from: string, to: string, command: string, text: string): Step[] => [
  send(`${from} keys`, `${command} {${text}}`),
  expectText(`${to} screen`, `{${text}}`),
  // A receipt may take as long as the handout says.
  expectText(`${from} screen`, /303/, { more: 5000 }),
];

/** Two users with the client under test chat over the server of another submission; what is judged is on their screens. */
export const CROSS: Suite = {
  handout: "im",
  side: "client",
  title: "the IM handout's clients with each other's servers",
  sections: {},
  transport: "tcp",
  rules: [
    rule("cross/1/1", {
      title: "two users of this client chat over this server",
      quote:
        "a program written by somebody else from the same handout must work against ours, both ways round, byte for byte",
      why: "programs that keep to one handout work together",
      cause: "one of the two does not keep to the handout: its own check says where",
      script: [
        stage("log in", ...logsIn("jacky"), ...logsIn("bob")),
        stage("/to", ...says("jacky", "bob", "/to {bob}", "text")),
        stage("/to back", ...says("bob", "jacky", "/to {jacky}", "text2")),
        stage("/toall", ...says("jacky", "bob", "/toall", "text3")),
        stage(
          "/list",
          send("bob keys", "/list"),
          expectText("bob screen", /301( \S+)* {jacky}( \S+)*/),
        ),
        stage("/exit", send("jacky keys", "/exit"), exits("jacky"), send("bob keys", "/exit"), exits("bob")),
      ],
    }),
  ],
};
