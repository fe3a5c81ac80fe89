/** The result of one server in one row. */
export interface Figure {
  readonly value: number;
  /** Processor time divided by elapsed time: 1 is one core. */
  readonly serverCpu?: number;
  readonly loadCpu?: number;
  /** Whether the load generator was saturated and the server was not. */
  readonly loadLimited?: boolean;
}

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly unit: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** Our figure divided by that of `ratioTo` in the same run. */
  readonly ratio?: number;
  readonly ratioTo?: string;
  readonly target?: string;
  readonly reached?: boolean;
  readonly notes: readonly string[];
}

/** A row's target; `than` names a server of the same run, without it the value itself is compared. */
export interface Target {
  /** The figure that is compared; "ours" by default. */
  readonly own?: string;
  readonly than?: string;
  readonly atLeast?: number;
  readonly below?: number;
}

/** Builds a row from figures: the ratio, whether the target is reached, and which load generator was saturated. */
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
