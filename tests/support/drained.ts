import type { Machine } from "../../lib/core/machine.ts";

/** A machine whose outputs go to `carryOut`, in order, after each call. */
export function drained<M extends Machine<Output>, Output>(machine: M, carryOut: (output: Output) => void): M {
  return new Proxy(machine, {
    get(_, key) {
      const member = Reflect.get(machine, key, machine) as unknown;
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = member.apply(machine, args);
        for (const output of machine.takeOutputs()) carryOut(output);
        return result;
      };
    },
  });
}
