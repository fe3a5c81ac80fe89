import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, normalize, relative } from "@std/path";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");

/** Ports that store makes, and what they speak of. */
const STORED = ["lib/hub/store.ts", "lib/hub/accounts.ts", "lib/peer/store.ts", "lib/peer/secrecy.ts"];

/** What each room may import of ours; a room may always import itself. */
const MAY_IMPORT: Record<string, (path: string) => boolean> = {
  base: () => false,
  hub: (path) => inRoom(path, "base"),
  wire: (path) => inRoom(path, "base") || inRoom(path, "hub"),
  peer: (path) => inRoom(path, "base") || inRoom(path, "hub") || inRoom(path, "wire"),
  // What a file on its way is made of, it reads and writes.
  store: (path) => inRoom(path, "base") || STORED.includes(path) || path.startsWith("lib/wire/file/"),
  net: (path) => ["base", "hub", "wire", "peer"].some((room) => inRoom(path, room)),
  // What a client learns, as a type.
  face: (path) =>
    inRoom(path, "base") || inRoom(path, "hub") ||
    ["lib/wire/native/happening.ts", "lib/wire/file/event.ts", "lib/peer/event.ts"].includes(path),
};

/** Rooms that decide, and so must not wait, look at a clock, throw dice or touch the machine. */
const PURE = ["hub", "wire", "peer"];
const IMPURE =
  /\bDeno\.|\bawait\b|\basync\b|\bDate\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bperformance\b|\bcrypto\b|\bfetch\b/;

Deno.test("every room imports only what the house allows", () => {
  const wrong: string[] = [];
  for (const { path, room, text } of sources()) {
    for (const target of imports(path, text)) {
      const rule = MAY_IMPORT[room];
      if (!rule) wrong.push(`${path}: there is no room ${room} in the house`);
      else if (!inRoom(target, room) && !rule(target)) wrong.push(`${path} imports ${target}`);
      if (room === "wire" && protocolOf(target) && protocolOf(target) !== protocolOf(path)) {
        wrong.push(`${path} imports ${target}: protocols never import each other`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("what decides, decides without a machine; of the hub others take only types", () => {
  const wrong: string[] = [];
  for (const { path, room, text } of sources()) {
    if (room === "face" && /^import (?!type )[^;]*from "[^"]*\/(hub|wire|peer)\//m.test(text)) {
      wrong.push(`${path} takes more than types`);
    }
    if (!PURE.includes(room)) continue;
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
    const found = IMPURE.exec(code);
    if (found) wrong.push(`${path}: ${found[0]}`);
    for (const [, kind, target] of text.matchAll(/^import (type )?[^;]*?from "([^"]+)"/gm)) {
      if (target!.includes("/hub/") && !kind) {
        wrong.push(`${path} imports more than types of ${target}`);
      }
      if (/^(npm:|node:|@logtape)/.test(target!)) wrong.push(`${path} imports ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("only net opens sockets, only store touches the disk", () => {
  const sockets = /\bDeno\.(listen|connect|listenDatagram|serve)\b/;
  const disk =
    /\bDeno\.(open|create|(read|write)(Text)?File|readDir|rename|remove|mkdir|l?stat|realPath|makeTemp\w+)(Sync)?\b/;
  for (const { path, room, text } of sources()) {
    if (room !== "net") assertEquals(sockets.test(text), false, path);
    if (room !== "store") assertEquals(disk.test(text), false, path);
  }
});

function inRoom(path: string, room: string): boolean {
  return path.startsWith(`lib/${room}/`);
}

function protocolOf(path: string): string | undefined {
  return /^lib\/wire\/([^/]+)\//.exec(path)?.[1];
}

function* sources(folder = "lib"): Generator<{ path: string; room: string; text: string }> {
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) {
      yield { path, room: path.split("/")[1]!, text: Deno.readTextFileSync(join(ROOT, path)) };
    }
  }
}

function imports(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import|import\()\s*"(\.[^"]+)"/g)].map(([, target]) =>
    relative(".", normalize(join(dirname(path), target!))).replaceAll("\\", "/")
  );
}
