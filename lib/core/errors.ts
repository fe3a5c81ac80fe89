/** A peer's mistake: a value, answered as its protocol says. Our own mistakes are thrown and logged with their stack. */
export class Fault {
  constructor(
    /** The rule that was broken. After `too long` the stream cannot be read on; after the others it can. */
    readonly kind: "too long" | "not text" | "malformed",
    /** The rule and the value, for the log. */
    readonly message: string,
  ) {}
}

/**
 * A user's mistake, or a file or port that cannot be used: one line that says what was tried, the rule or the reason, and the
 * value. The programs print it and end with exit status 2.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";
}
