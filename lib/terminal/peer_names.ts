import { peerNameFault } from "../chat/names.ts";
import { isIpAddress } from "../core/address.ts";

/** What is wrong with how a peer is called: by name, or as `bob@10.0.0.5:3001` when two have one name. */
export function peerFault(called: string): string | undefined {
  const at = called.indexOf("@");
  if (at < 0) return peerNameFault(called);
  if (/^[^\s@]+:\d{1,5}$/.test(called.slice(at + 1)) && isPort(called.slice(called.lastIndexOf(":") + 1))) {
    return peerNameFault(called.slice(0, at));
  }
  return 'behind "@" stands where the peer is, like bob@10.0.0.5:3001';
}

/** The name that somebody gave to themselves, of how they are called. */
export function bareName(called: string): string {
  const at = called.indexOf("@");
  return at < 0 ? called : called.slice(0, at);
}

/** The address in `HOST:PORT` or `HOST PORT`, an IPv4 address or a machine's name; or what is wrong with it. */
export function readAddress(text: string): { readonly host: string; readonly port: number } | string {
  const [, host = "", port = "", more = ""] = /^\s*([^\s:]*)(?::|\s+|$)(\S*)\s*([^]*)$/.exec(text) ?? [];
  if (host === "") return "the host is missing";
  if (port === "") return "the port is missing";
  if (more !== "" || port.includes(":")) return "HOST is an IPv4 address or a name, and one PORT follows it";
  if (!isHost(host)) return "HOST is an IPv4 address or the name of a machine";
  if (!isPort(port)) return "PORT is a whole number from 1 to 65535";
  return { host, port: Number(port) };
}

function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIpAddress(host);
  return host.length <= 253 && /^[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}_])?(\.[\p{L}\p{N}_-]+)*\.?$/u.test(host);
}

function isPort(port: string): boolean {
  return /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535;
}
