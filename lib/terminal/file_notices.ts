import { formatBytes, formatDuration } from "../core/text.ts";
import type { FileEvent, FileState, TransferItem } from "../protocols/transfer/event.ts";
import type { Ui } from "./ui.ts";
import { fit, type View } from "./view.ts";

/** Where what happens to files is seen. */
export interface FileTalkWay extends Pick<Ui, "show" | "begin" | "drop"> {
  aside(line: string): void;
  /** Whether a line may grow now. */
  mayGrow(): boolean;
}

type Moving = Extract<FileEvent, { type: "progress" | "reading" }>;

const BAR_CHARACTERS = 20;
/** Bars on the line that grows; of more it says how many there are. */
const BARS = 2;

/** What a person, or a script, sees of files: an event a line, and one line that grows for all that move. */
export class FileNotices {
  /** What moves, as it was seen last. */
  readonly #moving = new Map<string, Moving>();
  #grows = false;

  constructor(
    readonly look: Pick<View<never>, "news" | "fault">,
    readonly way: FileTalkWay,
    readonly terminal: boolean,
  ) {}

  event(event: FileEvent): void {
    switch (event.type) {
      case "progress":
      case "reading":
        if (event.type === "reading" && event.done >= event.bytes) this.#moving.delete(keyOf(event));
        else this.#moving.set(keyOf(event), event);
        return this.#grow();
      case "route":
        if (event.relayed) this.way.aside(this.look.news(wayText(event)));
        return;
      case "paused":
        this.#rest(event);
        if (!event.sends) this.way.aside(this.look.news(`${title(event)} waits: ${event.why}; it goes on by itself`));
        else this.way.aside(this.look.news(`${title(event)} does not go on to ${event.with}: ${event.why}`));
        return;
      case "received":
      case "fileSent":
      case "fileFailed":
        this.#rest({
          ...event,
          with: event.type === "received" ? event.from : event.type === "fileSent" ? event.to : event.with,
        });
    }
    for (const line of this.terminal ? this.#shown(event) : plain(event)) this.way.show(line);
  }

  #shown(event: FileEvent): string[] {
    const { look } = this;
    switch (event.type) {
      case "offered": {
        const where = "room" in event.to ? `[${event.to.room}] ` : "";
        const todo = `/accept ${event.n} takes it, /refuse ${event.n} does not`;
        return [look.news(`${where}${event.from} offers ${title(event)} (${size(event)}): ${todo}`)];
      }
      case "offering": {
        const to = "room" in event.to ? event.to.room : event.to.user;
        const left = event.skipped === 0 ? "" : `; ${event.skipped} links and the like in it stay here`;
        return [look.news(`${title(event)} (${size(event)}) is offered to ${to}, as number ${event.n}${left}`)];
      }
      case "received":
        return [look.news(`${title(event)} is here, whole: ${event.path}`)];
      case "fileSent":
        return [look.news(`${event.to} has ${title(event)}, whole`)];
      case "fileFailed":
        return [look.fault(`${title(event)} (${event.n}): ${event.why}`)];
      case "files":
        return event.files.length === 0 ? [look.news("nothing was offered so far")] : event.files.map(stateText);
      default:
        return [];
    }
  }

  /** It does not move any more. */
  #rest(event: TransferItem & { readonly with: string }): void {
    for (const sends of [true, false]) this.#moving.delete(`${event.n} ${sends} ${event.with}`);
    this.#grow();
  }

  #grow(): void {
    if (this.#moving.size > 0 && this.way.mayGrow()) {
      this.#grows = true;
      const all = [...this.#moving.values()];
      const more = all.length > BARS ? ` (and ${all.length - BARS} more)` : "";
      return this.way.begin(`${all.slice(0, BARS).map(bar).join("  ")}${more}`);
    }
    if (this.#grows) this.way.drop();
    this.#grows = false;
  }
}

/** How far something is, how fast it goes, and how long it will take. */
function bar(event: Moving): string {
  const { done, bytes } = event;
  const share = bytes === 0 ? 1 : done / bytes;
  const full = Math.round(share * BAR_CHARACTERS);
  const drawn = `[${"#".repeat(full)}${"-".repeat(BAR_CHARACTERS - full)}] ${Math.floor(share * 100)} %`;
  const amount = `${formatBytes(done)} of ${formatBytes(bytes)}`;
  if (event.type === "reading") return `reading ${fit(event.name)} ${drawn} ${amount}`;
  const { rate } = event;
  const pace = rate < 1
    ? ""
    : `  ${formatBytes(Math.round(rate))}/s  ${formatDuration((bytes - done) / rate * 1000)} left`;
  return `${fit(event.name)} ${event.sends ? "to" : "from"} ${fit(event.with)} ${drawn} ${amount}${pace}`;
}

function keyOf(event: Moving): string {
  return event.type === "reading" ? `reading ${event.name}` : `${event.n} ${event.sends} ${event.with}`;
}

function wayText(event: Extract<FileEvent, { type: "route" }>): string {
  const where = event.sends ? `to ${event.with}` : `from ${event.with}`;
  const who = event.sealed ? "; it is sealed, so nobody on the way can read it" : "";
  return `${title(event)} goes ${where} by way of the chat, since no direct connection can be made${who}`;
}

function title({ name, files }: TransferItem): string {
  return files === undefined ? name : `the folder ${name}`;
}

function size({ bytes, files }: TransferItem): string {
  if (files === undefined) return formatBytes(bytes);
  return `${files === 1 ? "1 file" : `${files} files`}, ${formatBytes(bytes)}`;
}

function stateText(file: FileState): string {
  return fit(`  ${file.n}  ${file.sends ? "to" : "from"} ${file.with}: ${title(file)} (${size(file)}), ${file.state}`);
}

/** An event as scripts read it. */
function plain(event: FileEvent): string[] {
  switch (event.type) {
    case "offered":
      return [`file ${event.n} from ${fit(event.from)}: ${fit(event.name)} (${size(event)})`];
    case "offering": {
      const to = "room" in event.to ? event.to.room : event.to.user;
      return [`file ${event.n} to ${fit(to)}: ${fit(event.name)} (${size(event)})`];
    }
    case "received":
      return [`file ${event.n} received: ${fit(event.path)}`];
    case "fileSent":
      return [`file ${event.n} sent`];
    case "fileFailed":
      return [`file ${event.n} failed: ${fit(event.why)}`];
    case "files":
      return event.files.map((file) => stateText(file).trim());
    default:
      return [];
  }
}
