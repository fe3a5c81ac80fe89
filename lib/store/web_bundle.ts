import { basename, fromFileUrl, toFileUrl } from "@std/path";
import { type Module, parseModule, withoutTypes } from "./web_module.ts";

/** A page's script, and those that it loads later, by the names of their modules. */
export interface Bundle {
  readonly script: string;
  readonly late: ReadonlyMap<string, string>;
}

/** One script out of a module in TypeScript and all that it imports, packages included; it loads nothing later. */
export function bundle(entry: string, read: (path: string) => string, scripts?: Map<string, string>): string {
  const { script, late } = bundleParts(entry, read, scripts);
  if (late.size > 0) throw new TypeError(`${entry} cannot be one script: it loads ${[...late.keys()]}`);
  return script;
}

/**
 * A script out of a module in TypeScript and all that it imports, packages included. The modules follow each other, each after
 * its imports, in one scope; a module with a name that is taken there becomes a function that gives what it exports. The types
 * are taken off by Deno itself; functions, classes and plain values that nothing in the scripts names are left out.
 *
 * A module that is loaded with `import("./name.ts")` becomes a script of its own, `name.js`, with those of its imports that the
 * page's script does not have. It imports the others from the page's script, which exports them.
 *
 * `scripts` keeps the modules without their types, for further bundles that have them.
 *
 * What cannot be bundled this way throws: a default export, `export let`, an import for its effects alone, and a module that two
 * scripts load later.
 */
export function bundleParts(
  entry: string,
  read: (path: string) => string,
  scripts: Map<string, string> = new Map(),
): Bundle {
  const known = new Map<string, Module>();
  const later = new Map<string, string>();

  /** Adds a module after those that it imports. */
  const add = (path: string, modules: Module[]): Module => {
    const before = known.get(path);
    if (before) return before;
    const base = toFileUrl(path);
    const resolved = (specifier: string) =>
      fromFileUrl(specifier.startsWith(".") ? new URL(specifier, base) : import.meta.resolve(specifier));
    let script = scripts.get(path);
    if (script === undefined) scripts.set(path, script = withoutTypes(read(path), path));
    script = script.replace(/\bimport\("(\.\/(\w+)\.ts)"\)/g, (_, specifier, name) => {
      later.set(name, resolved(specifier));
      return `import("./${name}.js")`;
    });
    const module = parseModule(script, path, (specifier) => add(resolved(specifier), modules));
    known.set(path, module);
    modules.push(module);
    return module;
  };

  const modules: Module[] = [];
  add(entry, modules);
  const parts = [...later].map(([name, path]) => {
    if (known.has(path)) throw new TypeError(`${path} is imported, and loaded later`);
    const own: Module[] = [];
    add(path, own);
    return { name, modules: own };
  });
  const shared = parts.flatMap(({ modules }) => modules);
  for (const { modules: own } of parts) {
    const foreign = own.flatMap(({ imports }) => imports).find(({ from }) =>
      !own.includes(from) && shared.includes(from)
    );
    if (foreign) throw new TypeError(`two scripts that are loaded later have ${foreign.name}`);
  }
  dropUnused([...modules, ...shared]);
  let script = textOf(modules, new Set());
  const name = basename(entry).replace(/ts$/, "js");
  const wanted = new Set<string>();
  const late = new Map<string, string>();
  for (const part of parts) {
    const common = commonNames(part.modules, modules);
    for (const each of common) wanted.add(each);
    const text = textOf(part.modules, new Set(common));
    late.set(part.name, `import { ${common.join(", ")} } from "./${name}";\n${text}${exportOf(part.modules.at(-1)!)}`);
  }
  if (wanted.size > 0) script += `export { ${[...wanted].join(", ")} };\n`;
  return { script, late };
}

function textOf(modules: readonly Module[], taken: Set<string>): string {
  return modules.map((module, i) => placed(module, `module${i}`, taken)).join("");
}

/** The names in the common scope of `others` that these modules use. */
function commonNames(modules: readonly Module[], others: readonly Module[]): string[] {
  const names = new Set<string>();
  for (const { local, name, from } of modules.flatMap(({ imports }) => imports)) {
    if (!others.includes(from)) continue;
    if (name === "*") throw new TypeError(`a script that is loaded later cannot import all as ${local}`);
    if (from.exported.some((each) => each.name === name)) names.add(from.common.get(name) ?? from.object);
  }
  return [...names];
}

/** What the last module of a script exports to the one that loads it. */
function exportOf({ exported, common }: Module): string {
  const list = exported.map(({ name }) => {
    const own = common.get(name);
    if (own === undefined) throw new TypeError(`${name} cannot be loaded later: its name is taken`);
    return own === name ? name : `${own} as ${name}`;
  });
  return `export { ${list.join(", ")} };\n`;
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
  const uses = new Map<string, number>();
  const count = (text: string, each = 1) => {
    for (const word of text.match(/\w+/g) ?? []) uses.set(word, (uses.get(word) ?? 0) + each);
  };
  for (const { body, imports, exported } of modules) {
    count(body);
    // By another name, or by all names at once.
    for (const { name, local, from } of imports) {
      if (name === "*") { for (const each of from.exported) count(each.local); }
      else if (name !== local) count(name);
    }
    for (const { name, local } of exported) if (name !== local) count(local);
  }
  for (let isDone = false; !isDone;) {
    isDone = true;
    for (const module of modules) {
      module.body = module.body.replace(DECLARATION, (text, code, value) => {
        const name: string = code ?? value;
        const own = text.split(new RegExp(`\\b${name}\\b`)).length - 1;
        if (uses.get(name) !== own) return text;
        isDone = false;
        count(text, -1);
        module.exported = module.exported.filter((each) => each.local !== name);
        return "";
      });
    }
  }
}
