/** Sends datagrams with these payloads, in bytes, several times if necessary; resolves with those that have arrived. */
export type SendSizes = (sizes: readonly number[]) => Promise<ReadonlySet<number>>;

/** The headers of IPv4 and UDP. */
export const HEADER_BYTES = 28;
/** Usual path MTUs: dial-up, old tunnels, IPv6's least, WireGuard, VXLAN, PPPoE, Ethernet. */
const USUAL_MTUS = [576, 1024, 1200, 1280, 1300, 1400, 1420, 1450, 1480, 1492, 1500] as const;
export const ETHERNET_MTU = 1500;
const STEPS = 12;

/**
 * The largest packet up to Ethernet's 1500 bytes that arrives; 0 if none does.
 *
 * Linux sends these datagrams with "don't fragment" set, and divides them itself once a router has reported a smaller MTU: then all
 * arrive, and less than 1500 means that packets are lost without a report.
 */
export async function pathMtu(send: SendSizes): Promise<number> {
  let passes = 0;
  let lost = Infinity;
  for (let mtus: readonly number[] = USUAL_MTUS; mtus.length > 0;) {
    const arrived = await send(mtus.map((mtu) => mtu - HEADER_BYTES));
    lost = mtus.find((mtu) => !arrived.has(mtu - HEADER_BYTES)) ?? lost;
    passes = Math.max(passes, ...mtus.filter((mtu) => mtu < lost));
    if (passes === 0 || lost === Infinity) break;
    const step = Math.ceil((lost - passes) / STEPS);
    mtus = Array.from({ length: STEPS }, (_, i) => passes + (i + 1) * step).filter((mtu) => mtu < lost);
  }
  return passes;
}
