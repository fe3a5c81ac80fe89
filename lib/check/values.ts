import { type Filling, JsonShape } from "./json_shape.ts";
import type { Pattern, Template, TextPattern } from "./step.ts";

const PLACE = /\{([A-Za-z][\w. ]*)\}/g;

/** The values of one run of a rule, by name. */
export class Values implements Filling {
  readonly #values = new Map<string, string>();

  constructor(values: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of values) this.set(name, value);
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** The values whose names are like this. */
  like(name: RegExp): string[] {
    return [...this.#values].filter(([each]) => name.test(each)).map(([, value]) => value);
  }

  /** The text with its values; a name without a value is a mistake in the rule. */
  fill(template: Template): string {
    return template.replace(PLACE, (_, name) => {
      const value = this.#values.get(name);
      if (value === undefined) throw new TypeError(`there is no value {${name}} for ${JSON.stringify(template)}`);
      return value;
    });
  }

  /** The pattern with its values, each standing for itself. */
  fillPattern(pattern: Pattern): string | RegExp | JsonShape | Uint8Array {
    if (pattern instanceof Uint8Array) return pattern;
    return pattern instanceof JsonShape ? pattern.filled(this) : this.fillText(pattern);
  }

  fillText(pattern: TextPattern): string | RegExp {
    if (typeof pattern === "string") return this.fill(pattern);
    const source = pattern.source.replace(PLACE, (_, name) => escaped(this.fill(`{${name}}`)));
    return source === pattern.source ? pattern : new RegExp(source, pattern.flags);
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
