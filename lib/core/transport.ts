/** How the peer's side of a transport ended: the peer has finished sending, or the connection broke. */
export type Ending = "finished" | "broken";

/**
 * A connection to one peer: TCP, TLS, a WebSocket or a datagram link.
 *
 * 1. Bytes leave in the order in which they were written; `write` never waits.
 * 2. After `close` or `abort`, `write` does nothing and the owner is not called again.
 * 3. It never calls its owner from within one of its own methods; its tap is the exception.
 */
export interface Transport {
  /** Bytes that were written and that the peer has not taken yet. */
  readonly waitingBytes: number;
  write(bytes: Uint8Array): void;
  /** Delivers what was written, then closes. A transport that can tell the peer a reason tells it `why`. */
  close(why: string): void;
  /** Closes at once; bytes that wait are lost. */
  abort(): void;
  /** Reads on if the owner is hungry again. */
  resume(): void;
  /** Resolves when the peer has taken some of the bytes that wait, or takes nothing any more. */
  written?(): Promise<void>;
  /** From now on, bytes written within one turn may leave together. */
  gather?(): void;
}

/** How pieces that wait for a peer leave together: of more than `beyond`, the oldest ones, in at most `bytes`. */
export interface JoinedWrites {
  readonly beyond: number;
  readonly bytes: number;
}

/** The receiver of what arrives on a transport. */
export interface TransportOwner {
  /** Bytes that arrived. On a transport of messages, one message a call. The buffer is reused after the call. */
  receive(bytes: Uint8Array): void;
  /** Whether to read on. When it is false, the owner calls `Transport.resume` later. */
  hungry(): boolean;
  /** The peer's side ended. Called at most once, and never after `close` or `abort`. */
  closed(ending: Ending): void;
  /** The peer reads too slowly for the outbox, or breaks a rule of the transport. The owner closes the transport. */
  failed(why: string): void;
  /** Only where the wire is traced. */
  readonly tap?: WireTap | undefined;
}

/** Observes the bytes that go over the wire, where `TransportOwner.receive` does not. It never calls back. */
export interface WireTap {
  /** Bytes are handed to the network, in one write. */
  sent(bytes: Uint8Array): void;
  /** The network did not take this many of the bytes handed over last. */
  notTaken(bytes: number): void;
  /** Bytes that arrived after `close`, and are discarded. */
  late(bytes: Uint8Array): void;
}

/** A TLS certificate and its private key, both in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}
