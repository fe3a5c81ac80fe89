import type { Outputs } from "../core/machine.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { packetBytes } from "./packet_text.ts";
import type { PlayLinks } from "./play_links.ts";
import type { PlayOutput } from "./play_output.ts";
import type { PlayRecord } from "./play_record.ts";
import type { LinkName, Replies, Step } from "./step.ts";
import type { Values } from "./values.ts";

/** What a play sends: once, or again and again, in answer to lines, and what it passes on between two sockets. Pure. */
export class PlaySending {
  #repeating: { link: LinkName; bytes: Uint8Array; every: number; at: number } | undefined;
  /** The sockets whose datagrams are passed on, by the one on which they come. */
  readonly #joined = new Map<LinkName, LinkName>();
  /** The links whose lines are answered, each with the line that has not ended. */
  readonly #answered = new Map<LinkName, { line: string; readonly replies: Replies }>();

  constructor(
    readonly links: PlayLinks,
    readonly values: Values,
    readonly record: PlayRecord,
    readonly outputs: Outputs<PlayOutput>,
  ) {}

  /** When something is sent again. */
  get repeatsAt(): number {
    return this.#repeating?.at ?? Infinity;
  }

  begin({ link, text, raw, every }: Step & { readonly do: "send" }, now: number): void {
    const bytes = this.#bytes(text, raw === true, link);
    if (every) this.#repeating = { link, bytes, every, at: now + every };
    this.#send(link, bytes, now);
  }

  tick(now: number): void {
    const again = this.#repeating;
    if (!again || again.at > now) return;
    again.at = now + again.every;
    this.#send(again.link, again.bytes, now);
  }

  /** What it was sent for has come. */
  endRepeating(): void {
    this.#repeating = undefined;
  }

  join(link: LinkName, other: LinkName): void {
    this.#joined.set(link, other).set(other, link);
  }

  answer(link: LinkName, replies: Replies): void {
    this.#answered.set(link, { line: "", replies });
  }

  /** Passes on what has come to the socket that this one is joined with, if it is; answers the lines of it, if they are. */
  received(link: LinkName, bytes: Uint8Array, now: number): void {
    const other = this.#joined.get(link);
    if (other !== undefined) this.outputs.push({ type: "send", link: other, bytes: bytes.slice(), isDatagram: true });
    const answered = this.#answered.get(link);
    if (!answered) return;
    const lines = (answered.line + decodeLossy(bytes)).split("\n");
    answered.line = lines.pop()!;
    const replies = lines.flatMap((line) => answered.replies.find(([pattern]) => pattern.test(line))?.[1] ?? []);
    if (replies.length > 0) this.#send(link, this.#bytes(replies.join("\n"), false, link), now);
  }

  #send(link: LinkName, bytes: Uint8Array, now: number): void {
    this.record.sent(link, bytes, now);
    this.outputs.push({ type: "send", link, bytes, isDatagram: this.links.get(link).isDatagrams });
  }

  #bytes(text: string | Uint8Array, isRaw: boolean, link: LinkName): Uint8Array {
    if (typeof text !== "string") return text;
    if (this.links.get(link).as === "packets") return packetBytes(this.values.fill(text));
    return encodeText(this.values.fill(text) + (isRaw ? "" : "\n"));
  }
}
