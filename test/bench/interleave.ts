// All contenders of a benchmark in turn, round by round, so that a machine that becomes slower meanwhile becomes slower for all of them. Each
// round begins with another contender; the round before the first warms caches and is not counted.
import { caseOf, median, percentile, quotient, rateOf, type BenchCase, type Measured } from './measure.ts';

const QUICK_CALLS = 100;
const WARM_UP_ROUNDS = 20;

export type Contender<Name extends string> = ContenderParts<Name> &
  (
    | {
        /** @param caller number of the caller, from 0. @returns milliseconds that the call took */
        call(caller: number): Promise<number>;
      }
    | {
        /** All calls of a round, made elsewhere by `inFlight` callers. */
        batch(calls: number): Promise<Batch>;
      }
  );

export interface Batch {
  readonly timesMs: readonly number[];
  readonly elapsedMs: number;
}

interface ContenderParts<Name extends string> {
  readonly name: Name;
  /** in one round of a whole run */
  readonly calls: number;
  /** callers at once; 1 unless given */
  readonly inFlight?: number;
  /** what goes on beside the calls of a round; ended after them */
  during?(): AsyncDisposable | Promise<AsyncDisposable>;
}

export interface Rounds {
  readonly rounds: number;
  /** part of the calls that are made, 0 < scale ≤ 1 */
  readonly scale: number;
  readonly signal: AbortSignal;
}

export class Measurements<Name extends string> {
  readonly #found: ReadonlyMap<Name, Measured>;

  constructor(found: ReadonlyMap<Name, Measured>) {
    this.#found = found;
  }

  get cases(): readonly BenchCase[] {
    return [...this.#found].map(([name, measured]) => caseOf(name, measured));
  }

  p50(name: Name): number {
    return median(this.#of(name).timesMs);
  }

  p99(name: Name): number {
    return percentile(this.#of(name).timesMs, 0.99);
  }

  /** calls per second */
  rate(name: Name): number {
    return median(this.#of(name).rates);
  }

  p50Ratio(name: Name, reference: Name): number {
    return quotient(this.p50(name), this.p50(reference));
  }

  p99Ratio(name: Name, reference: Name): number {
    return quotient(this.p99(name), this.p99(reference));
  }

  rateRatio(name: Name, reference: Name): number {
    return quotient(this.rate(name), this.rate(reference));
  }

  #of(name: Name): Measured {
    return this.#found.get(name) ?? { timesMs: [], rates: [] };
  }
}

export async function interleave<Name extends string>(
  contenders: readonly Contender<Name>[],
  { rounds, scale, signal }: Rounds,
): Promise<Measurements<Name>> {
  const found = new Map<Name, { timesMs: number[]; rates: number[] }>();
  for (const { name } of contenders) found.set(name, { timesMs: [], rates: [] });
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const { timesMs, rate } = await callAll(contender, round === 0 ? warmUpScale(contender, scale) : scale, signal);
      if (round === 0) continue;
      found.get(contender.name)?.timesMs.push(...timesMs);
      found.get(contender.name)?.rates.push(rate);
    }
  }
  return new Measurements(found);
}

/** Only those whose calls take so little that a round has many of them. */
function warmUpScale({ calls }: Contender<string>, scale: number): number {
  return calls < QUICK_CALLS ? scale : scale * WARM_UP_ROUNDS;
}

async function callAll(
  contender: Contender<string>,
  scale: number,
  signal: AbortSignal,
): Promise<{ readonly timesMs: readonly number[]; readonly rate: number }> {
  const { inFlight = 1 } = contender;
  await using _beside = await contender.during?.();
  const calls = Math.max(inFlight, Math.ceil(contender.calls * scale));
  signal.throwIfAborted();
  const { timesMs, elapsedMs } =
    'batch' in contender
      ? await contender.batch(calls)
      : await callFrom(inFlight, calls, (caller) => contender.call(caller), signal);
  return { timesMs, rate: rateOf(timesMs, elapsedMs, inFlight) };
}

async function callFrom(
  inFlight: number,
  calls: number,
  call: (caller: number) => Promise<number>,
  signal: AbortSignal,
): Promise<Batch> {
  const timesMs: number[] = [];
  let left = calls;
  const startedMs = performance.now();
  const callOn = async (caller: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      signal.throwIfAborted();
      timesMs.push(await call(caller));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, caller) => callOn(caller)));
  return { timesMs, elapsedMs: performance.now() - startedMs };
}
