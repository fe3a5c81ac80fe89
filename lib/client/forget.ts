import { formatAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { defaultDataFolder } from "../store/identity.ts";
import { KnownHosts } from "../store/known_hosts.ts";
import type { ForgetPlan } from "./command_line.ts";

/** Forgets the certificate of a server; the text to print. */
export function forget({ host, port, data }: ForgetPlan): string {
  const hosts = new KnownHosts(data ?? defaultDataFolder());
  const name = formatAddress({ hostname: host, port });
  if (hosts.forget({ host, port })) return `${name} is forgotten; the next connection remembers what it sees then\n`;
  throw new UserError(`there is no ${name} in ${hosts.path}; nothing was changed`);
}
