import { ImClient } from "../protocols/im/client.ts";
import type { ImClientOutput } from "../protocols/im/client_commands.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { readSecret } from "../store/private_file.ts";
import { openImTerminal } from "../terminal/im_terminal.ts";
import { traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { ImRunner, type LinkOutput } from "./im_runner.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";

/** The IM handout's client; resolves with the exit status. */
export async function im(plan: JoinPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  const password = readSecret(plan.passwordFile);
  const client = new ImClient({ name: plan.name, password, trace: plan.trace });
  const runner = new ImRunner<ImClientOutput, ImClient>(plan, client, perform);
  /** Called once the list that completion has asked for is there. */
  let namesKnown: (() => void) | undefined;
  const interrupt = () => runner.input((client, now) => client.interrupted(now));
  const terminal = openImTerminal({
    line: (text) => runner.input((client, now) => client.typed(text, now)),
    end: () => runner.input((client, now) => client.inputEnded(now)),
    interrupt,
    names: () => client.names,
    askNames: (known) => {
      const asked = runner.input((client, now) => client.askNames(now));
      if (asked) namesKnown = known;
      return asked;
    },
  });

  function perform(output: Exclude<ImClientOutput, LinkOutput>): void {
    switch (output.type) {
      case "line":
        return terminal.show(output.line);
      case "ask":
        return terminal.ask(output.prompt);
      case "names":
        return namesKnown?.();
      case "trace": {
        const link = IM_PROTOCOL.links[output.link]!;
        return terminal.note(traceLine(Date.now(), client.name || "-", link, output.direction, output.line));
      }
      case "ended":
        return end.resolve(output);
    }
  }

  onStop(interrupt);
  runner.input((client) => client.start());
  return await ending(end.promise, () => runner.close(), () => terminal.close());
}
