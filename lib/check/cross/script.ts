import { rule, type Suite } from "../rule.ts";
import { exits, expectText, send, start, type Step } from "../step.ts";

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

/** What a client and a server do together, in order. */
export const STAGES: readonly (readonly [name: string, steps: readonly Step[]])[] = [
  ["log in", [...logsIn("jacky"), ...logsIn("bob")]],
  ["/to", says("jacky", "bob", "/to {bob}", "text")],
  ["/to back", says("bob", "jacky", "/to {jacky}", "text2")],
  ["/toall", says("jacky", "bob", "/toall", "text3")],
  ["/list", [send("bob keys", "/list"), expectText("bob screen", /301( \S+)* {jacky}( \S+)*/)]],
  ["/exit", [send("jacky keys", "/exit"), exits("jacky"), send("bob keys", "/exit"), exits("bob")]],
];

/** The stage that a step of the script stands in. */
export function stageOf(step: number): string {
  let end = 0;
  return STAGES.find(([, steps]) => step < (end += steps.length))?.[0] ?? "start";
}

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
      script: STAGES.flatMap(([, steps]) => steps),
    }),
  ],
};
