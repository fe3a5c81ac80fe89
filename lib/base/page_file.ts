/** A file of the pages, as it is served. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Changes with the bytes. */
  readonly tag: string;
}
