import { ImClient } from "../protocols/im/client.ts";
import type { ImClientOutput } from "../protocols/im/client_commands.ts";
import { readSecret } from "../store/private_file.ts";
import { openImTerminal } from "../terminal/im_terminal.ts";
import type { JoinPlan } from "./command_line.ts";
import { isTraced } from "./client_trace.ts";
import { ImRunner, type LinkOutput, traceIm } from "./im_runner.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { typedHistory } from "./typed_history.ts";

/** The IM handout's client; resolves with the exit status. */
export async function im(plan: JoinPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  const password = readSecret(plan.passwordFile);
  const client = new ImClient({ name: plan.name, password, trace: isTraced(plan) });
  const trace = traceIm(plan, client, (line) => terminal.note(line));
  const runner = new ImRunner<ImClientOutput, ImClient>(() => plan, client, perform, trace);
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
  }, typedHistory(plan));

  function perform(output: Exclude<ImClientOutput, LinkOutput>): void {
    switch (output.type) {
      case "line":
        return terminal.show(output.line);
      case "ask":
        return terminal.ask(output.prompt);
      case "names":
        return namesKnown?.();
      case "ended":
        return end.resolve(output);
    }
  }

  onStop(interrupt);
  runner.input((client) => client.start());
  return await ending(end.promise, () => runner.close(), () => terminal.close());
}
