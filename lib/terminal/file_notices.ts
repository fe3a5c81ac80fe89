import type { Target } from "../chat/entry.ts";
import type { Outputs } from "../core/machine.ts";
import { formatBytes, formatDuration } from "../core/text.ts";
import type { FileEvent, FileState, TransferItem } from "../protocols/transfer/event.ts";
import { clean, type ScreenOutput, stamp, type View } from "./view.ts";

type Moving = Extract<FileEvent, { type: "progress" | "reading" }>;

const BAR_CHARACTERS = 20;
/** Progress bars on the growing line; further transfers are counted. */
const BARS = 2;

/** Offers of one user that are shown one by one; after that, their number is shown each time it doubles. */
const EACH_OFFER = 5;

/** Notices about files: a line for each event, and one growing line for all transfers under way. */
export class FileNotices {
  /** The last progress of each transfer under way. */
  readonly #moving = new Map<string, Moving>();
  #grows = false;

  constructor(
    readonly view: Pick<View<never>, "news" | "error">,
    readonly outputs: Pick<Outputs<ScreenOutput>, "push">,
    readonly interactive: boolean,
  ) {}

  /** `mayGrow`: no other line grows. `isShown`: the line of the offer shows it already. */
  event(event: FileEvent, mayGrow: boolean, now: number, isShown = false): void {
    const { view } = this;
    switch (event.type) {
      case "progress":
      case "reading":
        if (event.type === "reading" && event.done >= event.bytes) this.#moving.delete(keyOf(event));
        else this.#moving.set(keyOf(event), event);
        return this.#grow(mayGrow);
      case "route":
        if (event.relayed) this.#notice(view.news(routeText(event)));
        return;
      case "paused":
        this.#rest(event, event.with, mayGrow);
        return this.#notice(view.news(
          event.sends
            ? `sending ${title(event)} to ${event.with} is interrupted: ${event.why}`
            : `${title(event)} is interrupted: ${event.why}; it will resume by itself`,
        ));
      case "received":
        this.#rest(event, event.from, mayGrow);
        break;
      case "fileSent":
        this.#rest(event, event.to, mayGrow);
        break;
      case "left":
        this.#rest(event, nameIn(event.to), mayGrow);
        break;
      case "fileFailed":
        this.#rest(event, event.with, mayGrow);
    }
    if (isShown || (event.type === "fileFailed" && event.isOneOfMany)) return;
    for (const line of this.interactive ? this.#lines(event, now) : scriptLines(event)) {
      this.outputs.push({ type: "show", line });
    }
  }

  #lines(event: FileEvent, now: number): string[] {
    const { view } = this;
    switch (event.type) {
      case "offered": {
        if (event.unanswered > EACH_OFFER) return countsAgain(event.unanswered) ? [view.news(manyText(event))] : [];
        const where = "room" in event.to ? `[${event.to.room}] ` : "";
        const answers = `/accept ${event.n} or /refuse ${event.n}`;
        return [
          view.news(`${stamp(now, now)} ${where}${event.from} ${deed(event)} (${size(event)}): ${answers}`),
        ];
      }
      case "offering": {
        const to = "room" in event.to ? event.to.room : event.to.user;
        const left = event.skipped === 0 ? "" : `; ${event.skipped} links or special files are left out`;
        return [view.news(`offered ${title(event)} (${size(event)}) to ${to} as number ${event.n}${left}`)];
      }
      case "left":
        return [
          view.news(`left ${title(event)} (${size(event)}) at the server for ${nameIn(event.to)} as number ${event.n}`),
        ];
      case "received":
        return [view.news(`received ${title(event)} as ${event.path}`)];
      case "fileSent":
        return [view.news(`${event.to} received ${title(event)}`)];
      case "fileFailed":
        return [view.error(`${title(event)} (number ${event.n}): ${failureText(event)}`)];
      case "refusedAll":
        return [view.news(refusedText(event))];
      case "files":
        return event.files.length === 0 ? [view.news("no offers or transfers so far")] : event.files.map(stateText);
      default:
        return [];
    }
  }

  #rest({ n }: TransferItem, other: string, mayGrow: boolean): void {
    for (const sends of [true, false]) this.#moving.delete(`${n} ${sends} ${other}`);
    this.#grow(mayGrow);
  }

  #grow(mayGrow: boolean): void {
    if (this.#moving.size > 0 && mayGrow) {
      this.#grows = true;
      const all = [...this.#moving.values()];
      const more = all.length > BARS ? ` (and ${all.length - BARS} more)` : "";
      this.outputs.push({ type: "begin", text: `${all.slice(0, BARS).map(bar).join("  ")}${more}` });
      return;
    }
    if (this.#grows) this.outputs.push({ type: "drop" });
    this.#grows = false;
  }

  #notice(line: string): void {
    this.outputs.push({ type: "notice", line });
  }
}

