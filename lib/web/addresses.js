/** @typedef {import("./watch_state.js").Door} Door */
/** @typedef {import("./watch_state.js").Snapshot} Snapshot */
/** Where the page itself was found. @typedef {{ protocol: string, hostname: string }} Place */

/** What people call the doors, and what is typed to come in, where it is not a link. @type {Record<string, { label: string, how: (host: string, port: number) => string }>} */
const DOORS = {
  web: { label: "Browser", how: () => "" },
  im: { label: "Chat, and the IM handout", how: (host, port) => `partyline-client chat ${host} ${port}` },
  tls: {
    label: "Chat over TLS",
    how: (host, port) => `partyline-client chat ${host} ${port} --tls-cert tls-cert.pem`,
  },
  mailbox: { label: "Mailbox", how: (host, port) => `partyline-client mailbox ${host} ${port}` },
  lobby: { label: "Lobby, for guests", how: (host, port) => `nc ${host} ${port}` },
  "address-book": { label: "Address book", how: (host, port) => `partyline-client peer ${host} ${port} --name NAME` },
};

/** What people call a door. @param {string} door */
export function doorLabel(door) {
  return DOORS[door]?.label ?? door;
}

/**
 * Where a door is found from another machine, or from this one alone, and what is typed there.
 * @param {Door} door
 * @param {readonly string[]} hosts
 * @param {Place} place
 */
export function doorAddress({ door, hostname, port }, hosts, place) {
  const everywhere = hostname === "0.0.0.0" || hostname === "::";
  // Whoever reads the page from elsewhere has found the machine.
  const seen = isLoopback(place.hostname) ? undefined : place.hostname.replace(/^\[|\]$/g, "");
  const host = everywhere ? seen ?? hosts[0] ?? "127.0.0.1" : hostname;
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const link = door === "web" ? `${place.protocol}//${address}/` : undefined;
  return { address, link, how: link ?? DOORS[door]?.how(host, port) ?? address, here: isLoopback(host) };
}

/**
 * The address that people are told: the page's, if other machines can reach it; else that of the first door they can reach.
 * @param {Pick<Snapshot, "doors" | "hosts">} snapshot
 * @param {Place} place
 */
export function headline({ doors, hosts }, place) {
  const found = doors.map((door) => ({ door: door.door, ...doorAddress(door, hosts, place) }));
  const [best] = [...found.filter(({ here }) => !here), ...found].sort((one, other) => rank(one) - rank(other));
  return best && { title: best.address, text: best.link ?? best.address, here: best.here };
}

/** @param {{ door: string, here: boolean }} found */
function rank({ door, here }) {
  return (here ? 10 : 0) + (door === "web" ? 0 : door === "im" ? 1 : 2);
}

/** @param {string} host */
function isLoopback(host) {
  return host === "localhost" || host === "[::1]" || host === "::1" || host.startsWith("127.");
}
