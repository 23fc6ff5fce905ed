// The arithmetic of every benchmark: nearest-rank percentiles, rates, and ratios to what was measured in the same run. Surprise: a contender
// that is called once per round has few values, and its p99 is then simply the greatest of them.

/** What one contender needed: one time per call, one rate per round. */
export interface Measured {
  readonly timesMs: readonly number[];
  /** calls answered per second */
  readonly rates: readonly number[];
}

export interface BenchCase {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** median over the rounds */
  readonly perSecond: number;
}

/** Nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** value / reference in four digits */
export function quotient(value: number, reference: number): number {
  return Number((value / reference).toPrecision(4));
}

export function caseOf(name: string, { timesMs, rates }: Measured): BenchCase {
  return {
    name,
    p50Ms: Number(median(timesMs).toFixed(4)),
    p99Ms: Number(percentile(timesMs, 0.99).toFixed(4)),
    perSecond: Number(median(rates).toPrecision(4)),
  };
}

/** Calls per second of one round: with one in flight the pauses between calls (making a contender ready) do not count. */
export function rateOf(timesMs: readonly number[], elapsedMs: number, inFlight: number): number {
  const busyMs = inFlight === 1 ? timesMs.reduce((sum, ms) => sum + ms, 0) : elapsedMs;
  return (timesMs.length * 1_000) / busyMs;
}
