import type { PlayOutput } from "./play_output.ts";
import type { LinkName, Step } from "./step.ts";
import type { Values } from "./values.ts";

/** What the runner is asked to do when a step begins; undefined for a step that asks nothing, or that the play does itself. Pure. */
export function stepOutput(step: Step, values: Values, later: readonly Step[]): PlayOutput | undefined {
  switch (step.do) {
    case "dial":
    case "refused":
      return {
        type: "dial",
        link: step.link,
        port: portOf(step.port, values),
        host: step.do === "dial" && step.host ? values.fill(step.host) : undefined,
        isExpected: step.do === "dial" && !step.isOnce,
      };
    case "listen": {
      const port = step.isAgain ? portOf(`{${step.link.replace(" ", ".")}.port}`, values) : undefined;
      return { type: "listen", link: step.link, host: step.host && values.fill(step.host), port };
    }
    case "unlisten":
      return { type: "unlisten", link: step.link };
    case "bind":
      return { type: "bind", link: step.link, port: portOf(step.port, values), as: step.as ?? "datagrams" };
    case "compute": {
      const { what, who } = step;
      return { type: "compute", what, who, name: values.fill(step.name), challenge: values.fill(step.challenge) };
    }
    case "start":
      return {
        type: "start",
        who: step.who,
        args: (step.args ?? []).map((each) => values.fill(each)),
        port: portOf(step.port, values),
        inTerminal: step.inTerminal === true,
      };
    case "close":
      return { type: "close", link: step.link, how: step.how, isLast: !later.some((each) => isAbout(each, step.link)) };
    case "kill":
      return { type: "kill", who: step.who, signal: step.signal };
    case "put":
      return { type: "put", name: step.name, bytes: step.bytes };
    case "saved":
      return { type: "look", name: step.name };
    default:
      return undefined;
  }
}

function portOf(template: string | undefined, values: Values): number | undefined {
  return template === undefined ? undefined : Number(values.fill(template));
}

function isAbout(step: Step, link: LinkName): boolean {
  if (step.do === "expect") return step.all.some((each) => each.link === link);
  return "link" in step && step.link === link || step.do === "join" && step.other === link;
}
