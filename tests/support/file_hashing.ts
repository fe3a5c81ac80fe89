import { randomBytes } from "node:crypto";
import type { FileHashing } from "../../lib/protocols/transfer/relayed_files.ts";
import { digestOf } from "../../lib/store/file_reader.ts";

/** What a server gives the sessions of its rooms listener. */
export const FILE_HASHING: FileHashing = { bytes: (count) => new Uint8Array(randomBytes(count)), sha256: digestOf };
