import { encode } from "uqr";
import { isLoopback, isWildcard, reachableHost } from "../core/address.ts";
import { pageAddress } from "../protocols/listener_table.ts";

/** Modules of white ground around a code: scanners want four. */
const BORDER = 4;

/**
 * The address of the requested page for other machines: the one that its sender has used or, for a sender on the server's own
 * machine, one of its addresses in the network. Undefined if no other machine reaches the page.
 *
 * `sender`: the IP address of the request's sender; other machines do not learn addresses that they have not used.
 */
export function addressForOthers(
  request: Request,
  sender: string,
  listens: string,
  own: readonly string[],
): string | undefined {
  const { protocol, hostname, port, origin } = new URL(request.url);
  const used = hostname.replace(/^\[|\]$/g, "");
  if (used !== "localhost" && !isLoopback(used)) return `${origin}/`;
  const host = reachableHost(listens, own);
  if (!isLoopback(sender) || isLoopback(host) || isWildcard(host)) return undefined;
  const scheme = protocol === "https:" ? "https" : "http";
  return pageAddress(scheme, host, Number(port || (scheme === "https" ? 443 : 80)));
}

/** A text as a QR code: an SVG picture, dark on light whatever the page's colours are. */
export function codeSvg(text: string): string {
  const { data, size } = encode(text, { border: BORDER, ecc: "M" });
  const runs = data.flatMap((row, y) =>
    [...row.map((isDark) => isDark ? "1" : "0").join("").matchAll(/1+/g)].map(({ index, 0: run }) =>
      `M${index} ${y}h${run.length}v1h-${run.length}z`
    )
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path d="${runs.join("")}"/></svg>`;
}
