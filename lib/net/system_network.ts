/** How the system would send to an address. */
export interface Route {
  readonly device: string;
  /** The router; undefined for an address of the same network. */
  readonly via: string | undefined;
  /** The path MTU that a router has reported; undefined if none has. */
  readonly mtu?: number | undefined;
}

/** Whether the machine at an address of the same network has answered for it. */
export type Neighbour = "answers" | "silent" | "unknown";

/** Facts about the network that the system's tools report without special rights; undefined where they report none. */
export interface SystemNetwork {
  routeTo(address: string): Promise<Route | "none" | undefined>;
  neighbour(address: string): Promise<Neighbour>;
  /** The program that has a port, such as `python3 (77)`. */
  ownerOf(port: number): Promise<string | undefined>;
  /** Firewalls of this machine that are on. */
  firewalls(): Promise<readonly string[] | undefined>;
}

/** A system whose tools are not known. */
export const UNKNOWN_NETWORK: SystemNetwork = {
  routeTo: () => Promise.resolve(undefined),
  neighbour: () => Promise.resolve("unknown"),
  ownerOf: () => Promise.resolve(undefined),
  firewalls: () => Promise.resolve(undefined),
};

/** The output of a tool of the system; undefined if it is not installed or may not be run. */
export async function runTool(
  program: string,
  args: readonly string[],
): Promise<{ readonly success: boolean; readonly text: string } | undefined> {
  try {
    const command = new Deno.Command(program, { args: [...args], stdin: "null", stderr: "null" });
    const { success, stdout } = await command.output();
    return { success, text: new TextDecoder().decode(stdout) };
  } catch {
    return undefined;
  }
}
