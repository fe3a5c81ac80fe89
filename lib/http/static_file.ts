/** A file of the pages, as it is served. */
export interface StaticFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same by gzip: what is written for people to read is a third of it on the wire. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Changes with the bytes. */
  readonly tag: string;
}
