import { formatBytes } from "../core/text.ts";
import type { TransferItem } from "../protocols/transfer/event.ts";
import { MARKS } from "./marks.ts";
import type { Outcome, OwnLine } from "./own_lines.ts";
import { clean, stamp, targetName } from "./view.ts";

/** Names of receivers that are shown; of further ones, the number. */
const NAMES = 3;

/** The outcome of an own line, shown at its end; empty while it is not known. */
export function ownOutcome({ to, time, outcome }: OwnLine, now: number): string {
  const { receivers, fileReceivers, failures } = outcome;
  const isRoom = "room" in to;
  // The time is left out within the same minute.
  const at = outcome.time === undefined || minute(outcome.time, now) === minute(time, now)
    ? ""
    : ` ${minute(outcome.time, now)}`;
  const parts = fileReceivers.length > 0
    ? [`${MARKS.delivered} received${isRoom ? ` by ${names(fileReceivers)}` : ""}${at}`]
    : receivers.length > 0
    ? [`${MARKS.delivered}${isRoom ? ` ${names(receivers)}` : ""}${at}`]
    : failures.length === 0
    ? stage(outcome, to)
    : [];
  const failed = failures.slice(0, NAMES).map(({ to: whom, why }) =>
    `${MARKS.failed} not delivered${isRoom && whom && "user" in whom ? ` to ${targetName(whom)}` : ""} (${clean(why)})`
  );
  return [...parts, ...failed].join(" ");
}

/** An offer, in the place of a message's text. */
export function offerText({ n, name, bytes, files, skipped }: TransferItem & { readonly skipped: number }): string {
  const size = files === undefined
    ? formatBytes(bytes)
    : `${files === 1 ? "1 file" : `${files} files`}, ${formatBytes(bytes)}`;
  const left = skipped === 0 ? "" : `; ${skipped} links or special files are left out`;
  return `offers ${files === undefined ? "" : "the folder "}${name} (${size}) as number ${n}${left}`;
}

function stage({ stage }: Outcome, to: OwnLine["to"]): string[] {
  switch (stage) {
    case "none":
      return [];
    case "sent":
      return [MARKS.sent];
    case "kept":
      return [`kept until ${"user" in to ? targetName(to) : "the members are"} ${"user" in to ? "is " : ""}online`];
    case "unconfirmed":
      return [`${MARKS.sent} unconfirmed`];
  }
}

function names(of: readonly string[]): string {
  const shown = of.slice(0, NAMES).map(clean).join(", ");
  return of.length > NAMES ? `${shown} and ${of.length - NAMES} more` : shown;
}

function minute(time: number, now: number): string {
  return stamp(time, now).slice(0, -":00".length);
}