/** The progress of a transfer, its rate, and the time left. */
function bar(event: Moving): string {
  const { done, bytes } = event;
  const share = bytes === 0 ? 1 : done / bytes;
  const full = Math.round(share * BAR_CHARACTERS);
  const drawn = `[${"#".repeat(full)}${"-".repeat(BAR_CHARACTERS - full)}] ${Math.floor(share * 100)} %`;
  const amount = `${formatBytes(done)} of ${formatBytes(bytes)}`;
  if (event.type === "reading") {
    return `reading ${clean(lastPart(event.name))} ${drawn} ${amount}; /stop ${event.n} stops it`;
  }
  const { rate } = event;
  const pace = rate < 1
    ? ""
    : `  ${formatBytes(Math.round(rate))}/s  ${formatDuration((bytes - done) / rate * 1000)} left`;
  return `${clean(event.name)} ${event.sends ? "to" : "from"} ${clean(event.with)} ${drawn} ${amount}${pace}`;
}

/** The file or folder of a path, without the folders above it. */
function lastPart(path: string): string {
  return path.replace(/^.*[/\\](?=[^/\\])/, "");
}

function keyOf(event: Moving): string {
  return event.type === "reading" ? `reading ${event.n}` : `${event.n} ${event.sends} ${event.with}`;
}

function routeText(event: Extract<FileEvent, { type: "route" }>): string {
  const where = event.sends ? `goes to ${event.with}` : `comes from ${event.with}`;
  const encrypted = event.sealed ? "; it is encrypted from end to end" : "";
  return `${title(event)} ${where} through the chat, since no direct connection can be made${encrypted}`;
}

function nameIn(to: Target): string {
  return "room" in to ? to.room : to.user;
}

/** A line about what the sender of a file has done with the offer. */
function deed(event: Extract<FileEvent, { type: "offered" }>): string {
  return event.isLeft ? `left ${title(event)} at the server` : `offers ${title(event)}`;
}

function title({ name, files }: TransferItem): string {
  return files === undefined ? name : `the folder ${name}`;
}

function size({ bytes, files }: TransferItem): string {
  if (files === undefined) return formatBytes(bytes);
  return `${files === 1 ? "1 file" : `${files} files`}, ${formatBytes(bytes)}`;
}

function stateText(file: FileState): string {
  return clean(
    `  ${file.n}  ${file.sends ? "to" : "from"} ${file.with}: ${title(file)} (${size(file)}), ${file.state}`,
  );
}

/** An event for a script. */
function scriptLines(event: FileEvent): string[] {
  switch (event.type) {
    case "offered":
      if (event.unanswered > EACH_OFFER) return countsAgain(event.unanswered) ? [clean(manyText(event))] : [];
      return [`file ${event.n} from ${clean(event.from)}: ${clean(event.name)} (${size(event)})`];
    case "offering": {
      const to = "room" in event.to ? event.to.room : event.to.user;
      return [`file ${event.n} to ${clean(to)}: ${clean(event.name)} (${size(event)})`];
    }
    case "left":
      return [`file ${event.n} left for ${clean(nameIn(event.to))}: ${clean(event.name)} (${size(event)})`];
    case "received":
      return [`file ${event.n} received: ${clean(event.path)}`];
    case "fileSent":
      return [`file ${event.n} sent`];
    case "fileFailed":
      return [`file ${event.n} failed: ${clean(failureText(event))}`];
    case "refusedAll":
      return [clean(refusedText(event))];
    case "files":
      return event.files.map((file) => stateText(file).trim());
    default:
      return [];
  }
}

function countsAgain(unanswered: number): boolean {
  return Number.isInteger(Math.log2(unanswered / EACH_OFFER));
}

function manyText({ from, unanswered }: Extract<FileEvent, { type: "offered" }>): string {
  return `${from} has made ${unanswered} offers without an answer; /files lists them, /refuse all ${from} refuses them`;
}

function refusedText({ count, from }: Extract<FileEvent, { type: "refusedAll" }>): string {
  const offers = count === 1 ? "1 offer" : `${count} offers`;
  return `refused ${offers}${from === undefined ? "" : ` of ${from}`}`;
}

function failureText({ n, why, canRetry }: Extract<FileEvent, { type: "fileFailed" }>): string {
  return canRetry ? `${why}; /accept ${n} tries again, /refuse ${n} gives it up` : why;
}
