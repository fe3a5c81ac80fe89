/** One value, and the labels that distinguish it from others of the same name. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric: its name, its meaning and its values. */
export type Family =
  & {
    /** The name without the `_total` of a counter; it ends with its unit, if it has one. */
    readonly name: string;
    readonly help: string;
    readonly unit?: string;
  }
  & (
    | { readonly type: "gauge" | "counter"; readonly samples: readonly Sample[] }
    /** Has no value, only labels. */
    | { readonly type: "info"; readonly labels: Readonly<Record<string, string>> }
    /** `counts` has one bucket more than there are bounds. */
    | {
      readonly type: "histogram";
      readonly bounds: readonly number[];
      readonly counts: ArrayLike<number>;
      readonly sum: number;
    }
  );

/** The content type of the OpenMetrics format. */
export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Encodes metrics in the text format of OpenMetrics 1.0. */
export function openMetrics(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const family of families) {
    const { name, type, unit, help } = family;
    lines.push(`# TYPE ${name} ${type}`);
    if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
    lines.push(`# HELP ${name} ${escaped(help)}`, ...samples(family));
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

function samples(family: Family): string[] {
  const { name } = family;
  if (family.type === "info") return [`${name}_info${labelled(family.labels)} 1`];
  if (family.type === "histogram") return histogram(family);
  const suffix = family.type === "counter" ? "_total" : "";
  return family.samples.map(({ value, labels }) => `${name}${suffix}${labelled(labels)} ${shown(value)}`);
}

/** Buckets are cumulative. */
function histogram({ name, bounds, counts, sum }: Extract<Family, { type: "histogram" }>): string[] {
  let count = 0;
  const lines = [...bounds, Infinity].map((bound, i) => {
    count += counts[i]!;
    return `${name}_bucket${labelled({ le: bound === Infinity ? "+Inf" : decimal(bound) })} ${count}`;
  });
  return [...lines, `${name}_sum ${shown(sum)}`, `${name}_count ${count}`];
}

function labelled(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function shown(value: number): string {
  return Number.isNaN(value) ? "NaN" : String(value).replace("Infinity", "Inf");
}

/** Bounds are written as floating point numbers, as the format wants it. */
function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
