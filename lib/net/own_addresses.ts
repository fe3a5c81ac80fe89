/** The names of this machine in its network, as far as it knows them. */
export function ownNames(): string[] {
  try {
    const name = Deno.hostname().toLowerCase();
    return ["localhost", name, ...(name.includes(".") ? [] : [`${name}.local`])];
  } catch {
    // without the permission there are only its addresses
    return ["localhost"];
  }
}

/** The addresses of this machine, without the link-local ones of IPv6, which are hard to type. */
export function ownAddresses(): string[] {
  return Deno.networkInterfaces().map(({ address }) => address).filter((address) => !/^fe80:/i.test(address));
}

/** The IPv4 addresses that others can reach this machine at; those of loopback only where there is no network. */
export function ownNetworkAddresses(): string[] {
  const all = ownAddresses().filter((address) => !address.includes(":"));
  const outside = all.filter((address) => !address.startsWith("127."));
  return [...new Set(outside.length > 0 ? outside : all)];
}
