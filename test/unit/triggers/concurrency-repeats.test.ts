// One request that comes twice at once, to a pipeline with a bound: neither of the two may find the other one's place in its way.
import { describe, expect, test } from 'vitest';
import { WHEN_FULL } from '../../../src/core/pipeline.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

describe('requests that come at once under one idempotency key', () => {
  test.each(WHEN_FULL)('are all given the same run, which is run (whenFull: %s)', async (whenFull) => {
    const concurrency = { max: 1, key: null, whenFull };
    const world = new RunWorld({ pipelines: [makePipeline({ concurrency })], versions: [makePlugin('steady')] });
    world.invoker.on('steady', () => ({ data: {} }));
    await world.runs.start();
    const asked = { pipeline: 'default', trigger: 'api', params: {}, data: {}, idempotencyKey: 'once' } as const;
    const other = { ...asked, data: { other: true } };
    const [first, ...rest] = await Promise.allSettled(
      [asked, asked, other, asked].map((request) => world.runs.startRun(request)),
    );
    if (first?.status !== 'fulfilled') throw new Error('the first was refused');
    const { id } = first.value.run;
    expect(rest).toMatchObject([
      { value: { run: { id }, isRepeat: true } },
      { reason: { code: 'IDEMPOTENCY_CONFLICT' } },
      { value: { run: { id }, isRepeat: true } },
    ]);
    expect((await world.settle(id)).state).toBe('succeeded');
    expect(await world.store.places.listHeld(null, 100, patient())).toEqual([]);
    await world.close();
  });
});
