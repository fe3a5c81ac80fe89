import { UserError } from "../../core/errors.ts";

/** A file that cannot be read, written, sent or received. */
export class FileError extends UserError {
  override readonly name: string = "FileError";

  /** `forOthers` is the message for other people, without the paths of this machine. */
  constructor(message: string, readonly forOthers = message) {
    super(message);
  }
}

/** The transfer already runs in another program of the same person. */
export class BusyError extends FileError {
  override readonly name = "BusyError";
}
