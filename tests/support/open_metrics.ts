/** One sample line. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric family. */
export interface ReadFamily {
  readonly type: string;
  unit?: string;
  help?: string;
  readonly samples: ReadSample[];
}

const SUFFIXES: Record<string, readonly string[]> = {
  gauge: [""],
  counter: ["_total"],
  info: ["_info"],
  histogram: ["_bucket", "_sum", "_count"],
};
const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\\+Inf|-Inf|NaN)$`,
);

/** Parses the part of OpenMetrics 1.0 that the server writes; throws on any violation. */
export function parseOpenMetrics(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("\n# EOF\n")) throw new Error("expected # EOF and nothing after it");
  const families = new Map<string, ReadFamily>();
  let current: { name: string; family: ReadFamily } | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, word, name, rest] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line) ?? [];
    if (word === "TYPE") {
      if (families.has(name!)) throw new Error(`${name} comes a second time`);
      if (!SUFFIXES[rest!]) throw new Error(`${name}: no such type: ${rest}`);
      current = { name: name!, family: { type: rest!, samples: [] } };
      families.set(name!, current.family);
    } else if (!current) throw new Error(`nothing is begun: ${line}`);
    else if (word !== undefined) {
      if (name !== current.name || current.family.samples.length > 0) throw new Error(`not in its place: ${line}`);
      if (word === "UNIT" && !name.endsWith(`_${rest}`)) throw new Error(`not the unit of ${name}: ${rest}`);
      current.family[word === "UNIT" ? "unit" : "help"] = unescaped(rest!);
    } else current.family.samples.push(sample(line, current.name, current.family));
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

function sample(line: string, family: string, { type, samples }: ReadFamily): ReadSample {
  const [, name, pairs] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${JSON.stringify(line)}`);
  if (!SUFFIXES[type]!.some((suffix) => name === family + suffix)) {
    throw new Error(`${name} is no ${type} of ${family}`);
  }
  const labels: Record<string, string> = {};
  for (const [, label, value] of (pairs ?? "").matchAll(new RegExp(LABEL, "g"))) {
    if (label! in labels) throw new Error(`${label} stands twice in ${line}`);
    labels[label!] = unescaped(value!);
  }
  if (samples.some((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))) {
    throw new Error(`a second time: ${line}`);
  }
  return { name, labels, value: Number(line.slice(line.lastIndexOf(" ") + 1).replace("Inf", "Infinity")) };
}

function check(name: string, { type, samples }: ReadFamily): void {
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below zero`);
  if (type !== "histogram") return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name} has no sum`);
  if (buckets.at(-1)?.labels.le !== "+Inf") throw new Error(`${name} has no class for the rest`);
  if (buckets.at(-1)!.value !== count) throw new Error(`${name}: its count is not that of all`);
  for (const [i, { labels, value }] of buckets.entries()) {
    const { le } = labels;
    if (le !== "+Inf" && !/^[0-9]+\.[0-9]+$/.test(le ?? "")) throw new Error(`${name}: ${le} is no canonical bound`);
    const before = buckets[i - 1];
    if (before && !(before.value <= value)) throw new Error(`${name} shrinks`);
    if (before && le !== "+Inf" && !(Number(before.labels.le) < Number(le))) throw new Error(`${name} is not in order`);
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, letter) => letter === "n" ? "\n" : letter);
}
