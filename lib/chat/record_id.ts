/** A record: the server that made it, and its number there. It names an entry of the log at every server. */
export interface RecordId {
  readonly server: string;
  readonly number: number;
}

/** Where the exchange has put a record. Later epochs are of logs that were made anew. */
export interface Place {
  readonly epoch: number;
  readonly place: number;
}
