/** The names that this machine goes by in its network, as far as it knows them. */
export function ownNames(): string[] {
  try {
    const name = Deno.hostname().toLowerCase();
    return ["localhost", name, ...(name.includes(".") ? [] : [`${name}.local`])];
  } catch {
    // Without the permission its addresses must do.
    return ["localhost"];
  }
}

/** The addresses that others reach this machine at. */
export function ownAddresses(): string[] {
  return Deno.networkInterfaces().map(({ address }) => address).filter((address) => !/^fe80:/i.test(address));
}
