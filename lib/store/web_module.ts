import nodeModule from "node:module";

/** A module of a page's script. */
export interface Module {
  /** What it runs, without its imports and the word `export`. */
  body: string;
  readonly imports: readonly Import[];
  /** What others import: the name that they know it by, and its own. */
  exported: Export[];
  /** The names in the common scope, once it has its place; without one, an export is a property of `object`. */
  readonly common: Map<string, string>;
  object: string;
}

export interface Import {
  readonly local: string;
  /** The name at its module; "*" for all of them. */
  readonly name: string;
  readonly from: Module;
}

export interface Export {
  readonly name: string;
  readonly local: string;
}

/** Reads the imports and exports of a module without types; `moduleOf` gives those that it imports. */
export function parseModule(script: string, path: string, moduleOf: (specifier: string) => Module): Module {
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

/** The script in a module in TypeScript. */
export function withoutTypes(text: string, path: string): string {
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
