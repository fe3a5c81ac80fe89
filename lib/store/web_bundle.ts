import nodeModule from "node:module";
import { fromFileUrl, toFileUrl } from "@std/path";

/**
 * One script out of a module in TypeScript and all that it imports, packages included. Each module becomes a function that runs
 * once, in the order of their imports, and gives what the module exports. The types are taken off by Deno itself; functions and
 * classes that nothing in the script names are left out.
 *
 * What cannot be bundled this way throws: a default export, `export let`, and an import for its effects alone.
 */
export function bundle(entry: string, read: (path: string) => string): string {
  const names = new Map<string, string>();
  const modules: { readonly name: string; readonly module: Module }[] = [];

  /** Adds a module after those that it imports; the name of what it exports. */
  const add = (path: string): string => {
    const known = names.get(path);
    if (known !== undefined) return known;
    const base = toFileUrl(path);
    const resolved = (specifier: string) =>
      fromFileUrl(specifier.startsWith(".") ? new URL(specifier, base) : import.meta.resolve(specifier));
    const module = parseModule(withoutTypes(read(path), path), path, (specifier) => add(resolved(specifier)));
    const name = `module${names.size}`;
    names.set(path, name);
    modules.push({ name, module });
    return name;
  };

  add(entry);
  dropUnused(modules.map(({ module }) => module));
  return modules.map(({ name, module }) => `const ${name} = (() => {\n${moduleText(module)}\n})();\n`).join("");
}

interface Module {
  /** What it runs, with its imports taken from other modules. */
  body: string;
  /** `name`, `name: local` or `...module` each. */
  exported: string[];
}

function moduleText({ body, exported }: Module): string {
  // Without indentation it is a sixteenth smaller on the wire.
  return `${body}\nreturn { ${exported.join(", ")} };`.replace(/\n\s+/g, "\n");
}

/** Removes every function and class whose name stands nowhere but in its own text and in its module's list of exports. */
function dropUnused(modules: readonly Module[]): void {
  for (let isDone = false; !isDone;) {
    isDone = true;
    const uses = new Map<string, number>();
    for (const { body, exported } of modules) count(`${body}\n${exported.filter((each) => !/^\w+$/.test(each))}`, uses);
    for (const module of modules) {
      module.body = module.body.replace(
        /^(?:(?:async )?function\*?|class) (\w+)\b.*\{\n(?:(?:[ \t].*)?\n)*\}$/gm,
        (text, name) => {
          if (uses.get(name) !== count(text).get(name)) return text;
          isDone = false;
          module.exported = module.exported.filter((each) => each !== name);
          return "";
        },
      );
    }
  }
}

/** How often each word stands in a text. */
function count(text: string, counts = new Map<string, number>()): Map<string, number> {
  for (const [word] of text.matchAll(/\w+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function parseModule(script: string, path: string, moduleOf: (specifier: string) => string): Module {
  const exported: string[] = [];
  const body = script
    .replace(
      /^import \* as (\w+) from "([^"]+)";$/gm,
      (_, name, specifier) => `const ${name} = ${moduleOf(specifier)};`,
    )
    .replace(
      /^import \{([^}]*)\} from "([^"]+)";$/gm,
      (_, list, specifier) => `const {${list.replace(/ as /g, ": ")}} = ${moduleOf(specifier)};`,
    )
    .replace(/^export \* from "([^"]+)";$/gm, (_, specifier) => {
      exported.push(`...${moduleOf(specifier)}`);
      return "";
    })
    .replace(/^export \{([^}]*)\} from "([^"]+)";$/gm, (_, list, specifier) => {
      const from = moduleOf(specifier);
      for (const [name, as] of listed(list)) exported.push(`${as}: ${from}.${name}`);
      return "";
    })
    .replace(/^export \{([^}]*)\};$/gm, (_, list) => {
      for (const [name, as] of listed(list)) exported.push(name === as ? name : `${as}: ${name}`);
      return "";
    })
    .replace(/^export ((?:async )?function\*?|class|const) (\w+)/gm, (_, kind, name) => {
      exported.push(name);
      return `${kind} ${name}`;
    });
  const left = /^(?:import|export)\b.*/m.exec(body);
  if (left) throw new TypeError(`${path} cannot be bundled: ${left[0]}`);
  return { body, exported };
}

/** The names in `a, b as c`, each with the name that others know it by. */
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
