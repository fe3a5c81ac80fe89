/** Something that cannot be done with a file, in words for whoever asked for it. */
export class FileError extends Error {
  override readonly name: string = "FileError";

  /** `forOthers` is the same for others, who need not know where things are here. */
  constructor(message: string, readonly forOthers = message) {
    super(message);
  }
}

/** Something that another program of the same person does already. */
export class BusyError extends FileError {
  override readonly name = "BusyError";
}
