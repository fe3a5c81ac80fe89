/** What makes connections TLS: a certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}
