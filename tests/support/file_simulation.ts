import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ChunkMap } from "../../lib/protocols/transfer/chunk_map.ts";
import { decodeFrame, encodeFrame, FrameDecoder } from "../../lib/protocols/transfer/frames.ts";
import { DIGEST_BYTES, encodeManifest, Manifest } from "../../lib/protocols/transfer/manifest.ts";
import { Receiving } from "../../lib/protocols/transfer/receiving.ts";
import { Sending } from "../../lib/protocols/transfer/sending.ts";
import { Fault } from "../../lib/core/errors.ts";
import type { Random } from "./random.ts";

const CHUNK = 1024;
/** A frame's kind and length, and the number of its chunk. */
const CHUNK_HEAD = 9;

/** The result of a simulated transfer. */
export interface Outcome {
  readonly cuts: number;
  readonly chunks: number;
  /** How many chunks were sent again, and how many were lost or corrupted. */
  readonly sentAgain: number;
  readonly lost: number;
  readonly wrong: string | undefined;
}

/**
 * One transfer from memory to memory, over streams that split and corrupt bytes and are cut at any
 * byte; after a cut both ends restart with what the receiver has stored.
 */
export function simulateTransfer(
  random: Random,
  { mostChunks, cutsWanted, spoils }: { mostChunks: number; cutsWanted: number; spoils: boolean },
): Outcome {
  const bytes = below(random, mostChunks) * CHUNK + below(random, CHUNK) + 1;
  const salt = below(random, 1000);
  const source = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) source[i] = (i + salt) * (i >> 3) >> 5;
  const chunks = Math.ceil(bytes / CHUNK);
  const digests = new Uint8Array(chunks * DIGEST_BYTES);
  for (let i = 0; i < chunks; i++) digests.set(digestOf(pieceOf(source, i)), i * DIGEST_BYTES);
  const manifest = new Manifest([{ path: "file", bytes, isFolder: false }], CHUNK, digests);
  const list = encodeManifest(manifest);

  const target = new Uint8Array(bytes);
  const map = new ChunkMap(chunks);
  const sent = new Map<number, number>();
  const spoilt = new Map<number, number>();
  let hasList = false;
  let lost = 0;
  let cuts = 0;
  let end: "done" | { why: string } | undefined;
  let told: "done" | { why: string } | undefined;

  for (let streams = 0; !end && streams < 1000; streams++) {
    const isCut = cuts < cutsWanted;
    // Spread the cuts over the expected traffic; early streams live longer so that progress is made.
    let left = isCut ? below(random, (hasList ? 0 : 2 * list.length) + 2 * bytes / (cutsWanted + 1)) : Infinity;
    const toSender: Uint8Array[] = [];
    const toReceiver: { bytes: Uint8Array; at: number; readonly chunk: number | undefined }[] = [];
    /** Pending operations of the disk or the stream. */
    const jobs: (() => void)[] = [];
    const sending = new Sending(
      {
        send: (message) => {
          const chunk = message.type === "chunk" ? message.index : undefined;
          if (chunk !== undefined) sent.set(chunk, (sent.get(chunk) ?? 0) + 1);
          toReceiver.push({ bytes: encodeFrame(message), at: 0, chunk });
          jobs.push(() => sending.sent());
        },
        read: (chunk) => jobs.push(() => sending.piece(chunk, pieceOf(source, chunk))),
        ended: (how) => told = how,
      },
      list,
      chunks,
    );
    const receiving = new Receiving({
      send: (message) => toSender.push(encodeFrame(message)),
      keepList: (bytes) =>
        jobs.push(() => {
          if (!same(bytes, list)) throw new Error("the list came changed");
          hasList = true;
          receiving.listed(map, CHUNK);
        }),
      keep: (chunk, bytes) =>
        jobs.push(() => {
          if (!same(digestOf(bytes), manifest.digestOf(chunk))) return lost++, receiving.spoilt(chunk);
          target.set(bytes, chunk * CHUNK);
          map.add(chunk);
          receiving.kept(chunk);
        }),
      finish: () => jobs.push(() => receiving.finished()),
      ended: (how) => end = how,
    }, { windowBytes: (1 + below(random, 8)) * CHUNK });
    const up = new FrameDecoder();
    const down = new FrameDecoder();
    const held: (number | undefined)[] = [];
    receiving.begin(hasList ? { map, chunkBytes: CHUNK } : undefined);
    while (left > 0 && (jobs.length > 0 || toSender.length > 0 || toReceiver.length > 0)) {
      const which = below(random, 3);
      if (which === 0 && jobs.length > 0) jobs.splice(below(random, jobs.length), 1)[0]!();
      else if (which === 1 && toSender.length > 0) {
        for (const message of messages(up, toSender.shift()!)) sending.received(message);
      } else if (toReceiver.length > 0) {
        const frame = toReceiver[0]!;
        const part = frame.bytes.slice(0, Math.min(left, 1 + below(random, 2 * CHUNK)));
        left -= part.length;
        frame.at += part.length;
        // Past its number; and no chunk so often that it is given up.
        if (spoils && frame.chunk !== undefined && frame.at > CHUNK_HEAD && below(random, 40) === 0) {
          const times = spoilt.get(frame.chunk) ?? 0;
          spoilt.set(frame.chunk, times + 1);
          if (times < 2) part[part.length - 1]! ^= 1;
        }
        frame.bytes = frame.bytes.subarray(part.length);
        if (frame.bytes.length === 0) held.push(toReceiver.shift()!.chunk);
        for (const message of messages(down, part)) receiving.received(message);
      }
    }
    if (!end && isCut) {
      cuts++;
      // Only chunks in flight, or received and not yet stored, may be sent again.
      for (const { chunk } of toReceiver) if (chunk !== undefined) lost++;
      lost += held.filter((chunk) => chunk !== undefined && !map.has(chunk)).length;
    } else if (!end) return wrong("the transfer stands still");
  }
  const sentAgain = [...sent.values()].reduce((sum, count) => sum + count - 1, 0);
  if (end !== "done") return wrong(`it ended otherwise: ${JSON.stringify(end)}`);
  if (!same(source, target)) return wrong("what came is not what was sent");
  if (sentAgain > lost) return wrong(`${sentAgain} chunks were sent again, and ${lost} were lost`);
  return { cuts, chunks, sentAgain, lost, wrong: undefined };

  function wrong(why: string): Outcome {
    return { cuts, chunks, sentAgain: 0, lost, wrong: `${why}; the sender was told ${JSON.stringify(told)}` };
  }
}

function* messages(decoder: FrameDecoder, bytes: Uint8Array) {
  decoder.push(bytes);
  for (let frame; (frame = decoder.next());) {
    if (frame instanceof Fault) throw new Error(frame.message);
    const message = decodeFrame(frame);
    if (message instanceof Fault || !message) throw new Error(`a frame of kind ${frame.kind} is not understood`);
    yield message;
  }
}

function pieceOf(source: Uint8Array, chunk: number): Uint8Array {
  return source.slice(chunk * CHUNK, (chunk + 1) * CHUNK);
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function below(random: Random, limit: number): number {
  return random.whole(0, limit - 1);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
