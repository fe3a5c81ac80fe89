/** A peer's mistake: a value, answered as its protocol says. Our own mistakes are thrown instead. */
export class Fault {
  constructor(
    /** What rule was broken. `too long` leaves the stream unusable; after the others it goes on. */
    readonly kind: "too long" | "not text" | "malformed",
    /** The rule and the value, for the log. */
    readonly message: string,
  ) {}
}
