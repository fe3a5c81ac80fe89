import { equals } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import { visibleBytes } from "../core/wire_text.ts";
import type { Computed } from "./credentials.ts";
import { type Failure, NOTHING, nothingText } from "./expectations.ts";
import type { PlayLink, PlayLinks } from "./play_links.ts";
import { exitText, type ProgramExit } from "./program_exit.ts";
import type { Step } from "./step.ts";
import type { Values } from "./values.ts";

/** What a play has seen so far. */
export interface StepView {
  readonly links: PlayLinks;
  readonly values: Values;
  /** How the program that a person talks to has ended; undefined while it runs. */
  readonly exitOf: (who: string) => ProgramExit | undefined;
  readonly isRunning: (who: string) => boolean;
  /** The files that the step looks for, as they were last seen. */
  readonly found: readonly Uint8Array[] | undefined;
  /** The step has taken as long as it may, or, for a pause, as it should. */
  readonly isLate: boolean;
  readonly waitedMs: number;
  /** See `ProgramTime`. */
  readonly confirmedAt: number;
  readonly settleMs: number;
  /** What the step has computed; undefined while it has not. */
  readonly computed: Computed | undefined;
}

/** Whether a step has done its work, or no longer can. */
export interface StepState {
  readonly isDone: boolean;
  /** What came where the handout leaves it open. */
  readonly observed?: string;
  readonly failure?: Omit<Failure, "step"> | undefined;
}

const SHOWN_BYTES = 60;
/** A character for each byte, whatever the bytes are. */
const byByte = new TextDecoder("latin1");
const DONE: StepState = { isDone: true };
const WAITING: StepState = { isDone: false };

/** The state of the step under way; `expect` has its own judge. */
export function stepState(step: Exclude<Step, { readonly do: "expect" }>, view: StepView): StepState {
  const { links, values, exitOf, isLate } = view;
  switch (step.do) {
    case "dial":
      return connecting(step.link, "a connection is accepted", view);
    case "accept":
      return connecting(
        step.link,
        links.get(step.link).as === "messages" ? "a link opens" : "the program connects",
        view,
      );
    case "refused": {
      const { isOpen, hasEnded } = links.get(step.link);
      if (isOpen) return failed(step.link, "no connection is accepted", "it was accepted");
      return hasEnded || isLate ? DONE : WAITING;
    }
    case "listen":
    case "bind":
      return values.get(`${step.link.replace(" ", ".")}.port`) === undefined ? WAITING : DONE;
    case "compute":
      if (!view.computed) return isLate ? failed(step.who, "the check has computed it", "it has not") : WAITING;
      return view.computed.wrong ? failed(step.who, view.computed.wrong.expected, view.computed.wrong.got) : DONE;
    case "silence": {
      const { pieces } = links.get(step.link);
      const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (bytes <= (step.bytes ?? 0)) return isLate ? DONE : WAITING;
      const expected = step.bytes ? `no more than ${step.bytes} bytes` : NOTHING;
      return failed(step.link, expected, visibleBytes(pieces[0]!), true);
    }
    case "conceals": {
      const { pieces } = links.get(step.link);
      const text = values.fill(step.text);
      const found = pieces.find((piece) => byByte.decode(piece).includes(byByte.decode(encodeText(text))));
      if (found) return failed(step.link, `no datagram with "${text}" in it`, visibleBytes(found), true);
      if (pieces.length > 0) return DONE;
      return { isDone: true, observed: "not judged: the programs do not send to the addresses of the table" };
    }
    case "observe":
      return observing(links.get(step.link), view);
    case "closed":
      if (links.get(step.link).hasEnded) return DONE;
      return isLate ? failed(step.link, "the connection is closed", "it stays open") : WAITING;
    case "exits": {
      const exit = exitOf(step.who);
      if (exit === undefined) return isLate ? failed(step.who, "the program ends", "it still runs") : WAITING;
      if (step.status !== undefined && (exit.status === 0) !== (step.status === "zero")) {
        return failed(step.who, step.status === "zero" ? "status 0" : "a status other than 0", exitText(exit));
      }
      if (!step.saysWhy || exit.lastWords !== "") return DONE;
      return failed(step.who, "a message on standard error", exitText(exit));
    }
    case "runs": {
      const exit = exitOf(step.who);
      return exit === undefined ? DONE : failed(step.who, "the program runs on", exitText(exit));
    }
    case "saved": {
      const { found = [] } = view;
      if (found.some((bytes) => equals(bytes, step.bytes))) return DONE;
      if (!isLate) return WAITING;
      const got = found.map((bytes) => `${bytes.length} bytes: ${visibleBytes(bytes.subarray(0, SHOWN_BYTES))}`).join(
        "; ",
      );
      const expected = `a file like ${step.name} of ${step.bytes.length} bytes: ${
        visibleBytes(step.bytes.subarray(0, SHOWN_BYTES))
      }`;
      return failed("folder", expected, got === "" ? "no such file" : got);
    }
    case "start":
      return view.isRunning(step.who) ? DONE : WAITING;
    case "close": {
      // What a program sends after it, by another socket, must not come before it.
      const { isDatagrams, as, isReleased } = links.get(step.link);
      return isReleased || isLate || !isDatagrams || as === "messages" && step.how !== "reset" ? DONE : WAITING;
    }
    case "wait":
      return isLate ? DONE : WAITING;
    default:
      return DONE;
  }
}

/** A program that has failed will not connect or accept; one that ended with status 0 may run on in the background. */
function connecting(name: string, expected: string, { links, exitOf, isLate, waitedMs }: StepView): StepState {
  const link = links.get(name);
  if (link.isOpen) return DONE;
  const exit = exitOf(name.split(" ")[0]!);
  if (exit !== undefined && exit.status !== 0) return failed(name, expected, exitText(exit));
  if (!link.hasEnded && !isLate) return WAITING;
  return failed(name, expected, link.lastNote ?? nothingText(link, waitedMs));
}

function observing(link: PlayLink, { isLate, confirmedAt, settleMs }: StepView): StepState {
  const hasCome = link.pieces.length > 0 && link.unread(confirmedAt, settleMs).hasSettled;
  if (!hasCome && !link.hasEnded && !isLate) return WAITING;
  const came = link.takeAll().map(visibleBytes).join("");
  return { isDone: true, observed: came !== "" ? came : link.hasEnded ? "the connection is closed" : "nothing comes" };
}

function failed(where: string, expected: string, got: string, isUnexpected = false): StepState {
  return { isDone: false, failure: { where, expected, got, isUnexpected } };
}
