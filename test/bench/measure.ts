// Numbers of a benchmark: medians, p99 and the ratio to a reference that was measured in the same run, its rounds between the others'.

export interface Series {
  readonly name: string;
  readonly unit: 'ms';
  readonly rounds: number;
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** Nearest-rank percentiles; with few rounds p99 is the greatest value. */
export function seriesOf(name: string, values: readonly number[]): Series {
  const sorted = [...values].sort((left, right) => left - right);
  const rank = (share: number): number =>
    round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  return { name, unit: 'ms', rounds: sorted.length, median: rank(0.5), p99: rank(0.99), min: rank(0), max: rank(1) };
}

/** median / reference median, four digits. */
export function ratioOf(series: Series, reference: Series): number {
  return Number((series.median / reference.median).toPrecision(4));
}

function round(ms: number): number {
  return Number(ms.toFixed(3));
}
