/** The keys of one stream, one for each direction; `n` counts the frames of its direction, and none has the number of another. */
export interface FileKeys {
  /** Seals the body of a frame; its kind is sealed with it, though it can be read. */
  seal(n: number, kind: number, body: Uint8Array): Promise<Uint8Array>;
  /** Gives undefined when it was not sealed by the other side, as this frame. */
  open(n: number, kind: number, box: Uint8Array): Promise<Uint8Array | undefined>;
}

/** A key pair for one stream. */
export interface FileKey {
  /** What the other side is told of it. */
  readonly public: Uint8Array;
  /** What only the two can know, on this stream of theirs; undefined when `theirs` is no key. */
  agree(theirs: Uint8Array, stream: string, sends: boolean): Promise<FileKeys | undefined>;
}

/** What is added to a body by its seal. */
export const SEAL_BYTES = 16;
