// Whose run is next: priorities first, then turns of pipelines, then age.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairOrder, type QueuedRun } from '../../../src/core/fair-order.ts';

function queued(id: number, pipeline: string, priority = 0): QueuedRun {
  return { id: String(id).padStart(4, '0'), pipeline, priority };
}

const RUNS = fc.uniqueArray(
  fc.record({ id: fc.nat(500), pipeline: fc.constantFrom('a', 'b', 'c'), priority: fc.integer({ min: -1, max: 1 }) }),
  { selector: ({ id }) => id, maxLength: 40 },
);

describe('the order of claims', () => {
  test('gives each pipeline its turn, also when one run is taken at a time', () => {
    const order = new FairOrder();
    const left = [
      ...Array.from({ length: 20 }, (_, id) => queued(id, 'busy')),
      queued(100, 'calm'),
      queued(101, 'calm'),
    ];
    const turns: string[] = [];
    while (turns.length < 4) {
      const [next] = order.pick(left, 1);
      if (next === undefined) break;
      turns.push(next.pipeline);
      left.splice(left.indexOf(next), 1);
    }
    expect(turns).toEqual(['busy', 'calm', 'busy', 'calm']);
  });

  test('takes the highest priority, and of one pipeline the oldest, whatever is queued', () => {
    fc.assert(
      fc.property(RUNS, fc.nat(20), (drawn, limit) => {
        const runs = drawn.map(({ id, pipeline, priority }) => queued(id, pipeline, priority));
        const picked = new FairOrder().pick(runs, limit);
        expect(picked).toHaveLength(Math.min(limit, runs.length));
        const left = runs.filter((run) => !picked.includes(run));
        for (const one of picked) {
          expect(left.every(({ priority }) => priority <= one.priority)).toBe(true);
          const rivals = left.filter(
            ({ pipeline, priority }) => pipeline === one.pipeline && priority === one.priority,
          );
          expect(rivals.every(({ id }) => id > one.id)).toBe(true);
        }
      }),
    );
  });
});
