// Proves which ticks are fired after a time in which nobody looked, against a plain walk over the calendar.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import type { TickTimes } from '../../../src/core/ports/cron.ts';
import { CATCH_UP_MAX, MISSED_MAX, newestTick, planTicks } from '../../../src/triggers/plan-ticks.ts';

const cron = new CronerTimes();
const minutely = cron.read('* * * * *', 'UTC');
const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`);

function walk(times: TickTimes, firstMs: number, untilMs: number): number[] {
  const found: number[] = [];
  for (let tick: number | null = firstMs; tick !== null && tick <= untilMs; tick = times.next(tick)) found.push(tick);
  return found;
}

describe('the newest tick', () => {
  it('is the last of a plain walk, whatever the cron, the zone and the span', () => {
    const crons = fc.constantFrom(
      '* * * * *',
      '*/7 * * * * *',
      '30 2 * * *',
      '*/20 2,3 * * *',
      '15 10 29 * 1',
      '0 0 1 1 *',
    );
    const zones = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe');
    const spans = fc.integer({ min: 0, max: 4 * 86_400 });
    const starts = fc.constantFrom(Date.parse('2026-03-28T00:00:00Z'), Date.parse('2026-10-24T12:00:00Z'));
    fc.assert(
      fc.property(crons, zones, starts, spans, (text, zone, start, seconds) => {
        const times = cron.read(text, zone);
        const first = times.next(start);
        if (first === null) return;
        const until = first + Math.min(seconds, text.startsWith('*/7') ? 7_000 : seconds) * 1000;
        expect(newestTick(times, first, until)).toBe(walk(times, first, until).at(-1));
      }),
      { numRuns: 60 },
    );
  });
});

describe('after a time in which nobody looked', () => {
  it('none gives up what is older than a minute, and fires what is not', () => {
    expect(planTicks(minutely, 'none', at('10:00:00'), at('10:00:30'))).toEqual({
      fireAtMs: at('10:00:00'),
      missed: 0,
      decidedAtMs: at('10:00:00'),
      nextAtMs: at('10:01:00'),
    });
    const hourly = cron.read('0 * * * *', 'UTC');
    expect(planTicks(hourly, 'none', at('08:00:00'), at('10:05:00'))).toEqual({
      fireAtMs: null,
      missed: 3,
      decidedAtMs: at('10:00:00'),
      nextAtMs: at('11:00:00'),
    });
  });

  it('latest fires the newest, however late', () => {
    expect(planTicks(minutely, 'latest', at('10:00:00'), at('10:05:30'))).toEqual({
      fireAtMs: at('10:05:00'),
      missed: 5,
      decidedAtMs: at('10:05:00'),
      nextAtMs: at('10:06:00'),
    });
  });

  it('all fires them one after the other', () => {
    expect(planTicks(minutely, 'all', at('10:00:00'), at('10:05:30'))).toEqual({
      fireAtMs: at('10:00:00'),
      missed: 0,
      decidedAtMs: at('10:00:00'),
      nextAtMs: at('10:01:00'),
    });
  });

  it('all fires the newest hundred when there are more', () => {
    const now = at('10:05:30');
    const plan = planTicks(minutely, 'all', at('07:00:00'), now);
    expect(walk(minutely, plan.fireAtMs ?? 0, now)).toHaveLength(CATCH_UP_MAX);
    expect(plan.missed).toBe(walk(minutely, at('07:00:00'), now).length - CATCH_UP_MAX);
  });

  it('counts what is given up no further than it is bound to', () => {
    const secondly = cron.read('* * * * * *', 'UTC');
    const plan = planTicks(secondly, 'latest', at('00:00:00'), at('00:00:00') + 30 * 86_400_000);
    expect(plan).toMatchObject({ fireAtMs: at('00:00:00') + 30 * 86_400_000, missed: MISSED_MAX });
  });
});
