import nodeModule from "node:module";
import { fromFileUrl, toFileUrl } from "@std/path";

/**
 * One script out of a module in TypeScript and all that it imports, packages included. The modules follow each other, each after
 * its imports, in one scope; a module with a name that is taken there becomes a function that gives what it exports. The types
 * are taken off by Deno itself; functions, classes and plain values that nothing in the script names are left out.
 *
 * What cannot be bundled this way throws: a default export, `export let`, and an import for its effects alone.
 */
export function bundle(entry: string, read: (path: string) => string): string {
  const known = new Map<string, Module>();
  const modules: Module[] = [];

  /** Adds a module after those that it imports. */
  const add = (path: string): Module => {
    const before = known.get(path);
    if (before) return before;
    const base = toFileUrl(path);
    const resolved = (specifier: string) =>
      fromFileUrl(specifier.startsWith(".") ? new URL(specifier, base) : import.meta.resolve(specifier));
    const module = parseModule(withoutTypes(read(path), path), path, (specifier) => add(resolved(specifier)));
    known.set(path, module);
    modules.push(module);
    return module;
  };

  add(entry);
  dropUnused(modules);
  const taken = new Set<string>();
  return modules.map((module, i) => placed(module, `module${i}`, taken)).join("");
}

interface Module {
  /** What it runs, without its imports and the word `export`. */
  body: string;
  readonly imports: readonly Import[];
  /** What others import: the name that they know it by, and its own. */
  exported: Export[];
  /** The names in the common scope, once it has its place; without one, an export is a property of `object`. */
  readonly common: Map<string, string>;
  object: string;
}

interface Import {
  readonly local: string;
  /** The name at its module; "*" for all of them. */
  readonly name: string;
  readonly from: Module;
}

interface Export {
  readonly name: string;
  readonly local: string;
}

/** Names in a window that Deno does not know: a module's own name would hide them from the others. */
const WINDOW = new Set(
  ["document", "event", "find", "focus", "blur", "frames", "history", "length", "open", "origin", "parent", "print"]
    .concat(["screen", "scroll", "status", "stop", "top", "Option", "Image", "Text", "Node", "Range", "Selection"]),
);

/** The text of a module at its place behind others, whose names in the common scope are `taken`. */
function placed(module: Module, object: string, taken: Set<string>): string {
  const isFree = (name: string) => !taken.has(name) && !WINDOW.has(name) && !(name in globalThis);
  // Those that it has under their own name in the common scope need nothing; those that were left out are not there.
  const aliases = module.imports.flatMap(({ local, name, from }) => {
    if (name === "*") return [{ local, value: allOf(from) }];
    if (from.common.get(name) === local || !from.exported.some((each) => each.name === name)) return [];
    return [{ local, value: from.common.get(name) ?? `${from.object}.${name}` }];
  });
  const body = module.body.replace(/\n\s+/g, "\n");
  const declared = [...aliases.map(({ local }) => local), ...declaredIn(module.body)];
  const { exported } = module;
  if (declared.every(isFree)) {
    for (const name of declared) taken.add(name);
    for (const { name, local } of exported) module.common.set(name, local);
    return `${aliases.map(({ local, value }) => `const ${local} = ${value};\n`).join("")}${body}\n`;
  }
  module.object = object;
  const list = exported.map(({ name, local }) => name === local ? name : `${name}: ${local}`).join(", ");
  const free = exported.map(({ name }) => name).filter(isFree);
  for (const name of free) {
    taken.add(name);
    module.common.set(name, name);
  }
  const common = free.length === 0 ? "" : `const { ${free.join(", ")} } = ${object};\n`;
  // What has another name inside is a parameter: a name of its own may hide the one outside.
  const [inside, outside] = [aliases.map(({ local }) => local), aliases.map(({ value }) => value)];
  return `const ${object} = ((${inside.join(", ")}) => {\n${body}\nreturn { ${list} };\n})(${outside.join(", ")});\n` +
    common;
}

/** All that a module exports, as an object. */
function allOf({ exported, common, object }: Module): string {
  if (object !== "") return object;
  return `{ ${exported.map(({ name }) => `${name}: ${common.get(name)}`).join(", ")} }`;
}

/** The names that the lines of a module declare, outside of its functions and blocks. */
function declaredIn(body: string): string[] {
  const found = body.matchAll(
    /^(?:(?:async )?function\*? |class |(?:const|let|var) )(?:(\w+)|\{([^}]*)\}|\[([^\]]*)\])/gm,
  );
  return [...found].flatMap(([, name, fields, items]) =>
    name !== undefined ? [name] : (fields ?? items)!.match(/\w+(?=\s*(?:,|=|$))/g) ?? []
  );
}

