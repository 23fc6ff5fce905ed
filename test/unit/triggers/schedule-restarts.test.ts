// Any order of starts, kills at any call, stops, pauses of time and several processes at once: no tick has two runs, and what the policy says
// is fired. The kills leave a process wherever it stood; its last call may have happened or not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScheduleSpec } from '../../../src/core/pipeline-trigger.ts';
import { CATCH_UP_MAX } from '../../../src/triggers/plan-ticks.ts';
import { makeSchedule, ScheduleWorld, type ScheduleProcess } from '../../support/triggers/schedule-world.ts';

const STEP_MS = 10_000;
/** After the taking of a tick by a process that died, another one takes it over within this time. */
const SETTLED_MS = 120_000;

type Act =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' | 'kill'; readonly which: number }
  | { readonly kind: 'killAfter'; readonly which: number; readonly calls: number }
  | { readonly kind: 'pass'; readonly steps: number };

const which = fc.nat({ max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constant({ kind: 'start' } as const),
  fc.record({ kind: fc.constantFrom('stop', 'kill'), which }),
  fc.record({ kind: fc.constant('killAfter'), which, calls: fc.nat({ max: 12 }) }),
  fc.record({ kind: fc.constant('pass'), steps: fc.integer({ min: 1, max: 30 }) }),
);

interface Lived {
  readonly world: ScheduleWorld;
  readonly startMs: number;
  readonly endMs: number;
}

async function live(spec: ScheduleSpec, acts: readonly Act[], isOnlyWorker: boolean): Promise<Lived> {
  const world = new ScheduleWorld([spec]);
  const startMs = world.clock.nowMs();
  const processes: ScheduleProcess[] = [];
  // The first process lives until the schedule is known: from then on ticks count.
  processes.push(world.start(isOnlyWorker));
  await world.clock.advance(1);
  for (const one of acts) {
    if (one.kind === 'pass') await world.clock.advance(one.steps * STEP_MS);
    else if (one.kind === 'start') {
      // An embedded store has one process at a time.
      if (isOnlyWorker)
        processes.splice(0).forEach((before) => {
          before.kill();
        });
      if (processes.length < 3) processes.push(world.start(isOnlyWorker));
    } else {
      const process = processes[one.which % Math.max(1, processes.length)];
      if (process === undefined) continue;
      if (one.kind === 'killAfter') process.killAfter(one.calls);
      else processes.splice(processes.indexOf(process), 1);
      if (one.kind === 'kill') process.kill();
      if (one.kind === 'stop') await process.stop();
    }
  }
  processes.splice(0).forEach((before) => {
    before.kill();
  });
  const last = world.start(isOnlyWorker);
  await world.clock.advance(SETTLED_MS);
  await last.stop();
  return { world, startMs, endMs: world.clock.nowMs() };
}

function ticksOf(world: ScheduleWorld): number[] {
  return world.started.map(({ data }) => Date.parse((data as { scheduledAt: string }).scheduledAt));
}

function minutes(fromMs: number, toMs: number): number[] {
  const found: number[] = [];
  for (let at = Math.floor(fromMs / 60_000) * 60_000 + 60_000; at <= toMs; at += 60_000) found.push(at);
  return found;
}

describe('a schedule through any order of starts and kills', () => {
  it.each([true, false])('fires each tick exactly once with all (one process at a time: %s)', async (isOnlyWorker) => {
    const property = fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
      const spec = makeSchedule({ catchUp: 'all', overlap: 'queue' });
      const { world, startMs, endMs } = await live(spec, acts, isOnlyWorker);
      const fired = ticksOf(world);
      const expected = minutes(startMs, endMs);
      if (expected.length <= CATCH_UP_MAX) expect(fired).toEqual(expected);
      expect(new Set(fired).size).toBe(fired.length);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it.each(['latest', 'none'] as const)('fires no tick twice and the newest at the end with %s', async (catchUp) => {
    const property = fc.asyncProperty(fc.array(act, { maxLength: 14 }), fc.boolean(), async (acts, isOnlyWorker) => {
      const { world, startMs, endMs } = await live(makeSchedule({ catchUp }), acts, isOnlyWorker);
      const fired = ticksOf(world);
      expect(fired).toEqual([...new Set(fired)].sort((a, b) => a - b));
      expect(minutes(startMs, endMs)).toEqual(expect.arrayContaining(fired));
      expect(fired.at(-1)).toBe(minutes(startMs, endMs).at(-1));
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
