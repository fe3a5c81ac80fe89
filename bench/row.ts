/** What one server reached in one row. */
export interface Figure {
  readonly value: number;
  /** Processor time over the time of the measurement: 1 is one core. */
  readonly serverCpu?: number;
  readonly loadCpu?: number;
  /** Whether the load generator had no time left while the server had. */
  readonly loadLimited?: boolean;
}

/** One line of the table: what was measured, for whom, and what it is held against. */
export interface Row {
  readonly title: string;
  readonly unit: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** Ours against another of the same run: how many times as much, or whichever way the target says. */
  readonly ratio?: number;
  readonly ratioTo?: string;
  readonly target?: string;
  readonly reached?: boolean;
  readonly notes: readonly string[];
}

/** What a row is held against; `than` names a server of the same run, without it the value itself is compared. */
export interface Target {
  /** Whose figure is held against it; "ours" unless said. */
  readonly own?: string;
  readonly than?: string;
  readonly atLeast?: number;
  readonly below?: number;
}

/** Makes the row of some figures: works out the ratio and whether the target is reached, and says who was the limit. */
export function row(
  title: string,
  unit: string,
  figures: Record<string, Figure>,
  target: Target = {},
  notes: string[] = [],
): Row {
  const own = figures[target.own ?? "ours"]?.value;
  const other = target.than === undefined ? undefined : figures[target.than]?.value;
  const ratio = own !== undefined && other ? own / other : undefined;
  const compared = target.than === undefined ? own : ratio;
  const { atLeast, below } = target;
  const limited = Object.keys(figures).filter((name) => figures[name]!.loadLimited);
  return {
    title,
    unit,
    figures,
    ...(ratio === undefined ? {} : { ratio, ratioTo: target.than! }),
    ...(atLeast === undefined && below === undefined ? {} : { target: targetText(target, unit) }),
    ...(compared === undefined || (atLeast ?? below) === undefined
      ? {}
      : { reached: atLeast === undefined ? compared < below! : compared >= atLeast }),
    notes: limited.length > 0 ? [...notes, `generator limited: ${limited.join(", ")}`] : notes,
  };
}

function targetText({ than, atLeast, below }: Target, unit: string): string {
  const number = atLeast === undefined ? `< ${below}` : `>= ${atLeast}`;
  return than === undefined ? `${number} ${unit}` : `${number} x ${than}`;
}