/** What is declared and can be left out: a function, a class, a table, a number or a text. */
const DECLARATION =
  /^(?:(?:(?:async )?function\*?|class) (\w+)\b.*\{\n(?:(?:[ \t].*)?\n)*\}|const (\w+) = (?:\{\n(?:(?:[ \t].*)?\n)*\}|[\d_.*+\-/() ]+|"[^"\n]*");)$/gm;

/** Removes every declaration whose name stands nowhere but in its own text and in its module's list of exports. */
function dropUnused(modules: readonly Module[]): void {
  for (let isDone = false; !isDone;) {
    isDone = true;
    const uses = new Map<string, number>();
    for (const { body, imports, exported } of modules) {
      count(body, uses);
      // By another name, or by all names at once.
      for (const { name, local, from } of imports) {
        if (name === "*") { for (const each of from.exported) count(each.local, uses); }
        else if (name !== local) count(name, uses);
      }
      for (const { name, local } of exported) if (name !== local) count(local, uses);
    }
    for (const module of modules) {
      module.body = module.body.replace(DECLARATION, (text, code, value) => {
        const name = code ?? value;
        if (uses.get(name) !== count(text).get(name)) return text;
        isDone = false;
        module.exported = module.exported.filter((each) => each.local !== name);
        return "";
      });
    }
  }
}

/** How often each word stands in a text. */
function count(text: string, counts = new Map<string, number>()): Map<string, number> {
  for (const [word] of text.matchAll(/\w+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function parseModule(script: string, path: string, moduleOf: (specifier: string) => Module): Module {
  const exported: Export[] = [];
  const imports: Import[] = [];
  const body = script
    .replace(/^import \* as (\w+) from "([^"]+)";$/gm, (_, local, specifier) => {
      imports.push({ local, name: "*", from: moduleOf(specifier) });
      return "";
    })
    .replace(/^import \{([^}]*)\} from "([^"]+)";$/gm, (_, list, specifier) => {
      const from = moduleOf(specifier);
      for (const [name, local] of listed(list)) imports.push({ local, name, from });
      return "";
    })
    .replace(/^export \* from "([^"]+)";$/gm, (_, specifier) => {
      const from = moduleOf(specifier);
      for (const { name } of from.exported) {
        imports.push({ local: name, name, from });
        exported.push({ name, local: name });
      }
      return "";
    })
    .replace(/^export \{([^}]*)\} from "([^"]+)";$/gm, (_, list, specifier) => {
      const from = moduleOf(specifier);
      for (const [name, as] of listed(list)) {
        imports.push({ local: as, name, from });
        exported.push({ name: as, local: as });
      }
      return "";
    })
    .replace(/^export \{([^}]*)\};$/gm, (_, list) => {
      for (const [local, name] of listed(list)) exported.push({ name, local });
      return "";
    })
    .replace(/^export ((?:async )?function\*?|class|const) (\w+)/gm, (_, kind, name) => {
      exported.push({ name, local: name });
      return `${kind} ${name}`;
    });
  const left = /^(?:import|export)\b.*/m.exec(body);
  if (left) throw new TypeError(`${path} cannot be bundled: ${left[0]}`);
  return { body, imports, exported, common: new Map(), object: "" };
}

/** The names in `a, b as c`, each with the name that is used for it. */
function listed(list: string): [name: string, as: string][] {
  return list.split(",").map((each) => each.trim()).filter((each) => each !== "").map((each) => {
    const [name, as] = each.split(" as ") as [string, string | undefined];
    return [name, as ?? name];
  });
}

function withoutTypes(text: string, path: string): string {
  // Named here and not imported by name: the runtime of the executables may be older, and does without it.
  const script = nodeModule.stripTypeScriptTypes(withoutComments(text), { mode: "transform" });
  if (typeof script !== "string") throw new TypeError(`${path} has no script`);
  return script;
}

/**
 * The text of a script or a style sheet without the lines that hold a comment and nothing else; every line keeps its number.
 * Comments among code stay.
 */
export function withoutComments(text: string): string {
  let isInside = false;
  const lines = text.split("\n").map((line) => {
    const trimmed = line.trim();
    if (!isInside && trimmed.startsWith("//")) return "";
    const isComment = isInside || (trimmed.startsWith("/*") && (trimmed.endsWith("*/") || !trimmed.includes("*/")));
    if (!isComment) return line;
    isInside = !trimmed.endsWith("*/");
    return "";
  });
  return lines.join("\n");
}
