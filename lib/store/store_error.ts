/** A store that cannot be opened or used; the message is one line that says which, and why. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
