/** How a program ended. */
export interface ProgramExit {
  readonly status: number | undefined;
  readonly signal: string | undefined;
  /** The end of what it wrote to standard error. */
  readonly lastWords: string;
}

/** An end in words, for a story. */
export function exitText({ status, signal, lastWords }: ProgramExit): string {
  const how = signal !== undefined ? `ended by ${signal}` : `ended with status ${status}`;
  return `the program ${how}${lastWords === "" ? "" : `; its last words: ${lastWords}`}`;
}
