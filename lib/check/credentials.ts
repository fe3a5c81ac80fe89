import type { Computing } from "./step.ts";
import type { Values } from "./values.ts";

/** What was computed: values, and what is wrong with what a program has proven. */
export interface Computed {
  readonly values: Readonly<Record<string, string>>;
  readonly wrong?: { readonly expected: string; readonly got: string };
}

/** The keys and passwords of the persons of one play, which make and check the proofs of a login. */
export interface Credentials {
  compute(computing: Computing, values: Values): Promise<Computed>;
}
