// The arithmetic behind every published figure.
import { describe, expect, it } from 'vitest';
import { AnsweredLines } from '../../bench/answered-lines.ts';
import { isMet } from '../../bench/bench-document.ts';
import { interleave, type Contender } from '../../bench/interleave.ts';
import { caseOf, median, percentile, quotient, rateOf } from '../../bench/measure.ts';

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index);
const { signal } = new AbortController();

describe('percentiles', () => {
  it.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('takes the value of rank %d × 100 of a hundred in any order', (share, value) => {
    expect(percentile(HUNDRED, share)).toBe(value);
  });

  it('takes a value that was measured, never one between two', () => {
    expect(median([4, 1])).toBe(1);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('is no number where nothing was measured', () => {
    expect(median([])).toBeNaN();
  });

  it('leaves what it was given in its order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('rates and ratios', () => {
  it('counts only the calls where one is in flight, and the whole time where several are', () => {
    expect(rateOf([10, 10], 1_000, 1)).toBe(100);
    expect(rateOf([10, 10], 1_000, 2)).toBe(2);
  });

  it('rounds to what means something', () => {
    expect(quotient(1, 3)).toBe(0.3333);
    const shown = caseOf('one', { timesMs: [0.123456], rates: [12_345.6] });
    expect(shown).toEqual({ name: 'one', p50Ms: 0.1235, p99Ms: 0.1235, perSecond: 12_350 });
  });

  it('meets a goal at its bound', () => {
    const goal = { ratio: 'any', bound: 2, says: '' } as const;
    expect(isMet({ ...goal, sense: 'at most' }, 2)).toBe(true);
    expect(isMet({ ...goal, sense: 'at most' }, 2.1)).toBe(false);
    expect(isMet({ ...goal, sense: 'at least' }, 2)).toBe(true);
    expect(isMet({ ...goal, sense: 'at least' }, 1.9)).toBe(false);
  });
});

describe('interleaving', () => {
  function contender(name: string, calls: number, order: string[], inFlight = 1): Contender<string> {
    return {
      name,
      calls,
      inFlight,
      call: (caller) => {
        order.push(`${name}${String(caller)}`);
        return Promise.resolve(1);
      },
    };
  }

  it('calls each in every round, begins with another one each time, and does not count the first round', async () => {
    const order: string[] = [];
    const found = await interleave([contender('a', 1, order), contender('b', 2, order)], {
      ...{ rounds: 2, scale: 1 },
      signal,
    });
    expect(order.join(' ')).toBe('a0 b0 b0 b0 b0 a0 a0 b0 b0');
    expect(found.cases.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(found.rateRatio('a', 'b')).toBe(1);
    expect(found.p50Ratio('a', 'b')).toBe(1);
    expect(found.p99('a')).toBe(1);
  });

  it('makes as many calls as the scale says, but one per caller at least', async () => {
    const order: string[] = [];
    await interleave([contender('a', 50, order), contender('b', 50, order, 3)], { rounds: 1, scale: 0.02, signal });
    expect(order.join(' ')).toBe('a0 b0 b1 b2 b0 b1 b2 a0');
  });

  it('makes twenty times as many calls before the first round of those that are quick, and counts none of them', async () => {
    const order: string[] = [];
    const quick = contender('a', 100, order);
    const found = await interleave([quick, contender('b', 50, order)], { rounds: 1, scale: 0.02, signal });
    expect(order.filter((call) => call === 'a0')).toHaveLength(40 + 2);
    expect(order.filter((call) => call === 'b0')).toHaveLength(1 + 1);
    expect(found.rate('a')).toBeGreaterThan(0);
  });

  it('ends what goes on beside the calls after them', async () => {
    const order: string[] = [];
    const during = (): AsyncDisposable => {
      order.push('(');
      return {
        [Symbol.asyncDispose]: () => {
          order.push(')');
          return Promise.resolve();
        },
      };
    };
    await interleave([{ ...contender('a', 1, order), during }], { rounds: 1, scale: 1, signal });
    expect(order.join(' ')).toBe('( a0 ) ( a0 )');
  });

  it('stops between two calls when it is told to', async () => {
    const stop = new AbortController();
    const call = (): Promise<number> => {
      stop.abort(new Error('told'));
      return Promise.resolve(1);
    };
    const running = interleave([{ name: 'a', calls: 5, call }], { rounds: 1, scale: 1, signal: stop.signal });
    await expect(running).rejects.toThrow('told');
  });
});

describe('lines of the bare references', () => {
  it('gives each answer to the oldest question, however the bytes are cut', async () => {
    const written: string[] = [];
    const lines = new AnsweredLines((line) => written.push(String(line)));
    const settled: string[] = [];
    const first = lines.call({ n: 1 }).then(() => settled.push('first'));
    const second = lines.call({ n: 2 }).then(() => settled.push('second'));
    lines.take(Buffer.from('{"an":'));
    lines.take(Buffer.from(' 1}\n{"another": 2}\n'));
    await Promise.all([first, second]);
    expect(settled).toEqual(['first', 'second']);
    expect(written).toEqual(['{"n":1}\n', '{"n":2}\n']);
  });

  it('takes no answer that is not JSON, unless only the way there and back is asked for', async () => {
    const lines = new AnsweredLines(() => undefined);
    const called = lines.call({});
    const echoed = lines.echo(Buffer.from('words\n'));
    lines.take(Buffer.from('words\nwords\n'));
    await expect(called).rejects.toThrow(SyntaxError);
    expect(await echoed).toBeGreaterThanOrEqual(0);
  });

  it('refuses what waits and what comes once the other side is gone', async () => {
    const lines = new AnsweredLines(() => undefined);
    const waiting = lines.call({});
    lines.fail(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(lines.call({})).rejects.toThrow('gone');
  });
});
