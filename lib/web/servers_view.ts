import { formatAddress } from "../core/address.ts";
import { sanitized } from "../core/text.ts";
import { make } from "./dom.ts";
import { formatClock, formatNumber } from "./format.ts";
import { serverTexts, sharedTexts } from "./texts.ts";
import type { ExchangeStatus } from "../chat/server_snapshot.ts";

/** The servers of the chat as rows of a table: this one, those that are heard, those that were. */
export function serverRows({ name, isConnected, isAlone, since, servers }: ExchangeStatus): HTMLElement[] {
  const { thisOne, noAnswer, catchingUp, connected, away } = serverTexts.servers;
  const own = isConnected ? isAlone ? catchingUp : connected : noAnswer;
  return [
    row([`${name}${thisOne}`, own, formatClock(since), "", ""], !isConnected),
    ...servers.map(({ name, place, isAway, since, behind }) =>
      row(
        [name, isAway ? away : connected, formatClock(since), formatNumber(behind), place ? formatAddress(place) : ""],
        isAway,
      )
    ),
  ];
}

/** What waits, and why. */
export function exchangeText({ isConnected, why, waiting }: ExchangeStatus): string {
  const texts = serverTexts.servers;
  return [...(isConnected ? [] : [texts.why(sanitized(why))]), ...(waiting > 0 ? [texts.waiting(waiting)] : [])].join(
    " ",
  );
}

function row([name, state, ...rest]: readonly [string, string, ...string[]], isBad: boolean): HTMLElement {
  const heads = [sharedTexts.since, serverTexts.behind, serverTexts.address];
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, make("bdi", {}, sanitized(name))),
    make("td", { class: isBad ? "is-bad" : "" }, state),
    ...rest.map((text, column) => make("td", { "data-head": heads[column] }, sanitized(text))),
  );
}
