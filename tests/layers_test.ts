import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, normalize, relative } from "@std/path";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");

const CHAIN = ["core", "chat", "protocols", "peers"];
const PURE = ["chat", "protocols", "peers", "exchange"];

/** The layers that each layer may import, besides itself; see ARCHITECTURE.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  chat: ["core"],
  protocols: ["core", "chat"],
  peers: ["core", "chat", "protocols"],
  exchange: ["core", "chat"],
  makers: [...CHAIN, "exchange", "store", "net"],
  store: CHAIN,
  net: CHAIN,
  http: [...CHAIN, "net"],
  terminal: CHAIN,
  web: CHAIN,
  check: [...CHAIN, "net"],
  server: [...CHAIN, "exchange", "makers", "store", "net", "http", "terminal", "check"],
  client: [...CHAIN, "store", "net", "http", "terminal", "check"],
};

/** Protocols never import each other, but for these: files go between members who use the native protocol and guests of rooms. */
const PROTOCOL_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  native: ["datagram", "transfer"],
  rooms: ["transfer"],
  transfer: ["datagram"],
};

const IMPURE =
  /\bDeno\.|\bawait\b|\basync\b|\bDate\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bperformance\b|\bcrypto\b|\bfetch\b/;

Deno.test("every layer imports only the layers before it", () => {
  const wrong: string[] = [];
  for (const { path, layer, imports } of SOURCES) {
    const allowed = MAY_IMPORT[layer];
    if (!allowed) wrong.push(`${path}: there is no layer "${layer}"`);
    for (const { target } of imports) {
      if (!target.startsWith("lib/")) {
        if (!target.startsWith("npm:")) wrong.push(`${path} imports ${target}`);
        continue;
      }
      const other = layerOf(target);
      if (other !== layer && !allowed?.includes(other)) wrong.push(`${path} imports ${target}`);
      const [from, to] = [protocolOf(path), protocolOf(target)];
      if (from && to && from !== to && !PROTOCOL_MAY_IMPORT[from]?.includes(to)) {
        wrong.push(`${path} imports ${target}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no file imports itself by way of others, type imports included", () => {
  const next = new Map(SOURCES.map(({ path, imports }) => [path, imports.map(({ target }) => target)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of SOURCES) visit(path, []);
  assertEquals(cycles, []);
});

Deno.test("pure layers use no machine, clock, timer or chance, and no package", () => {
  const wrong: string[] = [];
  for (const { path, layer, code, imports } of SOURCES) {
    if (!PURE.includes(layer)) continue;
    const found = IMPURE.exec(code);
    if (found) wrong.push(`${path}: ${found[0]}`);
    for (const { target } of imports) if (target.startsWith("npm:")) wrong.push(`${path} imports ${target}`);
  }
  assertEquals(wrong, []);
});

Deno.test("only net and http open sockets, only store touches the disk", () => {
  const sockets = /\bDeno\.(listen|listenTls|connect|connectTls|listenDatagram|serve)\b/;
  const disk =
    /\bDeno\.(open|create|(read|write)(Text)?File|readDir|rename|remove|mkdir|l?stat|realPath|makeTemp\w+)(Sync)?\b/;
  const wrong: string[] = [];
  for (const { path, layer, code } of SOURCES) {
    if (!["net", "http"].includes(layer) && sockets.test(code)) wrong.push(`${path} opens a socket`);
    if (layer !== "store" && disk.test(code)) wrong.push(`${path} touches the disk`);
  }
  assertEquals(wrong, []);
});

interface Import {
  readonly target: string;
}

interface Source {
  readonly path: string;
  readonly layer: string;
  /** Without comments and the contents of strings. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const SOURCES: readonly Source[] = [...sources("lib")];

/** The makers of an exchange are a layer of their own, since they are not pure. */
function layerOf(path: string): string {
  return path.startsWith("lib/exchange/makers/") ? "makers" : path.split("/")[1]!;
}

function protocolOf(path: string): string | undefined {
  return /^lib\/protocols\/([^/]+)\//.exec(path)?.[1];
}

function* sources(folder: string): Generator<Source> {
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.(ts|js)$/.test(path)) {
      const text = Deno.readTextFileSync(join(ROOT, path));
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
      yield { path, layer: layerOf(path), code, imports: imports(path, text) };
    }
  }
}

/** What a file imports: ours by its path from the root, a package as `npm:…`; @std counts as ours, since it is pure. */
function imports(path: string, text: string): Import[] {
  const found = [...text.matchAll(/^(?:import|export)\s[^;"=(]*\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"/gm)].map((
    match,
  ) => (match[1] ?? match[2])!);
  return found.filter((target) => !target.startsWith("@std/")).map((target) => ({
    target: target.startsWith(".")
      ? relative(".", normalize(join(dirname(path), target))).replaceAll("\\", "/")
      : `npm:${target}`,
  }));
}
