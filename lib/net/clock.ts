/** Milliseconds since 1970 that never go back, even if the machine's clock is set back. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
